#!/usr/bin/env bash
# Builds the page and uses it in a browser: `check.sh [FOLDER]` also takes pictures of it. Skipped without Node or Chromium.
set -euo pipefail
cd "$(dirname "$0")"

skip() { echo "skipped: $*"; exit 0; }

command -v node >/dev/null || skip "no Node"
if ! browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome); then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && timeout 300 apt-get install --yes --quiet chromium >/dev/null 2>&1 ||
        skip "no Chromium"
    browser=$(command -v chromium)
fi

cargo test --release --quiet --features digits
./build.sh
output=${CARGO_TARGET_DIR:-target}
(cd ../.. && cargo run --quiet --example by_hand) >"$output/by_hand.txt"
node test/page.mjs "$browser" dist "$output/by_hand.txt" "$@"
