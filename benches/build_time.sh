#!/usr/bin/env bash
# How long crates with networks take to build, in debug and in release: seconds of processor time, with their dependencies already
# built. A network of 1, 10 or 50 dense layers; three from MLPerf Tiny; and 40 networks. Each is trained and runs inference. Beside
# it, what of it is generated code: the lines that `network!` expands to, and those of LLVM's intermediate representation before
# it is optimized.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR="$work/target" CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0

# Seconds of processor time of a command and its children.
seconds() { local TIMEFORMAT="%U %S"; { time "$@" >/dev/null 2>&1; } 2>&1 | awk '{printf "%.1f", $1 + $2}'; }

# Trains a network and runs inference: its name, its input, its output.
use_network() {
    echo "    let data: fnn::DataSet<$2, $3> = (0..8).map(|_| (fnn::layers::zeroed(), fnn::layers::zeroed())).collect();"
    echo "    let trainer = fnn::Trainer::new($1::boxed(1), fnn::losses::MeanSquaredError, fnn::optimizers::Sgd::new(0.1));"
    echo '    let trained = trainer.fit(&data).expect("trains");'
    echo '    println!("{:?}", trained.network.forward_all(data.inputs()).len());'
}

dense() {
    echo "fnn::network! { struct $1: [16] -> [16] {"
    for i in $(seq "$2"); do echo "layer$i: Dense(16), Relu,"; done
    echo "} }"
}

# Pairs of a depthwise and a pointwise convolution: the filters of the pointwise one, and the stride.
mobile_net() {
    echo "fnn::network! { struct MobileNet: [3, 96, 96] -> [2] {"
    echo "Conv2d(8, kernel = 3, stride = 2, padding = 1), BatchNorm, Relu,"
    for pair in "16 1" "32 2" "32 1" "64 2" "64 1" "128 2" "128 1" "128 1" "128 1" "128 1" "128 1" "256 2" "256 1"; do
        echo "DepthwiseConv2d(kernel = 3, stride = ${pair#* }, padding = 1), BatchNorm, Relu,"
        echo "Conv2d(${pair% *}, kernel = 1), BatchNorm, Relu,"
    done
    echo "GlobalAvgPool, Dense(2) } }"
}

program() {
    case $1 in
    dense-*)
        dense Net "${1#dense-}"
        echo "fn main() {"
        use_network Net "[f32; 16]" "[f32; 16]"
        ;;
    W7 | W8)
        echo "#[path = \"$root/benches/support/tiny.rs\"] #[allow(dead_code)] mod tiny;"
        echo "fn main() {"
        [ "$1" = W7 ] && use_network tiny::DsCnn "[[[f32; 10]; 49]; 1]" "[f32; 12]"
        [ "$1" = W8 ] && use_network tiny::ResNet8 "[[[f32; 32]; 32]; 3]" "[f32; 10]"
        ;;
    MobileNet-0.25)
        mobile_net
        echo "fn main() {"
        use_network MobileNet "[[[f32; 96]; 96]; 3]" "[f32; 2]"
        ;;
    networks-*)
        for network in $(seq "${1#networks-}"); do dense "Net$network" $((network % 4 + 1)); done
        echo "fn main() {"
        for network in $(seq "${1#networks-}"); do use_network "Net$network" "[f32; 16]" "[f32; 16]"; done
        ;;
    esac
    echo "}"
}

echo "| crate | debug, s | release, s | generated lines | lines of LLVM |"
echo "|---|---|---|---|---|"
for name in "${@:-dense-1 dense-10 dense-50 W7 W8 MobileNet-0.25 networks-40}"; do
    for name in $name; do
        crate="$work/$name"
        mkdir -p "$crate/src"
        printf '[package]\nname = "user"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[dependencies]\nfnn = { package = "fnn-typed", path = "%s" }\n' "$root" >"$crate/Cargo.toml"
        program "$name" >"$crate/src/main.rs"
        row="| $name |"
        for profile in "" "--release"; do
            # Build the dependencies first, so that they don't count.
            cargo build --quiet $profile --manifest-path "$crate/Cargo.toml" || exit 1
            touch "$crate/src/main.rs"
            row="$row $(seconds cargo build $profile --manifest-path "$crate/Cargo.toml") |"
        done
        # `-Zunpretty` is unstable.
        lines=$(RUSTC_BOOTSTRAP=1 cargo rustc --quiet --manifest-path "$crate/Cargo.toml" -- -Zunpretty=expanded 2>/dev/null | wc -l)
        cargo rustc --quiet --release --manifest-path "$crate/Cargo.toml" -- --emit=llvm-ir -C no-prepopulate-passes -C codegen-units=1 2>/dev/null
        llvm=$(cat "$work"/target/release/deps/user*.ll | wc -l)
        rm -f "$work"/target/release/deps/user*.ll
        echo "$row $lines | $llvm |"
    done
done
