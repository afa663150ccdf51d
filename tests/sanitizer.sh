#!/usr/bin/env bash
# Runs the tests that reach unsafe code under AddressSanitizer. Skipped without a nightly toolchain.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! rustup toolchain list 2>/dev/null | grep -q '^nightly'; then
    echo "skipped: no nightly toolchain"
    exit 0
fi
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/asan
cargo +nightly test --quiet --target "$host" --lib --test declarations --test determinism --test gradients --test windows \
    --test hostile --test in_place --test fine_tune --test weights --test quantized
# Debug builds panic on overflow of a size; release builds have to be right without. Not optimized, they are built in a third of the time.
CARGO_PROFILE_RELEASE_OPT_LEVEL=0 cargo +nightly test --quiet --release --target "$host" --test hostile
