#!/usr/bin/env bash
# Writes the header, `include/flowers.h`, from the library. With `--check`, compares them.
set -euo pipefail
cd "$(dirname "$0")"
generate() { cargo run --quiet --manifest-path header/Cargo.toml -- "$1"; }

if [ "${1:-}" != --check ]; then
    generate include/flowers.h
    exit
fi
generated=$(mktemp)
trap 'rm -f "$generated"' EXIT
generate "$generated"
diff include/flowers.h "$generated" || { echo "include/flowers.h differs from src/lib.rs: ./header.sh" >&2; exit 1; }
