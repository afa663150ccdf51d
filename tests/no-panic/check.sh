#!/usr/bin/env bash
# Links a program that has every kind of layer, in int8 in each arithmetic, every loss and optimizer and every reader of files,
# and whose panic handler can't be linked: for a Cortex-M4F, at the optimization levels that inline least, 1 and "z". Verifies that an
# index that may be out of bounds doesn't link. `check.sh all` also links it at 2, 3 and "s", and for a Cortex-M0 and for RISC-V.
set -euo pipefail
cd "$(dirname "$0")"
. ../../examples/firmware/toolchain.sh

messages=$(mktemp)
trap 'rm -f "$messages"' EXIT
build() { (target_flags "$1" && CARGO_PROFILE_RELEASE_OPT_LEVEL=$2 cargo build --quiet --release "${CARGO_FLAGS[@]}" --target "$1" "${@:3}"); }

levels() {
    for level in "$@"; do
        build thumbv7em-none-eabihf $level
        echo "opt-level = $level: nothing panics"
    done
}

for_size() {
    levels z
    if build thumbv7em-none-eabihf z --features index 2>"$messages"; then
        echo "an index that may be out of bounds linked" >&2
        exit 1
    fi
    grep --quiet a_panic_path_is_left "$messages"
}

others() {
    levels 3 2 s
    for target in thumbv6m-none-eabi riscv32imc-unknown-none-elf; do
        build $target s
        echo "$target, opt-level = s: nothing panics"
    done
}

# A build keeps one processor busy, so two run at a time, each with a folder that it locks. What they need is installed before.
(target_flags thumbv7em-none-eabihf)
CARGO_TARGET_DIR=$built/first levels 1 &
first=$!
CARGO_TARGET_DIR=$built/second for_size &
second=$!
failed=0
wait $first || failed=1
wait $second || failed=1
if [ $failed = 0 ] && [ "${1:-}" = all ]; then others; fi
exit $failed
