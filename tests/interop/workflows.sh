#!/bin/sh
# Reads the workflows as YAML, checks every shell script in them, and packs a release as they would.
# Usage: tests/interop/workflows.sh [HUSHKEY]     (target/debug/hushkey when absent)
# Where the packages can't be installed this is skipped, loudly; with CI=true that is a failure.
set -eu
cd "$(dirname "$0")/../.."
hushkey=$(realpath "${1:-target/debug/hushkey}")
interop=$(realpath "${CARGO_TARGET_DIR:-target}")/interop

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ]
    exit
}

command -v python3 >/dev/null || skip "there is no python3"
[ -x "$interop/yaml/bin/python" ] || python3 -m venv "$interop/yaml" || skip "python3 can't make an environment"
"$interop/yaml/bin/python" -m pip install --quiet --disable-pip-version-check 'pyyaml==6.0.3' ||
    skip "the package pyyaml can't be installed"
"$interop/yaml/bin/python" tests/interop/workflows.py .github/workflows/*.yml

command -v npm >/dev/null || skip "there is no npm to pack a release with"
npm install --silent --no-audit --no-fund --prefix "$interop/packages" '@anthropic-ai/mcpb@2.1.2' ||
    skip "the package @anthropic-ai/mcpb can't be installed"
export PATH="$interop/packages/node_modules/.bin:$PATH"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
packaging/release/pack.sh "$hushkey" linux linux-test "$work/dist" >"$work/told" || {
    cat "$work/told"
    exit 1
}
tar -tzf "$work/dist/hushkey-linux-test.tar.gz" | grep -q '^hushkey-linux-test/completions/hushkey.zsh$'
(cd "$work/dist" && sha256sum -- * >SHA256SUMS && sha256sum --quiet --check SHA256SUMS)
echo "ok: a release is packed: $(cd "$work/dist" && echo *)"
