#!/usr/bin/env bash
# Counts the instructions of one inference, and the bytes of code: `count.sh TARGET FEATURES [OPT_LEVEL]`.
set -euo pipefail
cd "$(dirname "$0")"
target=$1 features=$2 level=${3:-3}
export CARGO_PROFILE_RELEASE_OPT_LEVEL=$level
cargo build --quiet --release --target "$target" --bin cost --features "$features"
elf=${CARGO_TARGET_DIR:-target}/$target/release/cost
case $target in
thumb*) qemu-system-arm -M mps2-an386 -cpu cortex-m4 -nographic -icount shift=10 \
    -semihosting-config enable=on,target=native -kernel "$elf" </dev/null ;;
riscv*) qemu-system-riscv32 -M virt -bios none -nographic -icount shift=0 -kernel "$elf" </dev/null ;;
esac
size -A "$elf" | awk '$1 == ".text" { print "text " $2 }'
