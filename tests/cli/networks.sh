#!/bin/bash
# networks.sh - convolutional networks through the program: trained, stopped and gone on with bit for
# bit, sampled, on ranks that normalise together; what does not fit is refused by layer and line.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
showers 101 "$work/showers.h5"
says() { grep -qF -- "$1" "$work/err"; }

cat > "$work/conv.yaml" <<'END'
levels: 2
blocks:
  half:
    - {kind: conv3d, units: wide, kernel: [2, 3, 2], stride: [1, 2, 1]}
    - {kind: batch_norm}
    - {kind: prelu}
encoder:
  - {name: place, kind: latent_encoding, input: bits}
  - {name: voxels, kind: reshape, input: showers, shape: [1, 8, 6, 4]}
  - {kind: add, inputs: [voxels, place]}
  - {kind: pad_cylinder}
  - {block: half, name: first, with: {wide: 4}}
  - {block: half, concat: [first, energy], with: {wide: 6}}
  - {kind: dropout, rate: 0.1}
  - {name: logits, kind: linear, units: logits, init: glorot}
decoder:
  - {name: wave, kind: sinusoids, input: energy, units: 4}
  - {concat: [bits, wave], kind: linear, units: 96}
  - {kind: reshape, shape: [4, 4, 3, 2]}
  - {kind: batch_norm}
  - {kind: silu}
  - {kind: conv_transpose3d, units: 4, kernel: [2, 3, 3], stride: [2, 2, 1]}
  - {kind: group_norm}
  - {name: trunk, kind: linear_attention, dim: 4}
  - {kind: conv_transpose3d, units: 1, kernel: [1, 2, 2], input: trunk}
  - {kind: fold_cylinder}
  - {name: hits, kind: bias, data: hits}
  - {kind: conv_transpose3d, units: 1, kernel: [1, 2, 2], input: trunk}
  - {kind: fold_cylinder}
  - {name: activations, kind: bias, data: activations}
END
train=(train "$work/train.yaml" model.architecture="$work/conv.yaml")

# 5 steps of 20 showers and one of a single one: a rank without rows normalises with the others
for n in 1 3; do
    must $n "${train[@]}" run.dir="$work/net$n"
    run $n "${train[@]}" run.dir="$work/turn$n" run.walltime=0.001
    check "stopped after a step at $n ranks" test $status -eq 75
    must $n "${train[@]}" run.dir="$work/turn$n"
    look "gone on, $n ranks: the same checkpoint" same "$work/net$n/checkpoint-2.h5" "$work/turn$n/checkpoint-2.h5" but=/config
    look "gone on, $n ranks: the same history" metrics "$work/net$n/metrics.jsonl" "$work/turn$n/metrics.jsonl" 0
done
# what is frozen stands still, the moving averages of its batch norms too
for part in encoder decoder; do
    must 2 "${train[@]}" run.dir="$work/$part" training.phases="[{mode: ae, epochs: 1}, {mode: ae, epochs: 1, freeze: $part}]"
    check "a frozen $part stands still, the rest moves" "$python" - "$work/$part" $part <<'END'
import h5py, sys
a, b = (h5py.File(f"{sys.argv[1]}/checkpoint-{i}.h5")["model"] for i in (1, 2))
names = []
a.visititems(lambda n, x: names.append(n) if isinstance(x, h5py.Dataset) else None)
moved = {n for n in names if (a[n][()] != b[n][()]).any()}
frozen = {n for n in names if sys.argv[2] in n}
assert any("variance" in n for n in frozen), names
assert not moved & frozen, sorted(moved & frozen)
assert any("variance" in n for n in moved), sorted(moved)
END
done
# sums over ranks are made in another order: 1e-3 of the losses after 12 steps
look "the losses do not know how many ranks there are" metrics "$work/net1/metrics.jsonl" "$work/net3/metrics.jsonl" 1e-3
check "two levels for three partitions" grep -q 'encoder level 1: .* parameters' "$work/net1/log.txt"
check "no third level" test -z "$(grep 'encoder level 2' "$work/net1/log.txt")"
check "each layer's parameters and GFLOP" grep -qE 'line +15 linear +logits .* [1-9][0-9]* parameters +0\.[0-9]+ GFLOP' "$work/net1/log.txt"
# products in bfloat16: the losses of 12 steps to 3 %, as far as 2^-8 of each operand goes; refused without
if grep -qw avx512_bf16 /proc/cpuinfo; then
    must 2 "${train[@]}" run.dir="$work/half" training.precision=bfloat16
    look "bfloat16: losses to 3 %" metrics "$work/net1/metrics.jsonl" "$work/half/metrics.jsonl" 0.03 gradient_norm=0.2 rbm_gradient_norm=0.2 energy_data=0.3 energy_chains=0.3 positive=0.3 negative=0.3
    check "... but not the same" test "$(cmp -s "$work/net1/metrics.jsonl" "$work/half/metrics.jsonl"; echo $?)" -eq 1
fi
DNNL_MAX_CPU_ISA=AVX512_CORE run 1 "${train[@]}" run.dir="$work/old" training.precision=bfloat16
check "a processor without bfloat16 is refused in one sentence" test $status -eq 1 -a "$(grep -c '^caloq: training.precision is bfloat16, and the processor of rank 0 has no instructions for it: expected float32' "$work/err")" -eq 1

# ten million parameters; the libraries come to some 20 MB when they work
sed 's/units: 8/units: 8000/' "$work/network.yaml" > "$work/wide.yaml"
for shard in on off; do
    must 2 train "$work/train.yaml" model.architecture="$work/wide.yaml" run.dir="$work/wide-$shard" training.shard=$shard training.batch=101 training.epochs=1 training.mode=ae
    check "memory with training.shard=$shard: predicted to a tenth and 0.03 GB a rank" awk 'function far(a, b, more) { return a - b > b / 10 + more || b - a > b / 10 + more }
        /memory: peak/ { gsub(/[,;]/, ""); sub(/.*peak/, "peak"); seen = 1; bad = far($2, $8, 0.03) || far($12, $14, 0.06) }
        END { exit !seen || bad }' "$work/wide-$shard/log.txt"
done
must 2 generate generate.model="$work/net3" generate.showers=7 generate.sweeps=5 generate.output="$work/made.h5" run.dir="$work/gen"
must 1 encode encode.model="$work/net3" data.test="[$work/showers.h5]" encode.output="$work/bits.h5" run.dir="$work/enc"

# a step in parts is the step, where no layer sums over its rows; weights that change, more terms
plain=(train "$work/train.yaml" training.layer_weight=0.1 training.logit_weight=0.01
    training.weights='[{term: entropy, epoch: 0.5, weight: 0}, {term: entropy, epoch: 1.5, weight: 1}]')
must 2 "${plain[@]}" run.dir="$work/whole"
must 2 "${plain[@]}" run.dir="$work/parts" training.micro_batch=3
# sums in another order: roundings of 12 steps of Adam
look "a step in parts" metrics "$work/whole/metrics.jsonl" "$work/parts/metrics.jsonl" 1e-3
check "the distance of logits and the energy of layers are told" \
    test "$(grep -c 'logit_distance.*layer_energy' "$work/whole/metrics.jsonl")" -eq 14
run 2 "${plain[@]}" run.dir="$work/bad" training.weights='[{term: hit, epoch: 1, weight: 0}, {term: hit, epoch: 1, weight: 1}]'
check "points of weights in disorder: exit 1" test $status -eq 1
check "points of weights in disorder: the sentence" says 'training.weights: hit at epoch 1 stands behind epoch 1, expected a later one'
# the divergence of the posterior from the machine: one batch an epoch, so that the train line is of the
# same forward; ln Z and energies of 18 free units by the logz line
must 2 train "$work/train.yaml" training.batch=101 training.epochs=3 training.logz_every=1 training.entropy=exact run.dir="$work/kl"
must 1 train "$work/train.yaml" training.batch=101 training.epochs=3 training.logz_every=1 training.entropy=exact training.micro_batch=7 run.dir="$work/kl7"
check "KL is entropy plus energy plus ln Z" "$python" - "$work/kl/metrics.jsonl" "$work/kl7/metrics.jsonl" <<'END'
import json, sys
for path in sys.argv[1:]:
    lines = [json.loads(l) for l in open(path)]
    z = [l for l in lines if l["phase"] == "logz"]
    steps = {l["step"]: l for l in lines if l["phase"] == "vae"}
    assert len(z) == 3, lines
    for l in z:
        want = steps[l["step"]]["entropy"] + l["energy_data"] + l["lnz_ais"]
        assert abs(l["kl"] - want) < 1e-4 * abs(want) + 1e-4, (l, steps[l["step"]])
        assert l["kl"] > -3 * l["log_likelihood_error"], l
END
# the reference's courses: sharp from the half of the first epoch on, a slope that ends with it
must 2 train "$work/train.yaml" run.dir="$work/course" \
    training.weights='[{term: beta, epoch: 0, weight: 1}, {term: beta, epoch: 0.5, weight: 100}, {term: slope, epoch: 0, weight: 0.5}, {term: slope, epoch: 1, weight: 0}]'
check "beta goes from point to point" "$python" - "$work/course/metrics.jsonl" <<'END'
import json, sys
b = {}
for l in map(json.loads, open(sys.argv[1])):
    if l["phase"] == "vae":
        b.setdefault(l["step"], l["beta"])
want = {step: min(1 + 99 * step / 3, 100) for step in range(1, 13)}  # of 6 steps an epoch
assert b.keys() == want.keys() and all(abs(b[s] - want[s]) < 1e-9 for s in b), b
END
run 2 "${plain[@]}" run.dir="$work/bad" training.weights='[{term: beta, epoch: 1, weight: 0}]'
check "no sharpness: the sentence" says 'training.weights: beta 0, expected at least 0.01'
must 1 train "$work/train.yaml" training.learning_rate=0 training.schedule=step training.epochs=40 training.patience=2 \
    data.validation_fraction=0.3 run.dir="$work/patience"
check "no patience left: the phase ends" test "$("$python" -c 'import json, sys; r = json.load(open(sys.argv[1])); print(r["epoch"] - r["best_epoch"])' "$work/patience/train.result.json")" -eq 2
must 1 train "$work/train.yaml" training.learning_rate=0 training.schedule=step training.epochs=40 training.patience=2 \
    data.validation_fraction=0.3 run.dir="$work/patience"
check "... and stays ended" test "$(ls "$work/patience" | grep -c 'checkpoint-40')" -eq 0

# what does not fit
refused() { # WHAT SED-COMMAND SENTENCE
    sed "$2" "$work/conv.yaml" > "$work/bad.yaml"
    run 2 train "$work/train.yaml" model.architecture="$work/bad.yaml" run.dir="$work/bad"
    check "$1: exit 1" test $status -eq 1
    check "$1: the sentence" says "$3"
}
refused "kernel" 's/kernel: \[2, 3, 2\]/kernel: [2, 3, 6]/' 'bad.yaml:4: conv3d: a kernel of 2 x 3 x 6 does not fit into 1 x 8 x 8 x 5'
refused "voxels" 's/units: 1, kernel: \[1, 2, 2\]/units: 2, kernel: [1, 2, 2]/' "'hits' is 2 x 8 x 6 x 4, a shower has 192 voxels"
refused "reshape" 's/shape: \[1, 8, 6, 4\]/shape: [1, 8, 6, 5]/' 'reshape: 192 x 1 x 1 x 1 has 192 numbers, 1 x 8 x 6 x 5 has 240'
refused "levels" 's/^levels: 2/levels: 4/' 'bad.yaml:1: levels is 4, expected 1 to 3'
sed 's/dim: 4/dim: 5/' "$work/conv.yaml" > "$work/other.yaml"
run 2 train "$work/train.yaml" model.architecture="$work/other.yaml" run.dir="$work/net3" training.epochs=3
check "another architecture: exit 1" test $status -eq 1
check "another architecture: the line that differs" says "other.yaml:24: model.architecture is not the one in $work/net3/checkpoint-2.h5, which has '  - {name: trunk, kind: linear_attention, dim: 4}' there"
finish networks
