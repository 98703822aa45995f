#!/bin/sh
# Runs browser.mjs, which drives a headless Chromium over the pages of a binary, and keeps what it saw.
# Usage: tests/interop/browser.sh [HUSHKEY]     (target/debug/hushkey when absent)
# Where Chromium or the npm packages can't be installed this is skipped, loudly; with CI=true that is a failure.
set -eu
cd "$(dirname "$0")/../.."
script=$(realpath tests/interop/browser.mjs)
hushkey=$(realpath "${1:-target/debug/hushkey}")
target=${CARGO_TARGET_DIR:-target}
packages=$target/interop/browser
artefacts=$target/artefacts/browser

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ]
    exit
}

browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

command -v npm >/dev/null || skip "there is no npm"
if ! browser >/dev/null; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || skip "there is no Chromium"
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 ||
        skip "Chromium can't be installed"
fi
mkdir -p "$packages" "$artefacts"
npm install --silent --no-audit --no-fund --prefix "$packages" 'playwright-core@1.65.1' 'axe-core@4.14.1' ||
    skip "the packages can't be installed"
artefacts=$(realpath "$artefacts")
CHROMIUM=$(browser)
export CHROMIUM
cd "$packages"
# Packages are looked up beside the script.
cp "$script" browser.mjs
exec node browser.mjs "$hushkey" "$artefacts"
