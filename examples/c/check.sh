#!/usr/bin/env bash
# Links the program in C with the library, and runs it: on the host, and on a Cortex-M4F under QEMU.
#
# Needs a C compiler; for the chip also arm-none-eabi-gcc, rustup's target thumbv7em-none-eabihf and qemu-system-arm. Asks before it
# installs what is missing; INSTALL_MISSING=yes or INSTALL_MISSING=no answers. Builds in `target`, or in CARGO_TARGET_DIR.
set -euo pipefail
cd "$(dirname "$0")"
. ../firmware/toolchain.sh
target=thumbv7em-none-eabihf
sources=(main.c weights.S)
options=(-std=c11 -Wall -Wextra -Werror -Iinclude -O2)

echo "-- on the host"
cargo build --quiet --release
"${CC:-cc}" "${options[@]}" "${sources[@]}" host.c "$built/release/libflowers.a" -o "$built/flowers"
"$built/flowers"

if ! command -v arm-none-eabi-gcc >/dev/null && ! have gcc-arm-none-eabi; then
    echo "skipped: no arm-none-eabi-gcc for the chip"
    exit
fi
echo "-- on a Cortex-M4F, under QEMU"
(target_flags $target && cargo build --quiet --release "${CARGO_FLAGS[@]}" --target $target)
arm-none-eabi-gcc "${options[@]}" -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -ffreestanding -nostdlib \
    -ffunction-sections -Wl,--gc-sections,-z,noexecstack -T qemu.ld "${sources[@]}" qemu.c "$built/$target/release/libflowers.a" -o "$built/flowers.elf"
timeout 60 qemu-system-arm -M mps2-an386 -cpu cortex-m4 -nographic -semihosting-config enable=on,target=native \
    -kernel "$built/flowers.elf" </dev/null
