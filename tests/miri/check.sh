#!/usr/bin/env bash
# Runs the tests that reach unsafe code under Miri, which detects reads of uninitialized bytes, invalid borrows and misalignment.
# Without SIMD, which Miri doesn't support. Takes some minutes. Skipped without a nightly toolchain with the component `miri`.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "skipped: no Miri (rustup component add --toolchain nightly miri rust-src)"
    exit 0
fi
# Miri doesn't support libm's square root in inline assembly either, and is slow at backtraces.
RUST_BACKTRACE=0 CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/miri MIRIFLAGS=-Zmiri-disable-isolation \
    cargo +nightly miri test --quiet --no-default-features --features std,libm/force-soft-floats \
    --test hostile --test in_place --test fine_tune -- "$@"
