#!/bin/bash
# quick
# judge.sh - the figures of evaluate against numpy, which reads nothing but the two shower files:
# precision and its kin, correlation matrices, Wasserstein's distances, resolution, error laws. The
# same for 1, 2 and 3 ranks.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

showers 330 "$work/reference.h5" run.seed=1
showers 290 "$work/generated.h5" run.seed=2
"$python" tests/cli/judge.py spoil "$work"
judge=(evaluate evaluate.geometry=$geometry evaluate.reference="$work/reference.h5" evaluate.fpd_min=50 evaluate.fpd_max=100 evaluate.kpd_batch=50 evaluate.correlations=all)
for n in 1 2 3; do
    must $n "${judge[@]}" evaluate.generated="$work/generated.h5" run.dir="$work/ranks$n"
done
must 2 "${judge[@]}" evaluate.generated="$work/spoilt.h5" evaluate.paired=true evaluate.prdc=100 evaluate.prdc_k=3 evaluate.correlations=none run.dir="$work/paired"
"$python" tests/cli/judge.py judge "$work" > "$work/judged" 2>&1
passed=$((passed + $(grep -cx ok "$work/judged"))) failed=$((failed + $(grep -vcx ok "$work/judged")))
grep -vx ok "$work/judged"
check "the judge came to its end" test "$(grep -cx ok "$work/judged")" -ge 50

# a sample of its own is told from itself by nobody; layers in another order by everybody
small=(evaluate.classifier=configs/architectures/classifier-small.yaml evaluate.classifier_epochs=8 evaluate.classifier_batch=50 evaluate.classifier_rate=3e-3 evaluate.prdc=0 evaluate.correlations=none)
"$python" tests/cli/judge.py shuffle "$work"
must 1 synth synth.geometry=configs/geometries/calochallenge1_photons.yaml synth.showers=120 synth.output="$work/photons.h5" run.dir="$work/synth"
must 2 "${judge[@]}" "${small[@]}" evaluate.generated="$work/generated.h5" evaluate.classifiers='[low, low_normed, high]' run.dir="$work/alike"
must 1 "${judge[@]}" "${small[@]}" evaluate.generated="$work/shuffled.h5" evaluate.classifiers='[low, low_normed, high]' run.dir="$work/apart"
check "classifiers tell what is apart" "$python" tests/cli/judge.py apart "$work"
must 2 "${judge[@]}" "${small[@]}" evaluate.generated="$work/shuffled.h5" evaluate.classifiers='[resnet]' evaluate.classifier_epochs=8 evaluate.classifier_rate=1e-3 run.dir="$work/resnet"
check "a residual network tells it too" "$python" -c "
import json, sys; r = json.load(open(sys.argv[1])); assert r['auc_resnet'] > 0.8, r['auc_resnet']" "$work/resnet/evaluate.result.json"
run 1 "${judge[@]}" evaluate.geometry=configs/geometries/calochallenge1_photons.yaml evaluate.reference="$work/photons.h5" evaluate.generated="$work/photons.h5" evaluate.classifiers='[resnet]' run.dir="$work/few"
check "a ragged geometry has no 3-D picture" grep -q "^caloq: evaluate.classifiers: resnet wants layers of equal rings" "$work/err"
run 2 "${judge[@]}" evaluate.generated="$work/generated.h5" evaluate.classifiers='[deep]' run.dir="$work/few"
check "another classifier is one sentence" grep -q "^caloq: evaluate.classifiers: 'deep', expected low, low_normed, high or resnet" "$work/err"
run 2 "${judge[@]}" evaluate.generated="$work/generated.h5" evaluate.classifiers='[high]' evaluate.classifier="$work/none.yaml" run.dir="$work/few"
check "an absent network too" grep -q "^caloq: .*none.yaml" "$work/err"

# latent bits: here made by hand
"$python" tests/cli/judge.py bits "$work"
must 2 "${judge[@]}" evaluate.generated="$work/generated.h5" evaluate.prdc=0 evaluate.latents="[$work/bits1.h5, $work/bits2.h5]" run.dir="$work/latent"
check "correlations of latent bits" "$python" tests/cli/judge.py latents "$work"
run 2 "${judge[@]}" evaluate.generated="$work/generated.h5" evaluate.prdc=0 evaluate.latents="[$work/bits1.h5]" run.dir="$work/few"
check "one file of bits is one too few" grep -q "^caloq: evaluate.latents lists 1 files, expected two" "$work/err"

# what looks wrong is said, with the evidence
"$python" tests/cli/judge.py odd "$work"
must 2 "${judge[@]}" evaluate.generated="$work/odd.h5" evaluate.prdc=0 evaluate.correlations=none run.dir="$work/odd"
check "energies in GeV are suspected" grep -q 'odd.h5: incident energies lie between .* if these are GeV' "$work/err"
check "... and voxels that do not go with them" grep -q 'odd.h5: showers hold .* of their incident energy' "$work/err"
check "copies are counted" grep -q 'odd.h5: 29 of 290 showers equal another one in every feature' "$work/err"
check "empty showers are counted" grep -q 'odd.h5: 3 of 290 showers hold no energy' "$work/err"
check "... in the result too" grep -q '"duplicates.generated": 29, "empty.generated": 3' "$work/odd/evaluate.result.json"
check "nothing is said of good files" test "$(grep -c 'reference.h5: ' "$work/err")" -eq 0
run 1 "${judge[@]}" evaluate.generated="$work/photons.h5" run.dir="$work/few"
check "another geometry is recognised" grep -q "^caloq: .*photons.h5': dataset 'showers' has 368 voxels a row, expected 192; it looks like calochallenge1_photons" "$work/err"
check "the CSV has a line for every histogram and feature" "$python" tests/cli/judge.py csv "$work"


# layers that nobody ever hits: every figure is a number, and the same sample is no way off
"$python" tests/cli/judge.py hollow "$work"
must 2 "${judge[@]}" "${small[@]}" evaluate.generated="$work/hollow.h5" evaluate.reference="$work/hollow.h5" evaluate.correlations=all evaluate.classifiers='[high]' run.dir="$work/hollow"
check "empty layers leave every figure a number" "$python" tests/cli/judge.py finite "$work"
showers 1 "$work/one.h5"
run 1 "${judge[@]}" evaluate.generated="$work/one.h5" evaluate.prdc=0 evaluate.correlations=none run.dir="$work/few"
check "one shower has no distance" grep -q '^caloq: the generated sample has 1 showers; distances want 2' "$work/err"
must 1 train "$work/train.yaml" data.train="[$work/odd.h5]" data.faults=clip run.dir="$work/gev"
check "training suspects energies in GeV too" grep -q 'data.train: incident energies lie between .* if these are GeV' "$work/err"

showers 5 "$work/few.h5"
run 1 "${judge[@]}" evaluate.generated="$work/few.h5" run.dir="$work/few"
check "five showers have no fifth neighbour" grep -q '^caloq: .*5 showers has no 5-th nearest neighbour' "$work/err"
check "... and that is the world's fault" test $status -eq 1
finish judge
