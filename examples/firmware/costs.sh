#!/usr/bin/env bash
# Measures inference and training on a Cortex-M4F, with one program per row of the table. Cycles are estimated by `cycles`.
set -euo pipefail
cd "$(dirname "$0")"
. ./toolchain.sh
target=thumbv7em-none-eabihf
target_flags $target

# The total size of some sections of a program, in bytes.
section() { size -A "$1" | awk -v sections=" $2 " 'index(sections, " " $1 " ") { sum += $2 } END { print sum + 0 }'; }

# A program with some features, at an optimization level.
program() {
    CARGO_PROFILE_RELEASE_OPT_LEVEL=$2 cargo build --quiet --release "${CARGO_FLAGS[@]}" --target $target --bin cost --features "$1" >&2 &&
        echo "$built/$target/release/cost"
}

# Runs a program on the board, with options of QEMU.
run() { timeout 120 qemu-system-arm -M mps2-an386 -cpu cortex-m4 -nographic -semihosting-config enable=on,target=native "$@" </dev/null; }

env --unset=RUSTC --unset=RUSTC_BOOTSTRAP cargo build --quiet --release --bin cycles >&2
echo "Compiled by rustc $("${RUSTC:-rustc}" --version | cut -d ' ' -f 2):"
echo
echo "| network | instructions | cycles, estimated | code, B | constants in flash, B | static RAM, B | stack, B |"
echo "|---|---|---|---|---|---|---|"
trace=$(mktemp)
trap 'rm -f "$trace"' EXIT
built_for=
while IFS='|' read -r feature level name; do
    if [ "$level" != "$built_for" ]; then
        empty=$(program "" "$level")
        empty_code=$(section "$empty" .text)
        empty_ram=$(section "$empty" ".data .bss")
        built_for=$level
    fi
    elf=$(program "$feature" "$level")
    read -r instructions stack < <(run -icount shift=10 -kernel "$elf")
    run -d in_asm,exec,nochain -D "$trace" -kernel "$elf" >/dev/null
    read -r _ cycles < <("$built/release/cycles" <"$trace" | tail -n 1)
    code=$(($(section "$elf" .text) - empty_code))
    ram=$(($(section "$elf" ".data .bss") - empty_ram))
    echo "| $name | $instructions | $cycles | $code | $(section "$elf" .rodata) | $ram | $stack |"
done <<'NETWORKS'
digits|3|784-128-10, `f32`
flowers|3|4-16-16-3, `f32`
digits-int8|3|784-32-10, int8
lenet-int8|3|LeNet, int8
read-lenet-int8|3|LeNet, int8, reading its file
flowers-int8|3|4-16-16-3, int8
flowers-step|3|4-16-16-3, one training step in place, one sample
flowers-momentum|3|4-16-16-3, the same with momentum
flowers-reseed|3|4-16-16-3, initial weights in place
xor-step|3|2-8-1, one training step with momentum, four samples
digits|s|784-128-10, `f32`, `opt-level = "s"`
lenet-int8|s|LeNet, int8, `opt-level = "s"`
NETWORKS
