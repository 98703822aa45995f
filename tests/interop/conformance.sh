#!/bin/sh
# Runs the protocol's own conformance suite, in the versions 2025-11-25 and 2026-07-28: all that each version requires
# against the suite's own tools behind hushkey's endpoint (fixture.rs), and all server scenarios that need no tools of
# the suite's own against `hushkey serve`.
# What a version does not require is run and told, and fails nothing: of that only the extension for tasks, which hushkey
# does not offer, has no answer here.
# Usage: tests/interop/conformance.sh [HUSHKEY]     (target/debug/hushkey when absent)
# Where the packages can't be installed this is skipped, loudly; with CI=true that is a failure.
set -eu
cd "$(dirname "$0")/../.."
hushkey=$(realpath "${1:-target/debug/hushkey}")
served=$(realpath tests/interop/served.py)
packages=$(realpath "${CARGO_TARGET_DIR:-target}")/interop/conformance

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ]
    exit
}

command -v python3 >/dev/null || skip "there is no python3"
command -v npm >/dev/null || skip "there is no npm"
mkdir -p "$packages"
# The suite wants Node 22; npm has it as a package.
npm install --silent --no-audit --no-fund --prefix "$packages" \
    'node@22' '@modelcontextprotocol/conformance@0.2.0-alpha.12' ||
    skip "the packages can't be installed"
export PATH="$packages/node_modules/.bin:$PATH"

scenarios() {
    case $1 in
    2025-11-25)
        echo server-initialize ping completion-complete tools-list server-sse-multiple-streams resources-list \
            prompts-list server-session-lifecycle server-sse-polling dns-rebinding-protection
        ;;
    2026-07-28)
        echo completion-complete tools-list server-sse-multiple-streams resources-list \
            sep-2164-resource-not-found prompts-list caching http-header-validation dns-rebinding-protection \
            input-required-result-missing-input-response input-required-result-unsupported-methods \
            input-required-result-ignore-extra-params input-required-result-validate-input
        ;;
    esac
}

failed=
cargo build --quiet --locked --example conformance_fixture
fixture=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/examples/conformance_fixture
for version in 2025-11-25 2026-07-28; do
    work=$(mktemp -d)
    "$fixture" >"$work/url" &
    server=$!
    trap 'kill "$server" 2>/dev/null || true' EXIT
    until [ -s "$work/url" ]; do
        kill -0 "$server" || exit 1
        sleep 0.1
    done
    if NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 conformance server --url "$(cat "$work/url")" --requirements $version \
        -o "$work/results" >"$work/told" 2>&1; then
        sed -n '/=== SUMMARY ===/,$p' "$work/told"
        echo "ok: all that $version requires of a server"
    else
        echo "FAILED: requirements of $version"
        cat "$work/told"
        failed="$failed $version/requirements"
    fi
    kill "$server"
    wait "$server" 2>/dev/null || true
    rm -rf "$work"
done
for version in 2025-11-25 2026-07-28; do
    for scenario in $(scenarios "$version"); do
        told=$(mktemp)
        if python3 "$served" --proxy "$hushkey" sh -c \
            "conformance server --url \"\$HUSHKEY_URL\" --spec-version $version --scenario $scenario" >"$told" 2>&1; then
            echo "ok: conformance $version $scenario"
        else
            echo "FAILED: conformance $version $scenario"
            cat "$told"
            failed="$failed $version/$scenario"
        fi
        rm -f "$told"
    done
done
[ -z "$failed" ] || {
    echo "failed:$failed" >&2
    exit 1
}
