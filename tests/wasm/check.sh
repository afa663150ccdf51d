#!/usr/bin/env bash
# WebAssembly without imports, with the default features: inference, a custom training loop and the trainer run in Node, and give
# the same bits as the host without SIMD. Skipped without the target or Node.
set -euo pipefail
cd "$(dirname "$0")"
target=wasm32-unknown-unknown

skip() { echo "skipped: $*"; exit 0; }

command -v node >/dev/null || skip "no Node"
rustup target list --installed 2>/dev/null | grep -qx "$target" || timeout 300 rustup target add "$target" >/dev/null 2>&1 ||
    skip "no target $target"

output=${CARGO_TARGET_DIR:-target}
cargo build --release --quiet --lib --target "$target"
cargo run --release --quiet --no-default-features --features plain --bin host >"$output/host.json"
node compare.mjs "$output/$target/release/fnn_wasm.wasm" "$output/host.json"
