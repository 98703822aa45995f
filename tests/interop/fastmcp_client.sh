#!/bin/sh
# Runs fastmcp_client.py against a binary, over stdio and over HTTP, with the Python package `fastmcp` in an environment of its own.
# Usage: tests/interop/fastmcp_client.sh [HUSHKEY]     (target/debug/hushkey when absent)
# Where the package can't be installed this is skipped, loudly; with CI=true that is a failure.
set -eu
cd "$(dirname "$0")/../.."
hushkey=$(realpath "${1:-target/debug/hushkey}")
environment=${CARGO_TARGET_DIR:-target}/interop/fastmcp

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ]
    exit
}

command -v python3 >/dev/null || skip "there is no python3"
[ -x "$environment/bin/python" ] || python3 -m venv "$environment" || skip "python3 can't make an environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check 'fastmcp==4.1.2' ||
    skip "the package fastmcp can't be installed"
"$environment/bin/python" tests/interop/fastmcp_client.py "$hushkey"
exec "$environment/bin/python" tests/interop/served.py "$hushkey" "$environment/bin/python" tests/interop/fastmcp_client.py
