#!/usr/bin/env bash
# How long a user's crate takes to build: networks of 1, 10 and 50 dense layers, in debug and in release, from scratch
# (dependencies built already) and after the user's file was touched; and how many lines `network!` writes.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR="$work/target" CARGO_TERM_COLOR=never

seconds() { local start; start=$(date +%s.%N); "$@" >/dev/null 2>&1; echo "$(date +%s.%N) $start" | awk '{printf "%.1f", $1 - $2}'; }

echo "| layers | debug, s | again, s | release, s | again, s | generated lines |"
echo "|---|---|---|---|---|---|"
for layers in 1 10 50; do
    crate="$work/user$layers"
    mkdir -p "$crate/src"
    printf '[package]\nname = "user%s"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[dependencies]\nfnn = { path = "%s" }\n' "$layers" "$root" >"$crate/Cargo.toml"
    {
        echo "fnn::network! { struct Net: [16] -> [16] {"
        for i in $(seq "$layers"); do echo "layer$i: Dense(16), Relu,"; done
        echo "} }"
        echo "fn main() {"
        echo "    let data: fnn::DataSet<[f32; 16], [f32; 16]> = (0..8).map(|_| ([1.0; 16], [0.5; 16])).collect();"
        echo "    let trainer = fnn::Trainer::new(Net::seeded(1), fnn::MeanSquaredError, fnn::Sgd::new(0.1));"
        echo '    println!("{:?}", trainer.fit(&data).map(|trained| trained.history.epochs.len()).ok());'
        echo "}"
    } >"$crate/src/main.rs"
    row="| $layers |"
    for profile in "" "--release"; do
        # The dependencies first: they are built once, whoever uses them.
        cargo build $profile --manifest-path "$crate/Cargo.toml" >/dev/null 2>&1
        cargo clean $profile -p "user$layers" --manifest-path "$crate/Cargo.toml" >/dev/null 2>&1
        row="$row $(seconds cargo build $profile --manifest-path "$crate/Cargo.toml") |"
        touch "$crate/src/main.rs"
        row="$row $(seconds cargo build $profile --manifest-path "$crate/Cargo.toml") |"
    done
    # What the compiler shows only where it may use what isn't stable.
    lines=$(RUSTC_BOOTSTRAP=1 cargo rustc --quiet --manifest-path "$crate/Cargo.toml" -- -Zunpretty=expanded 2>/dev/null | wc -l)
    echo "$row $lines |"
done
