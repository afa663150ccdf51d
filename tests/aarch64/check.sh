#!/usr/bin/env bash
# NEON, under QEMU: functions, outer products and transpositions against their oracles, and a network against PyTorch. `check.sh all`
# takes all kernels, every kind of layer, and a training with the bits of AVX-512 and AVX2. Skipped if the target, a linker for it or
# QEMU can't be installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=aarch64-unknown-linux-gnu

skip() { echo "skipped: $*"; exit 0; }

if [ "$(uname -m)" != aarch64 ]; then
    rustup target list --installed 2>/dev/null | grep -qx "$target" || timeout 60 rustup target add "$target" >/dev/null 2>&1 ||
        skip "no target $target"
    if ! command -v qemu-aarch64 >/dev/null || ! command -v aarch64-linux-gnu-gcc >/dev/null; then
        command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || skip "no qemu-aarch64 or aarch64-linux-gnu-gcc"
        { apt-get update -qq &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross; } \
            >/dev/null 2>&1 || skip "qemu-user and gcc-aarch64-linux-gnu can't be installed"
    fi
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
fi
test() { cargo test --quiet --target "$target" "$@"; }

test --lib -- accuracy agreement tests::order outer_products transpose
test --test reference
if [ "${1:-}" = all ]; then
    # Optimized a little: emulated, kernels of a debug build take ten times as long.
    CARGO_PROFILE_DEV_OPT_LEVEL=1 test --lib -- kernels quantized::integer_dot
    test --test layers_reference --test same_bits
fi
