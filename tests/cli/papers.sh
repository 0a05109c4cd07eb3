#!/bin/bash
# papers.sh - every file of configs/papers trains: a step of each phase's kind, at a sixteenth of the width,
# with 60 units a partition, on a few showers of its own geometry.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
for one in calochallenge{1_photons,1_pions,2,3} atlas_regular; do
    geometry=configs/geometries/$one.yaml
    showers 24 "$work/$one.h5"
done
small=(model.width=0.0625 "rbm.nodes=[60]" rbm.chains=8 rbm.sweeps=2 training.batch=12 training.micro_batch=0 training.logz_every=0 data.most=16)
for file in configs/papers/*.yaml; do
    name=$(basename "$file" .yaml)
    geometry=$(sed -n 's,.*configs/geometries/\(.*\).yaml,\1,p' "$file" | tail -n 1)
    run 1 train "$file" "${small[@]}" run.dir="$work/$name" "data.train=[$work/${geometry:-calochallenge2}.h5]" \
        "training.phases=[{mode: vae, epochs: 1}, {mode: rbm, epochs: 1}]"
    check "$name: exit 0" test $status -eq 0
    check "$name: a step of each kind" test "$(grep -c '"phase": "\(vae\|rbm\)", "ae"\|"phase": "rbm"' "$work/$name/metrics.jsonl")" -ge 2
done
must 2 generate generate.model="$work/zephyr-302" generate.showers=5 generate.sweeps=3 generate.output="$work/made.h5" run.dir="$work/gen"
check "a checkpoint knows its width" test "$("$python" -c 'import h5py, sys; print(h5py.File(sys.argv[1])["showers"].shape)' "$work/made.h5")" = "(5, 6480)"
run 1 train configs/papers/zephyr-302.yaml "${small[@]}" run.dir="$work/zephyr-302" "data.train=[$work/calochallenge2.h5]" model.width=0.125 \
    "training.phases=[{mode: vae, epochs: 1}, {mode: rbm, epochs: 1}]"
check "and goes on with no other" test $status -eq 1
check "a file for each result" test "$(ls configs/papers/*.yaml | wc -l)" -ge 18
finish papers
