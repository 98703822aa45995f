#!/bin/sh
# Full turns through npm's mcp-remote, which clients without HTTP are given: they speak to it over stdio, and it speaks HTTP for
# them, with headers of both eras mixed.
# Usage: tests/interop/mcp_remote.sh [HUSHKEY]     (target/debug/hushkey when absent)
# Where the packages can't be installed this is skipped, loudly; with CI=true that is a failure.
set -eu
cd "$(dirname "$0")/../.."
script=$(realpath tests/interop/typescript_client.mjs)
served=$(realpath tests/interop/served.py)
hushkey=$(realpath "${1:-target/debug/hushkey}")
packages=${CARGO_TARGET_DIR:-target}/interop/mcp_remote

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ]
    exit
}

command -v npm >/dev/null || skip "there is no npm"
command -v python3 >/dev/null || skip "there is no python3 to serve with"
mkdir -p "$packages"
npm install --silent --no-audit --no-fund --prefix "$packages" \
    'mcp-remote@0.15.1' '@modelcontextprotocol/client@2.4.0' '@modelcontextprotocol/sdk@1.32.2' ||
    skip "the packages can't be installed"
cd "$packages"
exec python3 "$served" "$hushkey" node "$script" "$PWD/node_modules/mcp-remote/dist/proxy.js"
