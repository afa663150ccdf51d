#!/usr/bin/env bash
# Checks the firmware: it runs under QEMU with the same results as on the host, its constants agree with the linker map, it
# links without a panic path, also for other processors, and its costs are those in `costs.md`.
#
# Needs rustup's targets thumbv7em-none-eabihf, thumbv6m-none-eabi and riscv32imc-unknown-none-elf, qemu-system-arm, and `nm` and
# `size` of binutils. Asks before it installs what is missing; INSTALL_MISSING=yes or INSTALL_MISSING=no answers. Builds in
# `target`, or in CARGO_TARGET_DIR.
set -euo pipefail
cd "$(dirname "$0")"
. ./toolchain.sh
target=thumbv7em-none-eabihf
mkdir -p "$built"

build() { (target_flags "$1" && cargo build --quiet --release "${CARGO_FLAGS[@]}" --target "$@"); }
run() { (target_flags $target && timeout 300 cargo run --quiet --release "${CARGO_FLAGS[@]}" --target $target --bin "$1" </dev/null); }

echo "-- same results on the device and on the host"
cargo run --quiet --release --bin host >"$built/host.txt"
for program in digits train tune; do run $program; done >"$built/device.txt"
diff "$built/host.txt" "$built/device.txt"
cat "$built/device.txt"

echo "-- constants agree with the linker map"
run map >"$built/constants.txt"
nm --demangle --print-size --defined-only "$built/$target/release/map" >"$built/map.txt"
while read -r name bytes; do
    size=$(awk -v name="::$name" '$NF ~ name "$" { print $2 }' "$built/map.txt")
    if [ $((16#$size)) != "$bytes" ]; then
        echo "$name: the constant is $bytes bytes, but the linker map has $((16#$size))" >&2
        exit 1
    fi
    echo "$name: $bytes bytes"
done <"$built/constants.txt"

echo "-- no panic path, no heap, no floating point in software, no double precision"
# Print the forbidden symbols of a program. Succeeds if there are any.
forbidden() { nm --demangle --defined-only "$1" | grep --extended-regexp --file=<(grep -v '^\(#\|$\)' forbidden.txt); }
build $target --bin links
if forbidden "$built/$target/release/links"; then
    echo "the program must not contain the symbols above" >&2
    exit 1
fi

echo "-- an index that may be out of bounds doesn't link"
if build $target --bin links --features index 2>"$built/index.txt"; then
    echo "it linked" >&2
    exit 1
fi
grep --quiet a_panic_path_is_left "$built/index.txt"

echo "-- links for a Cortex-M0 and for RISC-V"
build thumbv6m-none-eabi --bin links
build riscv32imc-unknown-none-elf --bin links

echo "-- code that computes addresses begins at a multiple of four"
for program in links digits map; do
    if nm "$built/$target/release/$program" | grep '^[0-9a-f]*[2367abef] .*dsp.*multiply_'; then
        echo "$program: the addresses in the function above are wrong by two" >&2
        exit 1
    fi
done

echo "-- costs"
./costs.sh >"$built/costs.md"
cat "$built/costs.md"
# The order of functions, and with it the count by a few instructions, depends on the folder of the crate. Another compiler may
# do better or worse, but not by much.
same=0
if [ "$(head -n 1 costs.md)" = "$(head -n 1 "$built/costs.md")" ]; then same=1; fi
paste -d '|' costs.md "$built/costs.md" | awk -F '|' -v same=$same '
    function wrong(old, new) {
        return same ? new > 1.02 * old + 16 || new < 0.98 * old - 16 : new > 1.25 * old + 16
    }
    $3 + 0 > 0 { for (i = 3; i <= 8; i++) if (wrong($i, $(i + 9))) { print "differs from costs.md:" $2 "(" $i "to" $(i + 9) ")"; bad = 1 } }
    END { exit bad }' || wrong=1
if [ -n "${wrong:-}" ]; then
    echo "the costs have changed; if that is intended, cp $built/costs.md costs.md" >&2
    exit 1
fi
if grep --invert-match --line-regexp --fixed-strings --file=README.md costs.md; then
    echo "the costs in README.md differ from costs.md" >&2
    exit 1
fi
