#!/bin/bash
# bench.sh [BUILD] [SECONDS] - caloq's own figures, and the same work in NumPy and PyTorch, one after
# another on the same cores: what `make bench` runs. SECONDS: time for each figure.
#
# caloq bench runs alone and then, for annealed importance sampling, on all cores with a rank each; the
# twins get one thread, and as many as there are cores. The last line is one object of JSON.
set -u
cd "$(dirname "$0")/../.." || exit 1
caloq=${1:-build}/caloq seconds=${2:-1} cores=$(nproc)
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
unset OPENBLAS_CORETYPE
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

# say FILE COMMAND...: what a person reads goes to the terminal, the last line to FILE
say() { local file=$1; shift; "$@" | tail -1 > "$work/$file" && [ -s "$work/$file" ] || { echo "bench.sh: $* failed" >&2; exit 1; }; }
quick=(configs/bench.yaml "bench.seconds=$seconds" "run.dir=$work/run")

uptime >&2
say alone.json "$caloq" bench "${quick[@]}"
[ "$cores" -gt 1 ] && say all.json mpirun -n "$cores" "$caloq" bench "${quick[@]}" bench.what=logz
if python=$(analysis/python.sh); then
    say gibbs.json "$python" tests/peers/gibbs_torch.py --seconds "$seconds"
    say ais1.json "$python" tests/peers/ais_numpy.py --seconds "$seconds" --threads 1
    [ "$cores" -gt 1 ] && say ais2.json "$python" tests/peers/ais_numpy.py --seconds "$seconds" --threads "$cores"
    say train.json "$python" tests/peers/train_torch.py "$caloq"
    "$python" tests/peers/compare.py "$work"
else
    echo "bench.sh: no Python with NumPy, so no peers" >&2
    cat "$work/alone.json"
fi
