#!/bin/sh
# Puts a binary of hushkey into an MCP bundle (.mcpb), which Claude Desktop and others install by a click.
# Usage: packaging/mcpb/build.sh BINARY PLATFORM OUT_FILE     (PLATFORM: linux or darwin)
# Needs python3, and `mcpb` of npm's @anthropic-ai/mcpb on the PATH, which checks the manifest too. The same files give the same
# bundle's content; a bundle is for one platform, since it holds one binary.
set -eu
here=$(dirname "$(realpath "$0")")
[ $# = 3 ] || {
    sed -n '2,4s/^# //p' "$0" >&2
    exit 2
}
binary=$(realpath "$1") platform=$2 out=$(realpath "$(dirname "$3")")/$(basename "$3")
case $platform in
linux | darwin) ;;
*)
    echo "there are bundles for linux and for darwin, not for $platform" >&2
    exit 2
    ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/server"
install -m 0755 "$binary" "$work/server/hushkey"
cp "$here"/../../LICENSE "$here"/../../LICENSE-MIT "$here"/../../LICENSE-APACHE "$work/"
python3 - "$here/manifest.json" "$work/manifest.json" "$platform" <<'PYTHON'
import json
import sys

source, target, platform = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    manifest = json.load(file)
manifest["compatibility"]["platforms"] = [platform]
with open(target, "w", encoding="utf-8") as file:
    json.dump(manifest, file, indent=2, ensure_ascii=False)
    file.write("\n")
PYTHON
mcpb validate "$work/manifest.json"
mcpb pack "$work" "$out"
