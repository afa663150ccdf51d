#!/usr/bin/env bash
# The tests that reach unsafe code, under Miri, which knows uninitialized bytes, borrows and alignment. Without vectors, which
# it doesn't know. Some minutes. Asks for a nightly toolchain with the component `miri`; where there is none, says so and tests
# nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "skipped: no Miri (rustup component add --toolchain nightly miri rust-src)"
    exit 0
fi
# A square root in assembly language is another thing that it doesn't know. Backtraces take it long.
RUST_BACKTRACE=0 CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/miri MIRIFLAGS=-Zmiri-disable-isolation \
    cargo +nightly miri test --quiet --no-default-features --features std,libm/force-soft-floats \
    --test hostile --test in_place --test fine_tune -- "$@"
