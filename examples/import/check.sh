#!/usr/bin/env bash
# Checks the example: the network is imported and trained further, the int8 network runs on a Cortex-M4F under QEMU, and, where
# Python (`PYTHON`, or `python3`) has onnxruntime, what was exported gives the same there.
set -euo pipefail
cd "$(dirname "$0")"
. ../firmware/toolchain.sh
cargo run --quiet --release --features host --bin train
target=thumbv7em-none-eabihf
target_flags $target
timeout 300 cargo run --quiet --release "${CARGO_FLAGS[@]}" --target $target --features device --bin device </dev/null
python=${PYTHON:-python3}
if "$python" -c "import numpy, onnxruntime" 2>/dev/null; then
    "$python" lenet.py ../../data/mnist check trained.onnx
    "$python" lenet.py ../../data/mnist check quantized.onnx scores.bin
else
    echo "skipped: $python has no onnxruntime (pip install onnxruntime)"
fi
