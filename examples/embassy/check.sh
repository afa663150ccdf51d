#!/usr/bin/env bash
# Runs the tasks under QEMU. Needs rustup's target thumbv7em-none-eabihf and qemu-system-arm. Asks before it installs what is missing;
# INSTALL_MISSING=yes or INSTALL_MISSING=no answers.
set -euo pipefail
cd "$(dirname "$0")"
. ../firmware/toolchain.sh
target_flags thumbv7em-none-eabihf
timeout 300 cargo run --quiet --release "${CARGO_FLAGS[@]}" </dev/null
