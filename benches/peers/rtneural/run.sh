#!/usr/bin/env bash
# The workloads in RTNeural: builds it from its source in the folder `RTNEURAL`, with each of its backends and for this processor,
# and prints a line per workload, that of the fastest backend. Prints nothing if the folder or a compiler is missing.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
source="${RTNEURAL:-}"
[ -f "$source/RTNeural/RTNeural.h" ] && command -v "${CXX:-c++}" >/dev/null || exit 0

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
build() {
    local name=$1
    shift
    "${CXX:-c++}" -std=c++17 -O3 -march=native -DNDEBUG -I"$source" "$@" \
        "$here/workloads.cpp" -o "$work/$name" 2>/dev/null || return 0
}
build stl -DRTNEURAL_DEFAULT_ALIGNMENT=64 &
build eigen -DRTNEURAL_DEFAULT_ALIGNMENT=32 -DRTNEURAL_USE_EIGEN=1 -I"$source/modules/Eigen" &
build xsimd -DRTNEURAL_DEFAULT_ALIGNMENT=64 -DRTNEURAL_USE_XSIMD=1 -I"$source/modules/xsimd/include" &
wait
for program in "$work"/*; do
    [ -x "$program" ] && echo "${program##*/}: $("$program" | tee -a "$work.lines" | tr '\n' ' ')" >&2
done
# The largest figure of each workload.
sort -k1,1 -k2,2gr "$work.lines" | awk '!seen[$1]++'
rm -f "$work.lines"
