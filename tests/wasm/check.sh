#!/usr/bin/env bash
# WebAssembly without imports: inference, a custom training loop and the trainer run in Node, with the default features, and with
# vectors, and give the bits of all processors without fused multiply-adds. Skipped without the target or Node. `check.sh all`
# also runs trainings that take long to compile.
set -euo pipefail
cd "$(dirname "$0")"
target=wasm32-unknown-unknown

skip() { echo "skipped: $*"; exit 0; }

command -v node >/dev/null || skip "no Node"
rustup target list --installed 2>/dev/null | grep -qx "$target" || timeout 300 rustup target add "$target" >/dev/null 2>&1 ||
    skip "no target $target"

features=("${@/#/--features=}")
output=${CARGO_TARGET_DIR:-target}
run() {
    local instructions=$1 flags=$2
    shift 2
    RUSTFLAGS="$flags" cargo build --release --quiet --lib --target "$target" "$@" "${features[@]}"
    node run.mjs "$output/$target/release/fnn_wasm.wasm" "$instructions"
}
run plain ""
run simd128 "-C target-feature=+simd128" --no-default-features --features few
