#!/usr/bin/env bash
# Runs all benchmarks and prints their tables, those of BENCHMARKS.md: fnn beside other libraries, with the processor's best
# instruction set and with AVX-512 masked; the kernels, growth with size, build times. `benches/run.sh W1 W4` runs only these
# workloads, and nothing else.
#
# PyTorch, JAX and ONNX Runtime are included if they are installed for `python3`, or for the interpreter in `PYTHON`; RTNeural,
# if `RTNEURAL` names the folder of its source. With `RESUME=folder`, what each library printed is kept there, and a run that was
# interrupted goes on where it was.
set -euo pipefail
cd "$(dirname "$0")/.."
rustc --version
# All are built before anything is measured.
cargo bench --quiet --no-run --bench workloads --bench kernels --bench growth
cargo build --quiet --release --manifest-path benches/peers/Cargo.toml

section() { printf '\n## %s\n\n' "$*"; }

section "Side by side"
cargo run --quiet --release --manifest-path benches/peers/Cargo.toml -- "$@"
if grep -q avx512f /proc/cpuinfo 2>/dev/null; then
    section "Without AVX-512"
    INSTRUCTIONS=avx2 cargo run --quiet --release --manifest-path benches/peers/Cargo.toml -- "$@"
fi
section "Small networks, built for this processor"
RUSTFLAGS="-C target-cpu=native" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/native" cargo bench --quiet --bench workloads -- "${@:-W4}"
[ $# = 0 ] || exit 0

section "Kernels"
cargo bench --quiet --bench kernels
section "How cost grows"
cargo bench --quiet --bench growth
section "Build time"
benches/build_time.sh
