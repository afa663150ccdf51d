#!/usr/bin/env bash
# All benchmarks, as tables: the workloads and their share of the peak, the kernels, and the peers side by side.
# `benches/run.sh W1 W4` runs only these workloads.
set -euo pipefail
cd "$(dirname "$0")/.."
rustc --version
cargo bench --quiet --bench workloads -- "$@"
cargo bench --quiet --bench kernels
cargo run --quiet --release --manifest-path benches/peers/Cargo.toml -- "$@"
