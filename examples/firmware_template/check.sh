#!/usr/bin/env bash
# Copies the template to a new folder, with this folder's `fnn` in place of the published one, builds it for each board, and runs it
# under QEMU. Not part of the template.
#
# Needs rustup's target thumbv7em-none-eabihf and qemu-system-arm. Asks before it installs what is missing; INSTALL_MISSING=yes or
# INSTALL_MISSING=no answers.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
. ../firmware/toolchain.sh
target=thumbv7em-none-eabihf
target_flags $target
published="patch.crates-io.fnn-typed.path=\"$(cd ../.. && pwd)\""

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar --create --exclude=./target . | tar --extract --directory "$copy"
cd "$copy"

echo "-- the training builds"
cargo check --quiet --features train --bin train --config "$published"
for board in stm32f4 nrf52840; do
    echo "-- builds for $board"
    cargo build --quiet --release "${CARGO_FLAGS[@]}" --target $target --no-default-features --features $board --config "$published"
done
echo "-- runs under QEMU"
timeout 300 cargo run --quiet --release "${CARGO_FLAGS[@]}" --target $target --config "$published" </dev/null
