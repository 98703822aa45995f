#!/bin/sh
# Holds each request and answer of the Connect client against docs/connect-openapi.yaml: prism stands between client and
# fake server. Where prism can't be installed this is skipped, loudly; with CI=true that is a failure.
# Usage: tests/interop/connect_contract.sh
set -eu
cd "$(dirname "$0")/../.."
packages=$(realpath "${CARGO_TARGET_DIR:-target}")/interop/prism

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ]
    exit
}

command -v npm >/dev/null || skip "there is no npm"
mkdir -p "$packages"
# 5.15 and later need a newer Node than most machines have.
npm install --silent --no-audit --no-fund --prefix "$packages" '@stoplight/prism-cli@5.14.2' ||
    skip "prism can't be installed"
HUSHKEY_PRISM="$packages/node_modules/.bin/prism" exec cargo test --locked --test connect -- --ignored contract::
