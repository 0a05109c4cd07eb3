#!/bin/bash
# sampler.sh - rbm.precision and rbm.sampler: the same bits from sums and look-ups and for any number
# of ranks, another machine's bits in int16, the machine's own ln Z from its image's chains.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

"$python" - "$work" <<'END'
import h5py, numpy as np, sys
with h5py.File(sys.argv[1] + "/rows.h5", "w") as f:
    f["samples"] = (np.random.default_rng(5).random((150, 24)) < np.linspace(.1, .9, 24)).astype(np.int8)
END
train=(training.mode=rbm training.batch=70 training.epochs=3 run.seed=3 data.kind=hdf5 data.binarise=none
    data.train="[$work/rows.h5]" rbm.partitions=3 rbm.nodes='[12, 12, 6]' rbm.clamped=-1 rbm.chains=150
    rbm.sweeps=3 rbm.weight_std=0.4)
machine() { must "$1" train "${train[@]}" run.dir="$work/$2" "${@:3}"; }

machine 1 float
machine 1 int rbm.precision=int16
machine 3 add rbm.precision=int16 rbm.sampler=add run.kernels=base
machine 2 sgemm rbm.sampler=sgemm
look "look-ups are sums, on any number of ranks" same "$work/int/checkpoint-3.h5" "$work/add/checkpoint-3.h5" but=/config
look "a grid is not the machine" not same "$work/int/checkpoint-3.h5" "$work/float/checkpoint-3.h5" only=/rbm
run 1 train "${train[@]}" run.dir="$work/int" training.epochs=4
check "another precision is refused by name" grep -q rbm.precision "$work/err"
run 2 train "${train[@]}" run.dir="$work/no" rbm.sampler=lookup
check "look-ups in float32 are refused" grep -q "sampler lookup in float32: expected int16" "$work/err"

z=(logz.model="$work/float" logz.chains=640 logz.betas=200 logz.energies='[]' logz.burn=200)
must 2 logz "${z[@]}" run.dir="$work/z" logz.method=both rbm.precision=int16
cp "$work/out" "$work/image"
must 1 logz "${z[@]}" run.dir="$work/y" logz.method=exact
check "ln Z by the image's chains is the machine's" "$python" - "$work" <<'END'
import json, sys
i, x = (json.loads(open(sys.argv[1] + "/" + n).read().splitlines()[-1]) for n in ("image", "out"))
assert abs(i["logz"] - x["logz"]) < 4 * i["error"] < .1, (i, x)
END
run 1 logz "${z[@]}" run.dir="$work/t" logz.method=ti rbm.precision=int16
check "an integral over the image's path is refused" grep -q "logz.method is ti" "$work/err"
finish sampler
