#!/usr/bin/env bash
# Builds the page into `dist`, to be served by any static file server: `python3 -m http.server --directory dist`.
set -euo pipefail
cd "$(dirname "$0")"
target=wasm32-unknown-unknown
rustup target list --installed | grep -qx "$target" || rustup target add "$target"

output=${CARGO_TARGET_DIR:-target}
mkdir -p dist
cp page/* dist

# Two modules, each with vectors and without.
build() {
    local name=$1 flags=$2 features=$3
    RUSTFLAGS="$flags" cargo build --release --quiet --lib --target "$target" --features "$features"
    cp "$output/$target/release/fnn_browser.wasm" "dist/$name.wasm"
}
build plane "" ""
build digits "" digits
build plane-simd "-C target-feature=+simd128" ""
build digits-simd "-C target-feature=+simd128" digits
cargo run --release --quiet --bin pictures -- dist/digits.bin
ls -l dist/*.wasm dist/digits.bin
