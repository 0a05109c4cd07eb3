#!/bin/bash
# transforms.sh - how voxels become network units, from training to generation: standardisation by
# voxel as numpy fits it, noise on hits, the readout threshold; a model's transform is its own.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

showers 300 "$work/showers.h5"
for kind in logit log1p gev; do
    must 1 train "$work/train.yaml" run.dir="$work/$kind" data.transform=$kind data.standardise=true
    check "$kind: mean, std and lift are numpy's" "$python" tests/cli/transforms.py "$work/showers.h5" "$work/$kind/best.h5" $kind 0
    must 1 generate generate.model="$work/$kind" generate.showers=100 generate.output="$work/g.h5" run.dir="$work/gen"
    check "$kind: generated hits are as bright as real ones" "$python" tests/cli/transforms.py energies "$work/showers.h5" "$work/g.h5" $kind
done
must 1 train "$work/train.yaml" run.dir="$work/cut" data.standardise=true data.threshold=true
check "below the threshold there is nothing to fit" "$python" tests/cli/transforms.py "$work/showers.h5" "$work/cut/best.h5" logit 0.0151515
must 3 train "$work/train.yaml" run.dir="$work/logit3" data.standardise=true
check "the fit at 3 ranks" "$python" tests/cli/transforms.py "$work/showers.h5" "$work/logit3/best.h5" logit 0

# a voxel that is never hit: one sentence
must 1 train "$work/train.yaml" run.dir="$work/few" data.standardise=true data.most=1 training.batch=1
check "voxels never hit are told of, once" test "$(grep -c 'voxels are never hit in the training events' "$work/err")" -eq 1

# noise on hits changes the course and not the mask; it is the same on any ranks and after a stop
noisy=(training.optimiser=sgd training.learning_rate=1e-5 training.schedule=constant data.standardise=true)
for n in 1 3; do must $n train "$work/train.yaml" run.dir="$work/noisy$n" data.noise=0.3 "${noisy[@]}"; done
must 1 train "$work/train.yaml" run.dir="$work/quiet" "${noisy[@]}"
look "noise at 3 ranks: losses to 1e-3" metrics "$work/noisy1/metrics.jsonl" "$work/noisy3/metrics.jsonl" 1e-3
look "with noise another course" not metrics "$work/noisy1/metrics.jsonl" "$work/quiet/metrics.jsonl" 1e-3
for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
    run 1 train "$work/train.yaml" run.dir="$work/halves" data.noise=0.3 "${noisy[@]}" run.walltime=1e-9
    [ $status -eq 75 ] || break
done
check "stopped after each of 12 steps but the last" test $turn -eq 12 -a $status -eq 0
look "stopped and gone on: the same bits" same "$work/noisy1/checkpoint-2.h5" "$work/halves/checkpoint-2.h5" but=/config,/progress

# a transform belongs to its model
refuse() { # WORDS COMMAND KEY=VALUE...
    run 1 "${@:2}"
    check "'$1' is said" grep -q -- "$1" "$work/err"
    check "... and the status is not 0" test $status -ne 0
}
generate=(generate generate.model="$work/logit" generate.showers=5 generate.output="$work/g.h5" run.dir="$work/gen")
refuse "data.transform is gev, but the model in .* was trained with logit" "${generate[@]}" data.transform=gev
refuse "data.standardise is false, but the model in .* was trained with true" "${generate[@]}" data.standardise=false
refuse "data.threshold is true, but the model in .* was trained with false" encode encode.model="$work/logit" data.test="[$work/showers.h5]" encode.output="$work/e.h5" run.dir="$work/enc" data.threshold=true
must 1 "${generate[@]}" data.transform=logit data.standardise=true
refuse "data.standardise differs from the checkpoint" train "$work/train.yaml" run.dir="$work/logit" training.epochs=3
refuse "data.log1p differs from the checkpoint" train "$work/train.yaml" run.dir="$work/log1p" data.transform=log1p data.standardise=true data.log1p=2e-3 training.epochs=3
refuse "has the output spread, which wants logarithms" train "$work/train.yaml" run.dir="$work/no" data.standardise=true model.architecture=configs/architectures/fcn-small.yaml
finish transforms
