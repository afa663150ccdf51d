#!/usr/bin/env bash
# Prints what each network costs on three processors, at optimization levels 3 and "s", compared with published figures:
# `table.sh [NETWORK …]`. The same network must give the same outputs on all of them. `count.sh` counts the code of one.
# TARGETS and LEVELS in the environment choose fewer processors, of which the first is the Cortex-M4, and levels.
#
# Needs what `examples/firmware/check.sh` needs, and the weights: `cargo run --release --features host --bin weights`. Has rows for
# the reference models, too, if these were imported: `cargo run --release --features import --bin reference FOLDER`.
set -euo pipefail
cd "$(dirname "$0")"
all="ds-cnn-int8 resnet-8-int8 mobilenet-int8 autoencoder-int8 wake-word-int8 lenet-int8 tails-int8"
all+=" ds-cnn-f32 resnet-8-f32 tails-f32"
if [ -d weights/reference ]; then
    all+=" ds-cnn-reference resnet-8-reference mobilenet-reference autoencoder-reference wake-word-reference"
fi
# The last one that `cost` measures.
all+=" wake-word-frame-int8"
networks=${*:-$all}
m4=thumbv7em-none-eabihf
targets=${TARGETS:-$m4 thumbv6m-none-eabi riscv32imc-unknown-none-elf}
levels=${LEVELS:-3 s}
built=${CARGO_TARGET_DIR:-target}
trace=$(mktemp)
trap 'rm -f "$trace"' EXIT

# Millions, with three digits at least.
millions() { awk -v number="$1" 'BEGIN { printf number < 1e6 ? "%.3f M" : number < 1e7 ? "%.2f M" : "%.1f M", number / 1e6 }'; }

# The heading of a processor's column.
processor() {
    case $1 in
    thumbv7em*) echo M4 ;;
    thumbv6m*) echo M0 ;;
    riscv32*) echo RV32IMC ;;
    esac
}

# Cycles on a Cortex-M4, as the leaders of MLPerf Tiny published them; CMSIS-NN's instructions, counted in the same way as ours.
published() {
    case $1 in
    ds-cnn-int8 | ds-cnn-reference) echo "5.21 M, 5.73 M | 7.40 M" ;;
    resnet-8-int8 | resnet-8-reference) echo "19.9 M, 20.1 M | 29.0 M" ;;
    mobilenet-int8 | mobilenet-reference) echo "10.73 M, 11.85 M |" ;;
    autoencoder-int8 | autoencoder-reference) echo "0.486 M, 0.575 M | 0.584 M" ;;
    lenet-int8) echo " | 1.49 M" ;;
    ds-cnn-f32) echo " | 15.1 M" ;;
    *) echo " |" ;;
    esac
}

declare -A lines counted hashes cycles
heading="| network | parameters | multiply-accumulates | flash, B | RAM, B | stack on M4, B |"
for target in $targets; do
    for level in $levels; do
        heading+=" $(processor "$target"), level $level |"
        while read -r name rest; do
            if [ "$name" = text ]; then continue; fi
            read -r _ _ _ _ _ instructions hash <<<"$rest"
            lines[$name]=${lines[$name]:-$rest}
            case $target$name in
            # In software, floats take longer than the board's timer counts.
            thumbv6m*-f32) counted[$name]+=" – |" ;;
            *) counted[$name]+=" $(millions "$instructions") |" ;;
            esac
            hashes[$name]=${hashes[$name]:-$hash}
            if [ "${hashes[$name]}" != "$hash" ]; then
                echo "$name: the outputs on $target differ from those on $m4" >&2
                exit 1
            fi
        done < <(./count.sh $target "$networks" $level)
        if [ "$target $level" = "$m4 ${levels%% *}" ]; then
            cargo build --quiet --release --manifest-path ../firmware/Cargo.toml --bin cycles
            qemu-system-arm -M mps2-an386 -cpu cortex-m4 -nographic -semihosting-config enable=on,target=native \
                -d in_asm,exec,nochain -kernel "$built/$target/release/cost" </dev/null 2>&1 >/dev/null |
                "${CARGO_TARGET_DIR:-../firmware/target}/release/cycles" >"$trace"
            # Before each network, nothing is measured; a stream has many frames, and comes last.
            number=0
            for name in $all; do
                if [[ " $networks " == *" $name "* ]]; then
                    number=$((number + 2))
                    cycles[$name]=$(sed -n "${number}p" "$trace" | cut -d ' ' -f 2)
                fi
            done
            cycles[wake-word-frame-int8]=$(tail -n 1 "$trace" | cut -d ' ' -f 2)
        fi
    done
done

heading+=" cycles on M4, estimated | cycles on M4, published | CMSIS-NN |"
echo "$heading"
sed 's/[^|]\+/---/g' <<<"$heading"
for name in $networks; do
    read -r parameters macs flash ram stack _ <<<"${lines[$name]}"
    echo "| $name | $parameters | $macs | $flash | $ram | $stack |${counted[$name]} $(millions "${cycles[$name]}") | $(published "$name") |"
done
