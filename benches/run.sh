#!/usr/bin/env bash
# All benchmarks, as tables: the workloads and their share of the peak, the kernels, how cost grows, how long a user's crate
# takes to build, and the peers side by side. `benches/run.sh W1 W4` runs only these workloads.
#
# PyTorch, JAX and ONNX Runtime take part where `python3`, or the interpreter that `PYTHON` names, has them.
set -euo pipefail
cd "$(dirname "$0")/.."
rustc --version
cargo bench --quiet --bench workloads -- "$@"
echo "Compiled for this processor:"
RUSTFLAGS="-C target-cpu=native" CARGO_TARGET_DIR=target/native cargo bench --quiet --bench workloads -- "${@:-W4}"
cargo bench --quiet --bench kernels
if [ $# = 0 ]; then
    cargo bench --quiet --bench growth
    benches/build_time.sh
fi
cargo run --quiet --release --manifest-path benches/peers/Cargo.toml -- "$@"
