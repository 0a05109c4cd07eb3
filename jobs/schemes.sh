#!/bin/bash
# schemes.sh - trains one small model by every published scheme (training.preset) on the same showers,
# and draws them side by side: RUN_DIR/schemes.html.
#
#   jobs/schemes.sh [RUN_DIR] [section.key=value ...]
#   RANKS=8 jobs/schemes.sh runs/schemes data.geometry=configs/geometries/calochallenge2.yaml rbm.nodes='[302, 302, 302, 302]'
#
# 24 to 32 epochs of 25 steps stand for the slides' 200 epochs of 781, so steps are larger than theirs:
# .001 for the networks, .02 for the machine's own gradient; `old` has one Adam and one rate for all.
# `old-fixed` is `old` as its published code ran: large couplings that no update reaches (the program
# held copies of them; here the machine's rate is 0).
set -euo pipefail
cd "$(dirname "$0")/.."
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
unset OPENBLAS_CORETYPE
run=${1:-runs/schemes}
[ $# -gt 0 ] && shift
geometry=configs/geometries/tiny.yaml
for word in "$@"; do case $word in data.geometry=*) geometry=${word#*=} ;; esac; done
mkdir -p "$run"
caloq() { ${RANKS:+mpirun -n "$RANKS"} "${CALOQ:-build/caloq}" "$@" >> "$run/jobs.log" 2>&1 || { tail -n 5 "$run/jobs.log" >&2; exit 1; }; }
train() { # NAME KEY=VALUE ...
    local name=$1; shift
    echo "== $name"
    caloq train configs/schemes.yaml run.dir="$run/$name" data.train="[$run/train.h5]" "$@"
}

[ -e "$run/train.h5" ] || caloq synth synth.geometry="$geometry" synth.showers=4000 synth.output="$run/train.h5" run.dir="$run"
train old training.preset=old rbm.learning_rate=0.001 "$@"
train old-fixed training.preset=old rbm.learning_rate=0 rbm.weight_std=1 "$@"
train slides training.preset=slides rbm.learning_rate=0.02 "$@"
train slides+positive training.preset=slides+positive rbm.learning_rate=0.02 "$@"
train ae-first training.preset=ae-first rbm.learning_rate=0.02 \
    training.phases='[{mode: ae, epochs: 16}, {mode: rbm, epochs: 8, from: best}, {mode: vae, epochs: 8}]' "$@"
"$(analysis/python.sh)" analysis/schemes.py "$run" -o "$run/schemes.html"
