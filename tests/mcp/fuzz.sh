#!/bin/sh
# Throws a million mangled messages at the server, half over a pipe and half over HTTP, in an optimised build.
# Usage: tests/mcp/fuzz.sh [MESSAGES]
set -eu
cd "$(dirname "$0")/../.."
HUSHKEY_FUZZ_MESSAGES=$((${1:-1000000} / 2)) exec cargo test --release --locked --test mcp fuzz:: -- --nocapture
