#!/bin/sh
# Runs the protocol's Inspector at its command line against a binary, over stdio and over HTTP, in both eras: every tool's
# schema has to be portable (`--strict`, and nothing said on standard error), and a tool is called.
# Usage: tests/interop/inspector.sh [HUSHKEY]     (target/debug/hushkey when absent)
# Where the packages can't be installed this is skipped, loudly; with CI=true that is a failure.
set -eu
cd "$(dirname "$0")/../.."
hushkey=$(realpath "${1:-target/debug/hushkey}")
served=$(realpath tests/interop/served.py)
packages=$(realpath "${CARGO_TARGET_DIR:-target}")/interop/inspector

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ]
    exit
}

command -v npm >/dev/null || skip "there is no npm"
mkdir -p "$packages"
# It wants Node 22; npm has it as a package.
npm install --silent --no-audit --no-fund --prefix "$packages" 'node@22' '@modelcontextprotocol/inspector@2.12.0' ||
    skip "the packages can't be installed"
export PATH="$packages/node_modules/.bin:$PATH"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HUSHKEY_HOME="$work/home" MCP_CATALOG_PATH="$work/catalog.json"
"$hushkey" init >"$work/made" 2>&1
# All rights, so that all tools are listed.
"$hushkey" agent allow default --vault Dev=full --environment staging=write >>"$work/made" 2>&1

# Asks as it is told, and holds the answer against a word that has to be in it.
ask() {
    what=$1 word=$2
    shift 2
    : >"$work/said"
    if "$@" >"$work/told" 2>"$work/log" && grep -q "$word" "$work/told" && [ ! -s "$work/said" ]; then
        echo "ok: inspector $what"
    else
        echo "FAILED: inspector $what" >&2
        cat "$work/said" "$work/log" >&2
        head -c 2000 "$work/told" >&2
        exit 1
    fi
}

# What the Inspector itself says on standard error is kept apart from a server's log.
inspect() {
    mcp-inspector --cli "$hushkey" mcp -e "HUSHKEY_HOME=$HUSHKEY_HOME" --format json "$@" 2>"$work/said"
}

for era in legacy modern; do
    ask "stdio $era tools/list" update_item inspect --protocol-era $era --method tools/list --strict
    ask "stdio $era tools/call" Dev inspect --protocol-era $era --method tools/call --tool-name list_vaults
    ask "stdio $era prompts/list" add_credential inspect --protocol-era $era --method prompts/list
    ask "stdio $era resources/list" hushkey:// inspect --protocol-era $era --method resources/list
done

command -v python3 >/dev/null || skip "there is no python3 to serve with"
cat >"$work/over_http" <<'END'
exec mcp-inspector --cli --server-url "$HUSHKEY_URL" --transport http --header "Authorization: Bearer $HUSHKEY_TOKEN" \
    --format json "$@" 2>"$SAID"
END
export SAID="$work/said"
for era in legacy modern; do
    for call in "tools/list --strict" "tools/call --tool-name list_vaults"; do
        # The words of a call are few and plain.
        # shellcheck disable=SC2086
        ask "http $era $call" Dev env -u HUSHKEY_HOME python3 "$served" "$hushkey" \
            sh "$work/over_http" --protocol-era $era --method $call
    done
done
