#!/usr/bin/env bash
# Runs all benchmarks and prints their tables: the workloads as a fraction of the peak, the kernels, int8, growth with size, build times,
# and the comparison with other libraries. `benches/run.sh W1 W4` runs only these workloads.
#
# PyTorch, JAX and ONNX Runtime are included if they are installed for `python3`, or for the interpreter in `PYTHON`.
set -euo pipefail
cd "$(dirname "$0")/.."
rustc --version
cargo bench --quiet --bench workloads -- "$@"
echo "With target-cpu=native:"
RUSTFLAGS="-C target-cpu=native" CARGO_TARGET_DIR=target/native cargo bench --quiet --bench workloads -- "${@:-W4}"
cargo bench --quiet --bench kernels
cargo bench --quiet --bench int8
if [ $# = 0 ]; then
    cargo bench --quiet --bench growth
    benches/build_time.sh
fi
cargo run --quiet --release --manifest-path benches/peers/Cargo.toml -- "$@"
