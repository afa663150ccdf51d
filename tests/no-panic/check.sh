#!/usr/bin/env bash
# Links a program that has every kind of layer, every loss and optimizer and every reader of files, and whose panic handler
# can't be linked: at each optimization level, for a Cortex-M4F, and at one for a Cortex-M0 and for RISC-V. Verifies that an
# index that may be out of bounds doesn't link.
set -euo pipefail
cd "$(dirname "$0")"
. ../../examples/firmware/toolchain.sh

messages=$(mktemp)
trap 'rm -f "$messages"' EXIT
build() { (target_flags "$1" && CARGO_PROFILE_RELEASE_OPT_LEVEL=$2 cargo build --quiet --release "${CARGO_FLAGS[@]}" --target "$1" "${@:3}"); }

for level in 3 2 1 s z; do
    build thumbv7em-none-eabihf $level
    echo "opt-level = $level: nothing panics"
done
if build thumbv7em-none-eabihf z --features index 2>"$messages"; then
    echo "an index that may be out of bounds linked" >&2
    exit 1
fi
grep --quiet a_panic_path_is_left "$messages"
for target in thumbv6m-none-eabi riscv32imc-unknown-none-elf; do
    build $target s
    echo "$target, opt-level = s: nothing panics"
done
