#!/bin/sh
# Builds an MCP bundle, has npm's @anthropic-ai/mcpb check, pack, describe and unpack it, starts what comes out of it with a
# client, and makes the registry's server.json for it.
# Usage: tests/interop/bundle.sh [HUSHKEY]     (target/debug/hushkey when absent)
# Where the packages can't be installed this is skipped, loudly; with CI=true that is a failure.
set -eu
cd "$(dirname "$0")/../.."
script=$(realpath tests/interop/bundle.mjs)
check=$(realpath tests/interop/server_json.py)
packaging=$(realpath packaging)
hushkey=$(realpath "${1:-target/debug/hushkey}")
packages=$(realpath "${CARGO_TARGET_DIR:-target}")/interop/packages

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ]
    exit
}

command -v npm >/dev/null || skip "there is no npm"
command -v python3 >/dev/null || skip "there is no python3"
mkdir -p "$packages"
npm install --silent --no-audit --no-fund --prefix "$packages" \
    '@anthropic-ai/mcpb@2.1.2' '@modelcontextprotocol/sdk@1.32.2' ||
    skip "the packages can't be installed"
export PATH="$packages/node_modules/.bin:$PATH"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mcpb validate "$packaging/mcpb/manifest.json"
"$packaging/mcpb/build.sh" "$hushkey" linux "$work/hushkey-linux-x86_64.mcpb"
mcpb info "$work/hushkey-linux-x86_64.mcpb"
mcpb unpack "$work/hushkey-linux-x86_64.mcpb" "$work/unpacked"
"$hushkey" --home "$work/home" init >/dev/null
cd "$packages"
node "$script" "$work/unpacked" "$work/home"
python3 "$packaging/server_json.py" ada/hushkey "$work/hushkey-linux-x86_64.mcpb" >"$work/server.json"
python3 "$check" "$work/server.json" "$work/hushkey-linux-x86_64.mcpb"
