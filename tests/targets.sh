#!/usr/bin/env bash
# Builds with the minimum supported Rust version (`rust-version`), and tests for a 32-bit target. `targets.sh all` also tests
# convolutions by themselves there, which takes long, and builds all tests and examples. Skips what can't be installed.
set -euo pipefail
cd "$(dirname "$0")/.."

oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if rustup toolchain list 2>/dev/null | grep -q "^$oldest" ||
    timeout 300 rustup toolchain install "$oldest" --profile minimal >/dev/null 2>&1; then
    RUSTFLAGS="-A warnings" CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/oldest cargo "+$oldest" check --quiet
    RUSTFLAGS="-A warnings" CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/oldest cargo "+$oldest" check --quiet --no-default-features
    echo "Rust $oldest: builds"
else
    echo "Rust $oldest: skipped, it can't be installed"
fi

# Uses Rust's own linker and C library, so that the tests need none from the system.
target=i686-unknown-linux-musl
if [ "$(uname -m)" = x86_64 ] &&
    { rustup target list --installed 2>/dev/null | grep -qx "$target" || timeout 300 rustup target add "$target" >/dev/null 2>&1; }; then
    export CARGO_TARGET_I686_UNKNOWN_LINUX_MUSL_LINKER=rust-lld
    export CARGO_TARGET_I686_UNKNOWN_LINUX_MUSL_RUSTFLAGS="-A warnings -C link-self-contained=yes -C linker-flavor=ld.lld"
    cargo test --quiet --target "$target" --lib -- --skip tests::convolution::
    cargo test --quiet --target "$target" --test idx --test training --test losses_extremes --test weights
    echo "$target: tests of the library, files, losses and training"
    if [ "${1:-}" = all ]; then
        cargo test --quiet --target "$target" --lib -- tests::convolution::
        cargo check --quiet --workspace --lib --tests --examples --target "$target"
        echo "$target: builds, with all tests and examples"
    fi
else
    echo "$target: skipped, it can't be installed or run"
fi
