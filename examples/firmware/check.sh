#!/usr/bin/env bash
# Everything that the firmware promises: it runs under QEMU with the same results as here, links without a panic path, for
# other processors too, and costs what `costs.md` says.
set -euo pipefail
cd "$(dirname "$0")"
. ./toolchain.sh
target=thumbv7em-none-eabihf

echo "-- the same results on the device as here"
cargo run --quiet --release --bin host >target/host.txt
(
    target_flags $target
    for program in digits train; do
        cargo run --quiet --release "${CARGO_FLAGS[@]}" --target $target --bin $program </dev/null
    done
) >target/device.txt
diff target/host.txt target/device.txt
cat target/device.txt

echo "-- no panic path, no heap, no floating point in software, no double precision"
link() { (target_flags "$1"; shift; cargo build --quiet --release "${CARGO_FLAGS[@]}" --bin links --target "$@"); }
link $target $target
forbidden='panic|alloc|__aeabi_[fd]|__(add|sub|mul|div|trunc|extend|float|fix)[a-z]*[sd]f'
if nm --defined-only "target/$target/release/links" | grep -E " [TtWw] .*($forbidden)"; then
    echo "the symbols above must not be there" >&2
    exit 1
fi

echo "-- an index that may be out of bounds doesn't link"
if (link $target $target --features index) 2>target/index.txt; then
    echo "it did" >&2
    exit 1
fi
grep -q a_panic_path_is_left target/index.txt

echo "-- links for a Cortex-M0 and for RISC-V"
link thumbv6m-none-eabi thumbv6m-none-eabi
link riscv32imc-unknown-none-elf riscv32imc-unknown-none-elf

echo "-- costs"
./costs.sh >target/costs.md
if ! diff costs.md target/costs.md; then
    echo "the costs have changed: if they may, cp target/costs.md costs.md" >&2
    exit 1
fi
cat costs.md
