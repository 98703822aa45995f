#!/bin/sh
# Builds the image of the Containerfile and starts it, where there is an engine and a network.
# Usage: tests/interop/container.sh
# Where there is none this is skipped, loudly; with CI=true that is a failure.
set -eu
cd "$(dirname "$0")/../.."

skip() {
    echo "SKIPPED: $0: $1" >&2
    [ "${CI:-}" != true ]
    exit
}

engine=
for candidate in podman docker; do
    if command -v "$candidate" >/dev/null && "$candidate" info >/dev/null 2>&1; then
        engine=$candidate
        break
    fi
done
[ -n "$engine" ] || skip "neither podman nor docker is at work here"
"$engine" pull --quiet gcr.io/distroless/cc-debian12:nonroot >/dev/null || skip "the base images can't be fetched"
"$engine" build --quiet --file Containerfile --tag hushkey-interop .
"$engine" run --rm hushkey-interop --version
# Made, opened and found well by the image's own user, in its own volume.
"$engine" run --rm hushkey-interop init --json
[ "$("$engine" run --rm hushkey-interop doctor --json | grep -c '"findings"')" = 1 ]
echo "ok: the image is built and makes a store"
