#!/usr/bin/env bash
# Builds and runs a program with neither std nor alloc, and fails if it imports anything but these functions of the C library. For
# Linux.
set -euo pipefail
cd "$(dirname "$0")"
allowed='^(__libc_start_main|abort|bcmp|memcmp|memcpy|memmove|memset)$'

cargo build --release --quiet
program=${CARGO_TARGET_DIR:-target}/release/fnn-no-std

taken=$(nm --dynamic --undefined-only "$program" | awk '$1 == "U" { sub(/@.*/, "", $2); print $2 }' | sort -u)
if wrong=$(grep -Ev "$allowed" <<<"$taken"); then
    echo "the program without std and alloc imports:" $wrong >&2
    exit 1
fi
if inside=$(nm "$program" | grep -E '__rust_alloc|__rdl_|__rg_|malloc'); then
    echo "the program without alloc contains an allocator:" "$inside" >&2
    exit 1
fi
"$program" || { echo "the program without std and alloc exited with $?" >&2; exit 1; }
echo "no_std without alloc: builds, links, learns and passes its gradient check; imports only" $taken
