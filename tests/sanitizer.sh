#!/usr/bin/env bash
# Runs tests that reach unsafe code under AddressSanitizer: kernels, files, and networks. `sanitizer.sh all` also runs those of
# convolutions by themselves, which take long, more networks, and a release build. Skipped without a nightly toolchain.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! rustup toolchain list 2>/dev/null | grep -q '^nightly'; then
    echo "skipped: no nightly toolchain"
    exit 0
fi
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/asan
test() { cargo +nightly test --quiet --target "$host" "$@"; }

test --lib -- --skip tests::convolution::
test --test declarations --test hostile --test in_place --test weights --test quantized
if [ "${1:-}" = all ]; then
    test --lib -- tests::convolution::
    test --test determinism --test gradients --test windows --test fine_tune
    # Debug builds panic on overflow of a size; release builds have to be right without. Not optimized, they are built in a third of
    # the time.
    CARGO_PROFILE_RELEASE_OPT_LEVEL=0 test --release --test hostile
fi
