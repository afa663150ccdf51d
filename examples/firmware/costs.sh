#!/usr/bin/env bash
# Measures inference and training on a Cortex-M4F, with one program per row of the table.
set -euo pipefail
cd "$(dirname "$0")"
. ./toolchain.sh
target=thumbv7em-none-eabihf
target_flags $target

# The total size of some sections of a program, in bytes.
section() { size -A "$1" | awk -v sections=" $2 " 'index(sections, " " $1 " ") { sum += $2 } END { print sum + 0 }'; }

program() {
    cargo build --quiet --release "${CARGO_FLAGS[@]}" --target $target --bin cost --features "$1" >&2 &&
        echo "$built/$target/release/cost"
}

empty=$(program "")
empty_code=$(section "$empty" .text)
empty_ram=$(section "$empty" ".data .bss")
echo "Compiled by rustc $("${RUSTC:-rustc}" --version | cut -d ' ' -f 2):"
echo
echo "| network | instructions | code, B | constants in flash, B | static RAM, B | stack, B |"
echo "|---|---|---|---|---|---|"
while IFS='|' read -r feature name; do
    elf=$(program "$feature")
    read -r instructions stack < <(timeout 120 qemu-system-arm -M mps2-an386 -cpu cortex-m4 -nographic -icount shift=10 \
        -semihosting-config enable=on,target=native -kernel "$elf" </dev/null)
    code=$(($(section "$elf" .text) - empty_code))
    ram=$(($(section "$elf" ".data .bss") - empty_ram))
    echo "| $name | $instructions | $code | $(section "$elf" .rodata) | $ram | $stack |"
done <<'NETWORKS'
digits|784-128-10, `f32`
flowers|4-16-16-3, `f32`
digits-int8|784-32-10, int8
lenet-int8|LeNet, int8
read-lenet-int8|LeNet, int8, reading its file
flowers-int8|4-16-16-3, int8
flowers-step|4-16-16-3, one training step in place, one sample
flowers-momentum|4-16-16-3, the same with momentum
flowers-reseed|4-16-16-3, initial weights in place
xor-step|2-8-1, one training step with momentum, four samples
NETWORKS
