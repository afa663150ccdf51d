#!/usr/bin/env bash
# Builds the book into `book/dist`, its Chinese translation into `book/dist/zh`, the documentation that they link to into
# `book/dist/api`, and the page that they embed into `book/dist/page`. Fails at a broken link. Installs mdBook and the link
# checker from crates.io if they are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

# The first line of `NAME --version` names the version; another one would print other pages.
have() { command -v "$1" >/dev/null && "$1" --version | grep -q "$2"; }
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
export PATH="$target/tools/bin:$PATH"
# Optimized little or not at all: they take longer to build than to run.
install() { cargo install --quiet --locked --root "$target/tools" "$@"; }
have mdbook "v0.5.4" || install --debug --no-default-features --features search mdbook@0.5.4
have hyperlink "0.3.2" || CARGO_PROFILE_RELEASE_OPT_LEVEL=1 install hyperlink@0.3.2

mdbook build book
mdbook build book/zh
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --package fnn-typed
cp -r "$target/doc" book/dist/api
examples/browser/build.sh >/dev/null
cp -r examples/browser/dist book/dist/page

# Links within the pages that rustdoc writes are not ours to check.
links=$(hyperlink book/dist --check-anchors || true)
broken=$(sed -n '/^book\/dist\/api/,/^$/!p' <<<"$links" | grep -A1 '^book/dist/' || true)
if [ -n "$broken" ]; then
    printf '%s\n' "$broken"
    exit 1
fi
echo "book: book/dist/index.html, and book/dist/zh/index.html in Chinese"
