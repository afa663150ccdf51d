#!/usr/bin/env bash
# Trains with 1, 2, 4 and 8 processes, and compares the bits of the weights with those of a training without MPI; kills a
# process in the middle of a training, and resumes it with another number. Says what is missing where there is no MPI.
set -euo pipefail
cd "$(dirname "$0")"

missing=()
command -v mpirun >/dev/null || missing+=(openmpi-bin)
command -v mpicc >/dev/null || missing+=(libopenmpi-dev)
compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || command -v llvm-config >/dev/null || missing+=(libclang-dev)
if [ ${#missing[@]} -gt 0 ]; then
    echo "fnn-mpi: not checked, because MPI is not installed. On Debian: apt-get install ${missing[*]}"
    exit 0
fi

# The library was built there for other checks.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/../target}
cargo build --release --quiet --example distributed
program=$CARGO_TARGET_DIR/release/examples/distributed
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# With more ranks than processors, and in containers, where everything runs as root.
mpi=(mpirun --allow-run-as-root --oversubscribe)
weights() { grep -o '^weights [0-9a-f]*'; }

for network in "" --convolutional; do
    options=(--samples 2000 --epochs 1 --batch 600 $network)
    alone=$("$program" --alone "${options[@]}" 2>/dev/null | weights)
    for ranks in 1 2 4 8; do
        found=$("${mpi[@]}" -n $ranks "$program" "${options[@]}" 2>/dev/null | weights)
        [ "$found" = "$alone" ] || { echo "fnn-mpi: $ranks ranks${network:+, $network}: $found, expected $alone" >&2; exit 1; }
    done
    echo "fnn-mpi: ${network:---dense}: 1, 2, 4 and 8 ranks train to the bits of one process"
done

# One rank is killed after the first checkpoint, and MPI ends the others.
options=(--samples 2000 --epochs 3 --batch 64)
alone=$("$program" --alone "${options[@]}" 2>/dev/null | weights)
"${mpi[@]}" -n 4 "$program" "${options[@]}" --checkpoint "$folder/run" >/dev/null 2>&1 &
parent=$!
until compgen -G "$folder/run/step-*" >/dev/null; do
    kill -0 $parent 2>/dev/null || { echo "fnn-mpi: the training ended without a checkpoint" >&2; exit 1; }
    sleep 0.05
done
kill -KILL "$(pgrep -P $parent | tail -1)"
if wait $parent; then
    echo "fnn-mpi: the training went on without one of its ranks" >&2
    exit 1
fi
last=$(ls "$folder/run" | grep '^step-[0-9]*.safetensors$' | sort | tail -1)
resumed=$("${mpi[@]}" -n 2 "$program" "${options[@]}" --checkpoint "$folder/run" 2>"$folder/log" | weights)
grep -q "^resumed from .*$last" "$folder/log" || { cat "$folder/log" >&2; exit 1; }
[ "$resumed" = "$alone" ] || { echo "fnn-mpi: resumed with 2 ranks: $resumed, expected $alone" >&2; exit 1; }
echo "fnn-mpi: 4 ranks, of which one was killed ($last), resumed with 2: the same bits"

"${mpi[@]}" -n 2 "$program" --sweep --samples 500 --epochs 1 2>/dev/null | grep -q settings
echo "fnn-mpi: 2 ranks share a sweep"
