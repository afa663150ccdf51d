#!/usr/bin/env bash
# Prints what each network costs on three processors, beside published figures: `table.sh [OPT_LEVEL [NETWORK …]]`. The same
# network must give the same outputs on all of them. Needs the weights:
# `cargo run --release --features host --bin weights`.
set -euo pipefail
cd "$(dirname "$0")"
level=${1:-3}
shift || true
networks=${*:-ds-cnn-int8 resnet-8-int8 mobilenet-int8 autoencoder-int8 wake-word-int8 lenet-int8 tails-int8 ds-cnn-f32 resnet-8-f32}
targets="thumbv7em-none-eabihf thumbv6m-none-eabi riscv32imc-unknown-none-elf"

# Cycles on a Cortex-M4, as the leaders of MLPerf Tiny published them; CMSIS-NN's instructions, counted in the same way as ours.
published() {
    case $1 in
    ds-cnn-int8) echo "5.21 M, 5.73 M | 7,402,050" ;;
    resnet-8-int8) echo "19.9 M, 20.1 M | 29,001,965" ;;
    mobilenet-int8) echo "10.73 M, 11.85 M | " ;;
    autoencoder-int8) echo "0.486 M, 0.575 M | 584,048" ;;
    lenet-int8) echo " | 1,489,961" ;;
    ds-cnn-f32) echo " | 15,107,703" ;;
    *) echo " | " ;;
    esac
}

echo "Instructions at optimization level $level:"
echo
echo "| network | flash, B | RAM, B | stack on M4, B | M4 | M0 | RV32IMC | code on M4, M0, RV32, B | M4 cycles, published | CMSIS-NN |"
echo "|---|---|---|---|---|---|---|---|---|---|"
for network in $networks; do
    instructions="" code="" hashes="" stack=""
    for target in $targets; do
        output=$(./count.sh "$target" "$network" "$level" 2>/dev/null)
        read -r _ count deepest flash ram hash < <(head -n 1 <<<"$output")
        instructions+=" $count |"
        stack=${stack:-$deepest}
        code+="${code:+, }$(awk '$1 == "text" { print $2 }' <<<"$output")"
        hashes+="$hash "
    done
    if [ "$(tr ' ' '\n' <<<"$hashes" | grep . | sort -u | wc -l)" != 1 ]; then
        echo "$network: the outputs differ between processors: $hashes" >&2
        exit 1
    fi
    echo "| $network | $flash | $ram | $stack |$instructions $code | $(published "$network") |"
done
