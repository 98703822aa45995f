#!/bin/sh
# `hushkey setup` writes into the settings of real clients, and each of them tells that it finds the server there; Claude Code,
# Gemini CLI and opencode start it and speak to it. Then `--remove`, and none of them knows it any more. The same with a server that
# runs already (`--url`), where the token is in a variable.
# No model is asked, and no client has a key or a login.
# Usage: tests/interop/setup_clients.sh [HUSHKEY]     (target/debug/hushkey when absent)
# A client that can't be installed is skipped, loudly; with CI=true that is a failure. They take about 1.2 GB on disk.
set -eu
cd "$(dirname "$(realpath "$0")")/../.."
hushkey=$(realpath "${1:-target/debug/hushkey}")
packages=$(realpath "${CARGO_TARGET_DIR:-target}")/interop/clients

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ]
}

command -v npm >/dev/null || {
    skip "there is no npm"
    exit
}
command -v python3 >/dev/null || {
    skip "there is no python3 to serve with"
    exit
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Somebody who is new to all of it, with no variables but these.
typed() {
    (cd "$work" && env -i HOME="$work" PATH="$PATH" TERM=dumb \
        HUSHKEY_TOKEN="${HUSHKEY_TOKEN:-}" NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 \
        DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 \
        GEMINI_CLI_TRUST_WORKSPACE=true \
        OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1 OPENCODE_DISABLE_LSP_DOWNLOAD=1 \
        timeout 120 "$@" </dev/null 2>&1)
}

# try CLIENT PACKAGE PROGRAM PATTERN [OPTION…]: what the client's list of servers says of hushkey once it was told.
try() {
    client=$1 package=$2 program=$3 pattern=$4
    shift 4
    place="$packages/$client"
    list() { typed "$place/node_modules/.bin/$program" mcp list; }
    [ -d "$place/node_modules/${package%@*}" ] || return 0
    typed "$hushkey" setup "$client" "$@" >"$work/told"
    grep -q "\`hushkey\` is in " "$work/told"
    list >"$work/told" || true
    grep -Eq "$pattern" "$work/told" || {
        echo "FAILED: $package does not find the server:"
        cat "$work/told"
        exit 1
    }
    typed "$hushkey" setup "$client" --remove >"$work/told"
    list >"$work/told" || true
    if grep -Eq "$pattern" "$work/told"; then
        echo "FAILED: $package still finds the server:"
        cat "$work/told"
        exit 1
    fi
    echo "ok: $package finds hushkey after setup $*, and not after --remove"
}

# Claude Code, Codex, Gemini CLI, opencode; told with these options.
all() {
    try claude-code '@anthropic-ai/claude-code@2.1.330' claude 'hushkey: .*mcp .*Connected' "$@"
    try codex '@openai/codex@0.169.0' codex '^hushkey .*mcp .* enabled' "$@"
    try gemini '@google/gemini-cli@0.61.0' gemini 'hushkey: .*mcp .*Connected' "$@"
    try opencode 'opencode-ai@1.18.33' opencode 'hushkey .*connected' "$@"
}

# Within served.py: the server is there, and the token in a variable.
if [ -n "${HUSHKEY_URL:-}" ]; then
    all --url "$HUSHKEY_URL"
    exit
fi
for one in claude-code=@anthropic-ai/claude-code@2.1.330 codex=@openai/codex@0.169.0 \
    gemini=@google/gemini-cli@0.61.0 opencode=opencode-ai@1.18.33; do
    mkdir -p "$packages/${one%%=*}"
    npm install --silent --no-audit --no-fund --prefix "$packages/${one%%=*}" "${one#*=}" ||
        skip "${one#*=} can't be installed"
done
typed "$hushkey" init >/dev/null
all
python3 tests/interop/served.py "$hushkey" "$PWD/tests/interop/setup_clients.sh" "$hushkey"
