#!/bin/bash
# mnist_500.sh [BUILD] [RANKS] - what `make mnist` runs: three machines trained on MNIST and judged.
# runs/mnist-cd25 (784 x 500 units, CD-k up to 25) must mix: every estimate of its ln Z agrees with
# every other, and its test log-likelihood is quoted. runs/mnist-pcd1 (784 x 500, persistent chains,
# one sweep) does not: on 1,000 even steps of beta the verdict must be "not converged". runs/mnist-16
# (784 x 16, exact ln Z) must reach the test log-likelihood that PyDeep's documentation gives. The exit
# status is 0 when all hold.
#
# A machine that is trained already is taken as it is; one that was stopped goes on. $RUNS (runs) is
# the folder of all, $MNIST (../shared/data/mnist) that of the idx files, $NICE a prefix of commands.
set -u
cd "$(dirname "$0")/../.." || exit 1
caloq=${1:-build}/caloq ranks=${2:-$(nproc)} runs=${RUNS:-runs} mnist=${MNIST:-../shared/data/mnist}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1 OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
unset OPENBLAS_CORETYPE
python=$(analysis/python.sh) || exit 1
images=$mnist/train-images-idx3-ubyte.gz
[ -r "$images" ] || { echo "mnist_500.sh: $images cannot be read; MNIST= names the folder of MNIST's idx.gz files" >&2; exit 1; }
mkdir -p "$runs" || exit 1

# timed FILE COMMAND...: seconds on the wall and of all processors go to FILE, one line a command
timed() {
    local file=$1 TIMEFORMAT='%R %U %S'; shift
    { time ${NICE:-} "$@" > "$runs/said" 2>&3; } 3>&2 2> "$runs/took" || { echo "mnist_500.sh: $* failed" >&2; exit 1; }
    cat "$runs/took" >> "$file"
}

# train NAME CONFIG [KEY=VALUE ...]: until its result is there
train() {
    local folder=$runs/$1 config=configs/$2.yaml; shift 2
    [ -s "$folder/train.result.json" ] && return
    mkdir -p "$folder"
    timed "$folder/train.seconds" mpirun -n "$ranks" "$caloq" train "$config" run.dir="$folder" data.train="[$images]" "$@"
}

# logz MACHINE NAME [KEY=VALUE ...]: 100 chains, into runs/MACHINE/NAME.result.json
logz() {
    local machine=$1 name=$2; shift 2
    [ "$runs/$machine/$name.result.json" -nt "$runs/$machine/best.h5" ] && return
    timed "$runs/$machine/logz.seconds" mpirun -n "$ranks" "$caloq" logz configs/logz.yaml logz.model="$runs/$machine" run.dir="$runs/$machine" \
        run.name="$name" logz.chains=100 logz.burn="${BURN:-5000}" "$@"
}
theirs=(logz.schedule="${SCHEDULE:-salakhutdinov}" rbm.precision=int16) # 14,500 steps

train mnist-16 mnist rbm.nodes='[784, 16]' rbm.chains=100
logz mnist-16 exact logz.method=exact
for machine in mnist-pcd1 mnist-cd25; do train $machine $machine; done
logz mnist-pcd1 thousand logz.method=both logz.betas=1000 rbm.precision=int16
logz mnist-cd25 both logz.method=both "${theirs[@]}"
logz mnist-cd25 bar logz.method=bar "${theirs[@]}"
for method in stepping ti population; do logz mnist-cd25 $method logz.method=$method logz.schedule="${SCHEDULE:-salakhutdinov}"; done
peer=$runs/mnist-cd25/numpy.json
[ "$peer" -nt "$runs/mnist-cd25/best.h5" ] || "$python" tests/peers/ais_numpy.py --file "$runs/mnist-cd25/best.h5" --threads "$ranks" \
    --images "$images" > "$peer" || exit 1
"$python" tests/peers/mnist_500.py "$runs" "$mnist"
