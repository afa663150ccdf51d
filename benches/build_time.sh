#!/usr/bin/env bash
# How long a crate with a network of 1, 10 or 50 dense layers takes to build, in debug and in release: the first build, with its
# dependencies already built, and a rebuild after its file was touched. And how many lines `network!` generates.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR="$work/target" CARGO_TERM_COLOR=never

seconds() { local start; start=$(date +%s.%N); "$@" >/dev/null 2>&1; echo "$(date +%s.%N) $start" | awk '{printf "%.1f", $1 - $2}'; }

echo "| layers | debug, s | rebuild, s | release, s | rebuild, s | generated lines |"
echo "|---|---|---|---|---|---|"
for layers in 1 10 50; do
    crate="$work/user$layers"
    mkdir -p "$crate/src"
    printf '[package]\nname = "user%s"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[dependencies]\nfnn = { package = "fnn-typed", path = "%s" }\n' "$layers" "$root" >"$crate/Cargo.toml"
    {
        echo "fnn::network! { struct Net: [16] -> [16] {"
        for i in $(seq "$layers"); do echo "layer$i: Dense(16), Relu,"; done
        echo "} }"
        echo "fn main() {"
        echo "    let data: fnn::DataSet<[f32; 16], [f32; 16]> = (0..8).map(|_| ([1.0; 16], [0.5; 16])).collect();"
        echo "    let trainer = fnn::Trainer::new(Net::seeded(1), fnn::losses::MeanSquaredError, fnn::optimizers::Sgd::new(0.1));"
        echo '    println!("{:?}", trainer.fit(&data).map(|trained| trained.history.epochs.len()).ok());'
        echo "}"
    } >"$crate/src/main.rs"
    row="| $layers |"
    for profile in "" "--release"; do
        # Build the dependencies first, so that they don't count.
        cargo build $profile --manifest-path "$crate/Cargo.toml" >/dev/null 2>&1
        cargo clean $profile -p "user$layers" --manifest-path "$crate/Cargo.toml" >/dev/null 2>&1
        row="$row $(seconds cargo build $profile --manifest-path "$crate/Cargo.toml") |"
        touch "$crate/src/main.rs"
        row="$row $(seconds cargo build $profile --manifest-path "$crate/Cargo.toml") |"
    done
    # `-Zunpretty` is unstable.
    lines=$(RUSTC_BOOTSTRAP=1 cargo rustc --quiet --manifest-path "$crate/Cargo.toml" -- -Zunpretty=expanded 2>/dev/null | wc -l)
    echo "$row $lines |"
done
