#!/usr/bin/env bash
# Draws layers from a seed, measures each beside PyTorch and ONNX Runtime in two alternating runs, and reports:
# benches/sweep/run.sh SEED LAYERS. Results, all rows and a picture: target/sweep/SEED/.
#
# The peers are included if they are installed for `python3`, or for the interpreter in `PYTHON`.
set -euo pipefail
cd "$(dirname "$0")"
seed=${1:-1} count=${2:-400}
target=$(realpath -m "${CARGO_TARGET_DIR:-../../target}")
folder=$target/sweep/$seed
sweep() { cargo run --quiet --release --target-dir "$target/sweep/tool" -- "$1" "$seed" "$count" "$folder"; }
mkdir -p "$folder"
sweep draw
cargo build --quiet --release --manifest-path "$folder/Cargo.toml" --target-dir "$target/sweep/layers"
rm -f "$folder"/{fnn,peers}.txt
for _ in 1 2; do
    for program in "$folder"/src/bin/*.rs; do
        "$target/sweep/layers/release/$(basename "$program" .rs)" >> "$folder/fnn.txt"
    done
    "${PYTHON:-python3}" peers.py "$folder/layers.jsonl" >> "$folder/peers.txt" || true
done
sweep report
