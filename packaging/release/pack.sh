#!/bin/sh
# Packs a built binary for a release: an archive with licences and completions, and an MCP bundle.
# Usage: packaging/release/pack.sh BINARY PLATFORM NAME OUT_DIRECTORY     (PLATFORM: linux or darwin; NAME: linux-x86_64)
# The binary has to run here, since it prints its own completions; `mcpb` has to be on the PATH.
set -eu
root=$(realpath "$(dirname "$0")/../..")
[ $# = 4 ] || {
    sed -n '2,4s/^# //p' "$0" >&2
    exit 2
}
binary=$(realpath "$1") platform=$2 name=$3
mkdir -p "$4"
out=$(realpath "$4")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
packed="$work/hushkey-$name"
mkdir -p "$packed/completions"
install -m 0755 "$binary" "$packed/hushkey"
cp "$root"/README.md "$root"/SECURITY.md "$root"/CHANGELOG.md "$root"/LICENSE "$root"/LICENSE-* "$packed/"
for shell in bash fish zsh; do
    "$binary" completions "$shell" >"$packed/completions/hushkey.$shell"
done
tar -C "$work" -czf "$out/hushkey-$name.tar.gz" "hushkey-$name"
"$root/packaging/mcpb/build.sh" "$binary" "$platform" "$out/hushkey-$name.mcpb"
