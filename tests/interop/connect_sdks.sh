#!/bin/sh
# Runs 1Password's own SDKs, unchanged, against hushkey's Connect API: directly, and with prism between them that holds every
# message against docs/connect-openapi.yaml.
# Usage: tests/interop/connect_sdks.sh [HUSHKEY]     (target/debug/hushkey when absent)
# What can't be installed here is skipped, loudly; with CI=true that is a failure.
set -eu
cd "$(dirname "$0")/../.."
here=$(realpath tests/interop)
hushkey=$(realpath "${1:-target/debug/hushkey}")
packages=$(realpath "${CARGO_TARGET_DIR:-target}")/interop

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ] || exit 1
}

command -v python3 >/dev/null || {
    skip "there is no python3 to serve with"
    exit
}

prism=
if command -v npm >/dev/null; then
    mkdir -p "$packages/prism" "$packages/connect"
    # 5.15 and later need a newer Node than most machines have.
    if npm install --silent --no-audit --no-fund --prefix "$packages/prism" '@stoplight/prism-cli@5.14.2'; then
        prism="$packages/prism/node_modules/.bin/prism"
    else
        skip "prism can't be installed"
    fi
else
    skip "there is no npm"
fi

# Runs a command against a server, and once more through prism.
against_a_server() {
    python3 "$here/connect_served.py" "$hushkey" "$@"
    [ -z "$prism" ] || python3 "$here/connect_served.py" --prism "$prism" "$hushkey" "$@"
}

environment="$packages/connect-python"
if { [ -x "$environment/bin/python" ] || python3 -m venv "$environment"; } &&
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check 'onepasswordconnectsdk==2.1.1'; then
    against_a_server "$environment/bin/python" "$here/connect_sdk.py"
else
    skip "the package onepasswordconnectsdk can't be installed"
fi

if command -v npm >/dev/null &&
    npm install --silent --no-audit --no-fund --prefix "$packages/connect" '@1password/connect@1.4.2'; then
    cd "$packages/connect"
    against_a_server node "$here/connect_sdk.mjs"
else
    skip "the package @1password/connect can't be installed"
fi
