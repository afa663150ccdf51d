#!/usr/bin/env bash
# Measures `costs` with 1, 2, 4 and 8 processes on this computer, and prints them beside the model of cost.
set -euo pipefail
cd "$(dirname "$0")"
cargo build --release --quiet --example costs --example model
programs=${CARGO_TARGET_DIR:-target}/release/examples
for ranks in 1 2 4 8; do
    mpirun --allow-run-as-root --oversubscribe -n $ranks "$programs/costs"
done | awk 'NR == 1 || $1 != "network"' >out/measured.tsv
"$programs/model" out/measured.tsv
