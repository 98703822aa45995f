#!/bin/sh
# Runs typescript_client.mjs against a binary, over stdio and over HTTP, with the npm packages in a directory of their own.
# Usage: tests/interop/typescript_client.sh [HUSHKEY]     (target/debug/hushkey when absent)
# Where the packages can't be installed this is skipped, loudly; with CI=true that is a failure.
set -eu
cd "$(dirname "$0")/../.."
script=$(realpath tests/interop/typescript_client.mjs)
served=$(realpath tests/interop/served.py)
hushkey=$(realpath "${1:-target/debug/hushkey}")
packages=${CARGO_TARGET_DIR:-target}/interop/typescript

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ]
    exit
}

command -v npm >/dev/null || skip "there is no npm"
mkdir -p "$packages"
npm install --silent --no-audit --no-fund --prefix "$packages" \
    '@modelcontextprotocol/client@2.4.0' '@modelcontextprotocol/sdk@1.32.2' ||
    skip "the packages can't be installed"
cd "$packages"
node "$script" "$hushkey"
command -v python3 >/dev/null || skip "there is no python3 to serve with"
exec python3 "$served" "$hushkey" node "$script"
