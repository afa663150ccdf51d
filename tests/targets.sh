#!/usr/bin/env bash
# Builds with the oldest compiler that `rust-version` promises, and for a processor of 32 bits. Where a toolchain can't be
# installed, says so and goes on.
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

target=i686-unknown-linux-gnu
if rustup target list --installed 2>/dev/null | grep -qx "$target" || timeout 300 rustup target add "$target" >/dev/null 2>&1; then
    RUSTFLAGS="-A warnings" cargo check --quiet --workspace --lib --tests --examples --target "$target"
    echo "$target: builds, with all tests and examples"
else
    echo "$target: skipped, it can't be installed"
fi
