#!/bin/sh
# Lets schemathesis make up requests from docs/connect-openapi.yaml, at least 2,000, right ones and wrong ones, and holds every
# answer of hushkey's Connect API against the description.
# Usage: tests/interop/connect_fuzzed.sh [HUSHKEY]     (target/debug/hushkey when absent)
#   EXAMPLES: how many for each call and phase (100); SEED: which (1)
# Where the package can't be installed this is skipped, loudly; with CI=true that is a failure.
set -eu
cd "$(dirname "$0")/../.."
hushkey=$(realpath "${1:-target/debug/hushkey}")
environment=${CARGO_TARGET_DIR:-target}/interop/schemathesis
aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ]
    exit
}

command -v python3 >/dev/null || skip "there is no python3"
[ -x "$environment/bin/python" ] || python3 -m venv "$environment" || skip "python3 can't make an environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check 'schemathesis==4.32.5' ||
    skip "the package schemathesis can't be installed"

# Calls that follow one another use what the first of them made, and not the item of the configuration.
sed '/^\[\[operations\]\]$/,/^$/d' tests/interop/connect_fuzzed.toml >"$aside/following.toml"
status=0
for run in "coverage,fuzzing tests/interop/connect_fuzzed.toml" "stateful $aside/following.toml"; do
    phases=${run%% *}
    # The address is known to the command alone, so that a shell puts it in.
    # shellcheck disable=SC2016
    python3 tests/interop/connect_served.py "$hushkey" sh -c '
        exec "$1" --config-file "$2" run docs/connect-openapi.yaml --url "$CONNECT_URL" --phases "$3" --no-color \
            --seed "${SEED:-1}" --max-examples "${EXAMPLES:-100}" --continue-on-failure --report json --report-json-path "$4"
    ' sh "$environment/bin/schemathesis" "${run#* }" "$phases" "$aside/${phases%,*}.json" || status=1
done
python3 - "$aside"/*.json <<'END'
import json
import sys

made = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        made += json.load(file)["test_cases"]["generated"]
print(f"{made} requests were made up")
sys.exit(0 if made >= 2000 else "that is not enough")
END
exit "$status"
