#!/usr/bin/env bash
# Checks the example: the network is imported and trained further, and the int8 network runs on a Cortex-M4F under QEMU.
set -euo pipefail
cd "$(dirname "$0")"
. ../firmware/toolchain.sh
cargo run --quiet --release --features host --bin train
target=thumbv7em-none-eabihf
target_flags $target
timeout 300 cargo run --quiet --release "${CARGO_FLAGS[@]}" --target $target --features device --bin device </dev/null
