#!/usr/bin/env bash
# The core needs neither std nor alloc: builds and runs a program that has neither, and fails where it takes anything
# from the system but these functions of the C library. For Linux.
set -euo pipefail
cd "$(dirname "$0")"
allowed='^(__libc_start_main|abort|bcmp|memcmp|memcpy|memmove|memset)$'

cargo build --release --quiet
program=${CARGO_TARGET_DIR:-target}/release/fnn-no-std

taken=$(nm --dynamic --undefined-only "$program" | awk '$1 == "U" { sub(/@.*/, "", $2); print $2 }' | sort -u)
if wrong=$(grep -Ev "$allowed" <<<"$taken"); then
    echo "the program without std and alloc takes from the system:" $wrong >&2
    exit 1
fi
if inside=$(nm "$program" | grep -E '__rust_alloc|__rdl_|__rg_|malloc'); then
    echo "the program without alloc has an allocator in it:" "$inside" >&2
    exit 1
fi
"$program" || { echo "the program without std and alloc ended with $?" >&2; exit 1; }
echo "no_std without alloc: builds, links, learns and passes its gradient check; takes only" $taken
