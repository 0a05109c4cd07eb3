#!/bin/bash
# schemes.sh - the published training schemes: what training.preset sets, and what it leaves; the
# machine before and after the networks; averaged weights; what makes an epoch the best one.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
showers 101 "$work/showers.h5"
says() { grep -qF -- "$1" "$work/err"; }
train=(train "$work/train.yaml")

# --- presets: other defaults, written down as used; a key that is given wins
must 1 "${train[@]}" run.dir="$work/slides" training.preset=slides rbm.learning_rate=0.02
used="$work/slides/train.config.yaml"
holds() { check "slides: $1" grep -qx "  $1" "$used"; }
for line in 'preset: slides' 'order: before' 'gradient: plain' 'data_statistics: probabilities' 'beta_end: 100.0' \
    'positive_weight: 0.0' 'epochs: 2' 'batch: 20' 'warmup: 3'; do holds "$line"; done
check "slides: the rate that was given" test "$(grep -c '^  learning_rate: 0.02$' "$used")" -eq 1
check "slides: the networks' rate" test "$(grep -c '^  learning_rate: 0.0001$' "$used")" -eq 1
must 1 train "$used" run.dir="$work/again"
look "the keys as used make the same run" same "$work/slides/checkpoint-2.h5" "$work/again/checkpoint-2.h5" but=/config
run 2 "${train[@]}" run.dir="$work/first" training.preset=ae-first
check "phases of a preset beside epochs: exit 1" test $status -eq 1
check "... and what to do" says 'train.yaml:5: training.epochs has no effect beside the phases of training.preset: ae-first; leave it out'
three='[{mode: ae, epochs: 1}, {mode: rbm, epochs: 1, from: best}, {mode: vae, epochs: 1}]'
must 2 "${train[@]}" run.dir="$work/first" training.preset=ae-first training.phases="$three"
check "ae-first with phases of one's own" grep -q '"mode": "vae", "epoch": 3,' "$work/first/train.result.json"
must 1 "${train[@]}" run.dir="$work/old" training.preset=old
must 1 "${train[@]}" run.dir="$work/keys" rbm.optimiser=adam rbm.learning_rate=1e-4 rbm.gradient=plain rbm.data_statistics=relaxed \
    training.learning_rate=1e-4 training.schedule=constant training.beta_end=100
look "old is these keys" same "$work/old/checkpoint-2.h5" "$work/keys/checkpoint-2.h5" but=/config

# --- what a phase freezes the next one thaws
must 2 "${train[@]}" model.architecture="$work/network.yaml" run.dir="$work/thaw" \
    training.phases='[{mode: vae, epochs: 1}, {mode: vae, epochs: 1, freeze: encoder}, {mode: vae, epochs: 1, freeze: rbm}]'
for pair in '1 2' '2 3'; do
    for part in model/encoder model/decoder rbm; do
        not=not
        [ "$pair $part" = '1 2 model/encoder' -o "$pair $part" = '2 3 rbm' ] && not=
        look "epochs $pair, $part" $not same "$work/thaw/checkpoint-${pair% *}.h5" "$work/thaw/checkpoint-${pair#* }.h5" only=/$part
    done
done

# --- the order: one step from one start gives the machine the same data either way, the networks another machine
one=("${train[@]}" data.most=20 training.epochs=1 training.preset=slides+positive rbm.learning_rate=1)
must 2 "${one[@]}" run.dir="$work/before"
must 2 "${one[@]}" run.dir="$work/after" rbm.order=after
look "one step: the same machine" same "$work/before/checkpoint-1.h5" "$work/after/checkpoint-1.h5" only=/rbm
look "one step: other networks" not same "$work/before/checkpoint-1.h5" "$work/after/checkpoint-1.h5" only=/model/encoder
must 2 "${one[@]}" run.dir="$work/plain" training.positive_weight=0
must 2 "${one[@]}" run.dir="$work/late" training.positive_weight=0 rbm.order=after
look "nothing pulls: the same networks" same "$work/plain/checkpoint-1.h5" "$work/late/checkpoint-1.h5" only=/model
# in parts the networks go forward twice, and batch norms count once
sed 's/kind: leaky_relu, slope: 0.1/kind: batch_norm/' "$work/network.yaml" > "$work/norm.yaml"
for order in before after; do
    must 2 "${one[@]}" model.architecture="$work/norm.yaml" training.positive_weight=0 training.micro_batch=4 \
        rbm.order=$order run.dir="$work/parts-$order"
done
look "in parts: the same moments" same "$work/parts-before/checkpoint-1.h5" "$work/parts-after/checkpoint-1.h5" only=/model
must 1 "${train[@]}" run.dir="$work/whole" training.preset=slides+positive
run 1 "${train[@]}" run.dir="$work/turn" training.preset=slides+positive run.walltime=0.001
check "stopped after a step" test $status -eq 75
must 1 "${train[@]}" run.dir="$work/turn" training.preset=slides+positive
look "gone on: the same checkpoint" same "$work/whole/checkpoint-2.h5" "$work/turn/checkpoint-2.h5" but=/config
# a network gone wild: the layer is named, the machine does not take the blame, the last checkpoint stays
wild=("${train[@]}" run.dir="$work/wild" training.preset=slides+positive training.optimiser=sgd run.keep=9)
must 2 "${wild[@]}" training.epochs=1 training.learning_rate=1e-6
cp "$work/wild/checkpoint-1.h5" "$work/good.h5"
run 2 "${wild[@]}" training.epochs=9 training.learning_rate=10
check "wild: exit 1, one sentence" test $status -eq 1 -a "$(grep -c '^caloq: ' "$work/err")" -eq 1
check "wild: the first layer" grep -qE '^caloq: .*a loss is not finite on 2 rank\(s\) .*: (encoder level|decoder).*layer [0-9]+ \(' "$work/err"
check "wild: the last good checkpoint" cmp "$work/wild/checkpoint-1.h5" "$work/good.h5"
check "wild: no later one" test "$(ls "$work/wild" | grep -c '^checkpoint')" -eq 1
sed 's/units: 8, gain: 0.5/units: 8, gain: 1e38/' "$work/network.yaml" > "$work/huge.yaml"
run 2 "${train[@]}" training.preset=slides model.architecture="$work/huge.yaml" run.dir="$work/huge"
check "infinite from the first step: the layer, not the machine" \
    grep -qE '^caloq: .*a loss is not finite on [12] rank\(s\) at epoch 0, step 0; .*: encoder level 0, layer [0-9]+ \(' "$work/err"

# --- metrics tell how far the couplings have come: the largest singular values, as of the checkpoint
check "singular values in metrics are those of the checkpoint" "$python" - "$work/slides" << 'PYTHON'
import h5py, json, numpy as np, sys
lines = [json.loads(l) for l in open(sys.argv[1] + "/metrics.jsonl")]
told = [l["weight_singular"] for l in lines if "weight_singular" in l]
assert len(told) == 2 and len(told[0]) == 6, told
with h5py.File(sys.argv[1] + "/checkpoint-2.h5") as f:
    want = [np.linalg.svd(f[f"rbm/weight_{a}{b}"][()], compute_uv=False)[0] for a in range(4) for b in range(a + 1, 4)]
assert np.allclose(told[1], want, rtol=1e-6), (told[1], want)
PYTHON

# --- averaged weights: in the checkpoint, gone on with, validated, generated with
held=("${train[@]}" data.validation_fraction=0.2 model.architecture="$work/norm.yaml")
for n in 1 2; do
    must $n "${held[@]}" training.ema=0.9 run.dir="$work/ema$n"
    run $n "${held[@]}" training.ema=0.9 run.dir="$work/ema-turn$n" run.walltime=0.001
    check "stopped after a step at $n ranks" test $status -eq 75
    must $n "${held[@]}" training.ema=0.9 run.dir="$work/ema-turn$n"
    look "averages gone on with, $n ranks" same "$work/ema$n/checkpoint-2.h5" "$work/ema-turn$n/checkpoint-2.h5" but=/config
    look "averages gone on with, $n ranks: the history" metrics "$work/ema$n/metrics.jsonl" "$work/ema-turn$n/metrics.jsonl" 0
done
must 2 "${held[@]}" run.dir="$work/ema-none"
must 2 "${held[@]}" training.ema=1e-9 run.dir="$work/ema-short"
look "averages change nothing of the training" same "$work/ema2/checkpoint-2.h5" "$work/ema-none/checkpoint-2.h5" only=/model
must 1 "${held[@]}" data.most=20 data.validation_fraction=0 training.epochs=1 training.ema=0.9 run.dir="$work/step1"
must 1 "${held[@]}" data.most=20 data.validation_fraction=0 training.epochs=1 training.learning_rate=0 run.dir="$work/step0"
must 1 "${held[@]}" training.ema=0.9 training.phases='[{mode: ae, epochs: 1}, {mode: rbm, epochs: 1}]' run.dir="$work/alone"
check "the definition, validation with it, phases of the machine" "$python" - "$work" << 'PYTHON'
import h5py, json, numpy as np, os, sys
os.chdir(sys.argv[1])
def tensors(path, group):
    found = {}
    with h5py.File(path) as f:
        f[group].visititems(lambda n, x: found.__setitem__(n, x[()].astype(float)) if isinstance(x, h5py.Dataset) else None)
    return found
def validation(run):
    lines = [json.loads(l) for l in open(run + "/metrics.jsonl")]
    return [(l["ae"], l["hit"]) for l in lines if l["phase"] == "validation"]
start, end = (tensors(f"step{i}/checkpoint-1.h5", "model") for i in (0, 1))
mean = tensors("step1/checkpoint-1.h5", "average")
assert set(mean) == set(end)
for n in mean: # one step: the decay is 2 / 11; start has the moments of batch norms after the step
    if "mean" in n or "variance" in n: continue
    assert np.allclose(mean[n], start[n] + 9 / 11 * (end[n] - start[n]), rtol=0, atol=1e-6), n
assert any(np.abs(mean[n] - end[n]).max() > 1e-4 for n in mean)
assert any("variance" in n and np.abs(mean[n] - end[n]).max() > 1e-4 for n in mean), "moments are averaged too"
none, short, long = (np.array(validation("ema-" + r) if r != "2" else validation("ema2")) for r in ("none", "short", "2"))
assert np.allclose(none, short, rtol=1e-4, atol=0), (none, short)
assert (np.abs(none - long) > 1e-3 * none).any(), (none, long)
model, mean = (tensors("alone/checkpoint-2.h5", g) for g in ("model", "average"))
assert all((model[n] == mean[n]).all() for n in mean), "a phase of the machine alone: networks are their average"
assert "average" not in h5py.File("ema-none/checkpoint-2.h5")
PYTHON
for w in auto average plain; do
    must 1 generate generate.model="$work/ema1" generate.showers=9 generate.sweeps=3 generate.weights=$w \
        generate.output="$work/made-$w.h5" run.dir="$work/made-$w"
    must 1 encode encode.model="$work/ema1" data.test="[$work/showers.h5]" data.most=9 encode.weights=$w \
        encode.output="$work/bits-$w.h5" run.dir="$work/bits-$w"
done
for kind in made bits; do
    look "$kind: the average where there is one" same "$work/$kind-auto.h5" "$work/$kind-average.h5"
    look "$kind: or the last step" not same "$work/$kind-auto.h5" "$work/$kind-plain.h5"
done
check "the result says which" grep -q '"weights": "average"' "$work/made-auto/generate.result.json"
run 2 generate generate.model="$work/ema-none" generate.weights=average generate.output="$work/no.h5" run.dir="$work/no"
check "no average, and one is asked for" test $status -eq 1 -a "$(grep -c '^caloq: .*best.h5: holds no averaged weights' "$work/err")" -eq 1

# --- the best epoch: on all validation events, by what was asked for, on any number of ranks
phases='[{mode: ae, epochs: 3}, {mode: vae, epochs: 4}, {mode: rbm, epochs: 3}]'
judged=("${train[@]}" data.most=101 data.validation_fraction=0.3 training.best_sweeps=5)
for best in ae+10chi2 fpd; do
    for n in 1 3; do
        must $n "${judged[@]}" training.phases="$phases" training.best=$best training.best_every=2 run.dir="$work/$best$n"
        grep '"validation"' "$work/$best$n/metrics.jsonl" > "$work/$best$n.jsonl"
    done
    # sums over ranks are made in another order: roundings of Adam's steps
    look "$best: validation does not know how many ranks there are" metrics "$work/${best}1.jsonl" "$work/${best}3.jsonl" 1e-3
done
for best in ahep ah validation ae+10chi2 fpd; do
    must 1 "${judged[@]}" training.learning_rate=0.05 training.epochs=5 training.best=$best run.dir="$work/$best"
done
check "the epoch that is kept is the best one" "$python" - "$work" << 'PYTHON'
import json, math, os, sys
os.chdir(sys.argv[1])
score = {"ahep": lambda l: l["ae"] + l["hit"] + l["entropy"] + l["positive"], "ah": lambda l: l["ae"] + l["hit"],
         "validation": lambda l: l["loss"], "ae+10chi2": lambda l: l["ae"] + 10 * l["chi2"], "fpd": lambda l: l["fpd"]}
for best, of in score.items():
    lines = [json.loads(l) for l in open(best + "/metrics.jsonl")]
    found = {l["epoch"]: of(l) for l in lines if l["phase"] == "validation"}
    result = json.load(open(best + "/train.result.json"))
    assert len(found) == 5 and len(set(found.values())) == 5, (best, found)
    assert result["best_epoch"] == min(found, key=found.get), (best, found, result)
    assert math.isclose(result["validation"], found[5], rel_tol=1e-12), (best, found, result)
for best, key, epochs in (("ae+10chi2", "chi2", [2, 3, 5, 7]), ("fpd", "fpd", [2, 3, 5, 7, 9, 10])):
    lines = [json.loads(l) for l in open(best + "1/metrics.jsonl")]
    assert [l["epoch"] for l in lines if key in l] == epochs, (best, [l["epoch"] for l in lines if key in l])
PYTHON
check "what it costs" grep -qE 'training.best: fpd of 30 validation events in [0-9.]+ s' "$work/fpd/log.txt"
run 2 "${train[@]}" training.best=fpd run.dir="$work/no"
check "nothing to judge by: the sentence" says 'training.best is fpd, which needs validation events, and there are 0'
must 1 "${judged[@]}" training.phases='[{mode: rbm, epochs: 40}]' rbm.learning_rate=0 training.best=fpd training.patience=2 run.dir="$work/wait"
check "no better showers: the phase of the machine ends" grep -q '"epoch": 3,' "$work/wait/train.result.json"

# --- what the slides say: by one loss the posterior follows large couplings that do not move, until it has no entropy
# left; by its own gradient the machine learns, the posterior stays near fair coins, energies near 0
must 1 synth synth.geometry=$geometry synth.showers=1000 synth.output="$work/many.h5" run.dir="$work/synth"
slide=(train configs/schemes.yaml data.train="[$work/many.h5]" training.epochs=24 training.best=ah)
must 2 "${slide[@]}" training.preset=old rbm.learning_rate=0 rbm.weight_std=1 run.dir="$work/follow"
must 2 "${slide[@]}" training.preset=slides rbm.learning_rate=0.02 run.dir="$work/own"
must 2 "${slide[@]}" training.preset=slides+positive rbm.learning_rate=0.02 run.dir="$work/pulled"
check "the slides' schemes behave as the slides say" "$python" - "$work" << 'PYTHON'
import json, math, sys
def course(name):
    lines = [json.loads(l) for l in open(f"{sys.argv[1]}/{name}/metrics.jsonl")]
    ends = [l for l in lines if "weight_singular" in l]
    return ends[0]["weight_singular"][3:], ends[-1]["weight_singular"][3:], ends[-1]  # blocks of free partitions
coins = -192 * math.log(2)
first, last, end = course("follow")
assert first == last and end["entropy"] > 0.25 * coins and end["positive"] < -300, (first, last, end)
first, last, end = course("own")
assert min(last) > 1.5 * max(first), (first, last)
assert end["entropy"] < 0.9 * coins and abs(end["positive"]) < 10 and abs(end["energy_chains"]) < 10, end
first, last, end = course("pulled")
assert min(last) > 1.5 * max(first) and end["entropy"] > 0.5 * coins and -300 < end["positive"] < -30, (first, last, end)
PYTHON

# --- all schemes on one page, briefly
cp "$work/showers.h5" "$work/short.h5"
mkdir "$work/side" && mv "$work/short.h5" "$work/side/train.h5"
small=(data.most=101 rbm.chains=64 rbm.sweeps=1 training.best_sweeps=2 training.batch=40 model.architecture="$work/network.yaml")
CALOQ=$caloq MPLCONFIGDIR=$work/mpl jobs/schemes.sh "$work/side" "${small[@]}" training.phases="$three" > "$work/out" 2> "$work/err"
check "jobs/schemes.sh ends well" test $? -eq 0
check "... with five schemes" test "$(ls -d "$work"/side/*/ | wc -l)" -eq 5
check "... on one page, a plot and a row for each" test "$(grep -oE '<tr><td>|src="data:image/png;base64,.{2000}' "$work/side/schemes.html" | wc -l)" -eq 6
finish schemes
