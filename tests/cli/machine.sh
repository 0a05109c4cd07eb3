#!/bin/bash
# machine.sh - training a machine alone: rows of idx and HDF5 files, hidden partitions, every
# gradient; the same bits for any number of ranks, and after a stop.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

# 150 grey images of 3 x 4, plain and gzip; the same as floats in an HDF5 file; bits in another
"$python" - "$work" <<'END'
import gzip, struct, sys
import h5py, numpy as np
work = sys.argv[1]
r = np.random.default_rng(5)
x = (r.random((150, 3, 4)) ** np.array([1, 3, 9, .2]) * 255).astype(np.uint8)
head = bytes([0, 0, 8, 3]) + struct.pack(">III", *x.shape)
open(work + "/images", "wb").write(head + x.tobytes())
gzip.open(work + "/images.gz", "wb").write(head + x.tobytes())
open(work + "/short", "wb").write(head + x.tobytes()[:-1])
with h5py.File(work + "/rows.h5", "w") as f:
    f["samples"] = x.reshape(150, 12) / 255.
    f["bits"] = (x.reshape(150, 12) > 127).astype(np.int8) * 2 - 1
END

train=(training.mode=rbm training.batch=70 training.epochs=2 training.log_every=1 run.seed=3
    rbm.partitions=2 rbm.nodes='[12, 5]' rbm.clamped=-1 rbm.chains=100 rbm.sweeps=2 rbm.weight_std=0.2)
idx=(data.kind=idx data.train="[$work/images]")
machine() { must "$1" train "${train[@]}" run.dir="$work/$2" "${@:3}"; }

machine 1 idx "${idx[@]}"
machine 2 gz "${idx[@]}" data.train="[$work/images.gz]"
machine 1 h5 data.kind=hdf5 data.train="[$work/rows.h5]"
machine 1 bits data.kind=hdf5 data.train="[$work/rows.h5]" data.dataset=bits data.binarise=none
machine 1 draw "${idx[@]}" data.binarise=stochastic
machine 1 draw5 data.kind=hdf5 data.train="[$work/rows.h5]" data.binarise=stochastic
machine 1 start "${idx[@]}" rbm.bias_start=data rbm.learning_rate=0
look "gzip is the same data" same "$work/idx/checkpoint-2.h5" "$work/gz/checkpoint-2.h5" but=/config
look "HDF5 is the same data" same "$work/idx/checkpoint-2.h5" "$work/h5/checkpoint-2.h5" but=/config
look "bits are taken as they are" same "$work/idx/checkpoint-2.h5" "$work/bits/checkpoint-2.h5" but=/config
look "grey levels are the same" same "$work/draw/checkpoint-2.h5" "$work/draw5/checkpoint-2.h5" but=/config
look "drawn bits are others" not same "$work/idx/checkpoint-2.h5" "$work/draw/checkpoint-2.h5" only=/rbm
check "biases start at the data's log-odds" "$python" - "$work" <<'END'
import h5py, numpy as np, sys
b = h5py.File(sys.argv[1] + "/start/checkpoint-2.h5")["rbm/bias"][:]
p = (h5py.File(sys.argv[1] + "/rows.h5")["samples"][:] > .5).mean(0).clip(1e-4, 1 - 1e-4)
assert np.allclose(b[:12], np.log(p / (1 - p)), atol=1e-5) and (b[12:] == 0).all()
END

# figures of a machine that learns nothing, against their definitions: without couplings a unit
# flips with probability 2 p (1 - p), a data bit is redrawn from p, and P(x_i | rest) = P(x_i)
machine 2 flat "${idx[@]}" training.epochs=60 rbm.topology=none rbm.learning_rate=0 rbm.bias_start=data rbm.nodes='[12, 1]'
check "figures of independent units" "$python" - "$work" <<'END'
import h5py, json, numpy as np, sys
x = h5py.File(sys.argv[1] + "/rows.h5")["samples"][:] > .5
p = x.mean(0).clip(1e-4, 1 - 1e-4)
l = [json.loads(l) for l in open(sys.argv[1] + "/flat/metrics.jsonl")]
def near(name, want): # 60 epochs of 3 batches, the last one a repeated line
    y = np.array([i[name] for i in l]); error = y.std() / np.sqrt(len(y) / 1.4)
    assert abs(y.mean() - want) < 4 * error + 1e-9, (name, y.mean(), want, error)
near("reconstruction", (p * (1 - x.mean(0)) + (1 - p) * x.mean(0)).mean())
near("flip_rate", (2 * (p * (1 - p)).sum() + .5) / 13)
near("pseudo_likelihood", (x * np.log(p) + (1 - x) * np.log(1 - p)).sum(1).mean())
g = h5py.File(sys.argv[1] + "/start/checkpoint-2.h5")["rbm"]
last = json.loads(open(sys.argv[1] + "/start/metrics.jsonl").readlines()[-1])
w = g["weight_01"][:].ravel().astype(float); b = g["bias"][:].astype(float)
assert np.isclose(last["weight_norm"], np.sqrt((w * w).sum())) and np.isclose(last["bias_norm"], np.sqrt((b * b).sum()))
assert np.isclose(last["weight_largest"], abs(w).max())
END

# whole sets of options at 1, 2, 3 ranks: 70 rows are two tiles, 10 the last batch's one
declare -A set=(
    [plain]="rbm.gradient=plain data.binarise=stochastic"
    [deep]="rbm.partitions=3 rbm.nodes=[12,4,3] rbm.gradient=enhanced rbm.trajectory=130 rbm.learning_rate=2"
    [fixed]="rbm.partitions=3 rbm.nodes=[4,8,3] rbm.clamped=0 rbm.chain_condition=fixed rbm.offset_rate=0.3 rbm.schedule=cosine rbm.trajectory=200 rbm.trajectory_sweeps=2"
    [units]="rbm.partitions=3 rbm.nodes=[4,8,3] rbm.clamped=0 rbm.clamped_units=[7,9-10] rbm.chain_condition=fixed"
    [cd]="rbm.method=cd rbm.rao_blackwell=true rbm.decay_l1=0.1 rbm.clip=0.1"
    [rdm]="rbm.method=rdm rbm.partitions=3 rbm.nodes=[4,8,3] rbm.clamped=0 rbm.weight_clip=0.05 rbm.schedule=step rbm.schedule_every=2"
    [paced]="rbm.method=cd rbm.sweeps_every=1 rbm.sweeps_most=3 rbm.rate_per_sweep=true rbm.momentum=0.9 rbm.momentum_epochs=1"
    [ladders]="rbm.partitions=3 rbm.nodes=[4,8,3] rbm.clamped=0 rbm.chains=20 rbm.tempering=8 rbm.tempering_place=3 rbm.rao_blackwell=true"
    [exact]="rbm.method=exact rbm.partitions=3 rbm.nodes=[4,8,3] rbm.clamped=0 rbm.chain_condition=fixed rbm.decay=0.1"
)
for name in "${!set[@]}"; do
    for n in 1 2 3; do machine $n "$name$n" "${idx[@]}" ${set[$name]}; done
    for n in 2 3; do
        look "$name at $n ranks: the same checkpoint" same "$work/${name}1/checkpoint-2.h5" "$work/$name$n/checkpoint-2.h5" but=/config
        look "$name at $n ranks: the same history" metrics "$work/${name}1/metrics.jsonl" "$work/$name$n/metrics.jsonl" 0
    done
    # stopped after every step by the clock, and started again
    for try in {1..30}; do
        run 2 train "${train[@]}" run.dir="$work/stop$name" run.walltime=0.001 "${idx[@]}" ${set[$name]}
        [ $status -eq 75 ] || break
    done
    check "$name goes on to its end" test $status -eq 0 -a "$try" -gt 3
    look "$name stopped at every step: the same checkpoint" same "$work/${name}1/checkpoint-2.h5" "$work/stop$name/checkpoint-2.h5" but=/config
done

check "the pace: 2 sweeps in the first epoch, 3 in the second, the step size over them" "$python" - "$work" <<'END'
import json, sys
l = [json.loads(l) for l in open(sys.argv[1] + "/paced1/metrics.jsonl")]
assert [(i["rbm_sweeps"], round(i["rbm_learning_rate"] * i["rbm_sweeps"], 12)) for i in l] == [(2, .05)] * 4 + [(3, .05)] * 4, l
END

check "no coupling is larger than rbm.weight_clip" "$python" - "$work" <<'END'
import h5py, numpy as np, sys
g = h5py.File(sys.argv[1] + "/rdm1/checkpoint-2.h5")["rbm"]
w = np.concatenate([g[k][:].ravel() for k in g if k.startswith("weight")])
assert abs(w).max() <= np.float32(.05), abs(w).max()
END

# ln Z along the training is that of enumeration, for a machine that learns much
machine 2 course "${idx[@]}" training.epochs=40 rbm.learning_rate=0.5 rbm.trajectory=2048
must 1 logz logz.model="$work/course" logz.method=exact run.dir="$work/course"
check "the trajectory's ln Z, in metrics and checkpoint" "$python" - "$work" <<'END'
import h5py, json, numpy as np, sys
exact = json.load(open(sys.argv[1] + "/course/logz.result.json"))["logz"]
l = [json.loads(l) for l in open(sys.argv[1] + "/course/metrics.jsonl")]
last, g = l[-1], h5py.File(sys.argv[1] + "/course/best.h5")["trajectory"]
assert abs(last["lnz_trajectory"] - exact) < 4 * last["lnz_trajectory_error"] < 0.2, (last["lnz_trajectory"], exact)
assert max(abs(i["lnz_trajectory"] - exact) for i in l) > 1 and 64 < last["lnz_trajectory_ess"] <= 2048.001
assert np.isclose(last["log_likelihood"], -last["free_energy"] - last["lnz_trajectory"])
w = g["log_z"][:][:, None] + g["log_weights"][:]
assert np.isclose(np.log(np.exp(w).mean()), g.attrs["logz"]) and np.isclose(g.attrs["logz"], last["lnz_trajectory"])
assert g.attrs["chains"] == 2048 and g.attrs["step"] == 100 + 40 * 3 and g.attrs["conditional"] == 0
END

# with hidden units: the mean over drawn units is the pseudo-likelihood that enumeration gives
machine 1 pl "${idx[@]}" training.epochs=100 rbm.learning_rate=0 rbm.weight_std=1.5 data.most=70
check "pseudo-likelihood with hidden units" "$python" - "$work" <<'END'
import h5py, json, numpy as np, sys
x = (h5py.File(sys.argv[1] + "/rows.h5")["samples"][:70] > .5).astype(float)
g = h5py.File(sys.argv[1] + "/pl/best.h5")["rbm"]
W, b = g["weight_01"][:].astype(float), g["bias"][:].astype(float)
f = lambda v: v @ b[:12] + np.logaddexp(0, b[12:] + v @ W).sum(1)
want = 0
for i in range(12):
    y = x.copy(); y[:, i] = 1 - y[:, i]
    want += -np.logaddexp(0, f(y) - f(x)).mean()
l = [json.loads(l) for l in open(sys.argv[1] + "/pl/metrics.jsonl")]
assert all(np.isclose(i["free_energy"], -f(x).mean(), rtol=1e-9) for i in l), l[0]
assert list(g["hidden"][:]) == [0, 1]
with h5py.File(sys.argv[1] + "/seen.h5", "w") as h: h["states"] = x.astype("u1")
y = np.array([json.loads(l)["pseudo_likelihood"] for l in open(sys.argv[1] + "/pl/metrics.jsonl")])
assert abs(y.mean() - want) < 4 * y.std() / np.sqrt(100), (y.mean(), want)
END

# the likelihood of rows that show the visible units alone
for n in 1 2; do must $n logz logz.model="$work/pl" logz.method=exact logz.data="$work/seen.h5" run.dir="$work/seen$n"; done
must 2 logz logz.model="$work/pl" logz.data="$work/seen.h5" logz.chains=64 logz.betas=200 logz.burn=100 run.dir="$work/seen3"
check "log-likelihood with hidden units" "$python" - "$work" <<'END'
import h5py, json, numpy as np, sys
x = h5py.File(sys.argv[1] + "/seen.h5")["states"][:].astype(float)
g = h5py.File(sys.argv[1] + "/pl/best.h5")["rbm"]
W, b = g["weight_01"][:].astype(float), g["bias"][:].astype(float)
f = lambda v: v @ b[:12] + np.logaddexp(0, b[12:] + v @ W).sum(1)
z = np.log(np.exp(f(np.arange(4096)[:, None] >> np.arange(12) & 1)).sum())
for n in 1, 2, 3:
    r = json.load(open(f"{sys.argv[1]}/seen{n}/logz.result.json"))
    assert abs(r["log_likelihood"] - (f(x).mean() - z)) < (1e-6 if n < 3 else 4 * r["error"] + 1e-3), r
END

# networks: three kinds of data statistics make three machines, every one learns from the data
showers 60 "$work/showers.h5"
for s in binary probabilities relaxed; do
    must 2 train "$work/train.yaml" run.dir="$work/data-$s" rbm.data_statistics=$s data.most=60
    look "$s: two epochs differ" not same "$work/data-$s/checkpoint-1.h5" "$work/data-$s/checkpoint-2.h5" only=/rbm
done
look "probabilities are not bits" not same "$work/data-binary/checkpoint-2.h5" "$work/data-probabilities/checkpoint-2.h5" only=/rbm
look "relaxed bits are not bits" not same "$work/data-binary/checkpoint-2.h5" "$work/data-relaxed/checkpoint-2.h5" only=/rbm

# refuse WORDS KEY=VALUE...: exit status 1 and a sentence with these words.
refuse() {
    run 2 train "${train[@]}" run.dir="$work/no" "${idx[@]}" "${@:2}"
    check "refused: $1" test $status -eq 1
    check "says: $1" grep -qF -- "$1" "$work/err"
}
refuse "is truncated" data.train="[$work/short]"
refuse "begins with 89 48 44 46, expected 00 00 08" data.train="[$work/rows.h5]"
refuse "data.binarise none expects 0 or 1" data.binarise=none
refuse "row 0, unit" data.kind=hdf5 data.train="[$work/rows.h5]" data.dataset=bits data.binarise=stochastic
refuse "images: rows of 12 units, rbm.nodes makes the first 2 partitions 15" rbm.nodes='[10, 5]'
refuse "rbm.clamped: unit 16 is clamped and hidden, expected units of the first 1 partitions" rbm.clamped=1
refuse "rbm.clamped is 2, expected -1" rbm.clamped='[0, 2]'
refuse "rbm.clamped_units lists 5-3, expected a unit (3) or a range (100-120)" rbm.clamped_units='[5-3]'
refuse "rbm.clamped_units lists 3x, expected a unit" rbm.clamped_units='[3x]'
refuse "rbm.clamped_units lists 3-17, expected units below 17" rbm.clamped_units='[3-17]'
refuse "clamp all 17 units, expected one or more to be free" rbm.clamped='[0, 1]'
refuse "rbm.tempering: a ladder of 6 temperatures, expected 2, 4, 8, 16, 32 or 64" rbm.tempering=6
refuse "rbm.tempering_betas lists 2, expected rbm.tempering = 4" rbm.tempering=4 rbm.tempering_betas='[0, 1]'
refuse "rbm.tempering: beta 1 of a ladder is 0, expected betas that rise" rbm.tempering=2 rbm.tempering_betas='[0.5, 0]'
refuse "rbm.tempering is for chains that persist or start anew, and rbm.method is cd" rbm.tempering=4 rbm.method=cd
refuse "data.train lists 0 files" data.train='[]'
refuse "rbm.method exact: exact ln Z of" rbm.method=exact rbm.nodes='[6, 6]' rbm.partitions=2 rbm.nodes='[12, 30]' rbm.partitions=3 rbm.nodes='[12, 30, 30]'
refuse "rbm.data_statistics is relaxed and data.kind is idx" rbm.data_statistics=relaxed
refuse "data.kind is idx, expected rbm" training.mode=vae
finish machine
