#!/bin/bash
# critic.sh - a critic beside the networks (WGAN-GP): it learns to tell reconstructed showers from true ones,
# the networks hear of it, a run that stops goes on bit for bit, and ranks are of no account.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
showers 101 "$work/showers.h5"
says() { grep -qF -- "$1" "$work/err"; }
small=configs/architectures/critic-small.yaml
train=(train "$work/train.yaml" model.architecture=configs/architectures/fcn-small.yaml model.critic=$small
    training.critic_rate=1e-3 training.log_every=1)

for n in 1 3; do
    must $n "${train[@]}" run.dir="$work/net$n"
    run $n "${train[@]}" run.dir="$work/turn$n" run.walltime=0.001
    check "stopped after a step at $n ranks" test $status -eq 75
    must $n "${train[@]}" run.dir="$work/turn$n"
    look "gone on, $n ranks: the same checkpoint" same "$work/net$n/checkpoint-2.h5" "$work/turn$n/checkpoint-2.h5" but=/config
    look "gone on, $n ranks: the same history" metrics "$work/net$n/metrics.jsonl" "$work/turn$n/metrics.jsonl" 0
done
# sums over ranks are made in another order; a step of the critic has the size of its rate whatever the
# gradient's, which soon makes something of rounding: the first six steps are compared
check "the first losses do not know how many ranks there are" "$python" - "$work" <<'END'
import json, sys
one, three = ([json.loads(line) for line in open(f"{sys.argv[1]}/net{n}/metrics.jsonl")] for n in (1, 3))
for a, b in list(zip(one, three))[:6]:
    for key in ("ae", "hit", "adversarial", "critic_gap", "critic_penalty"):
        assert abs(a[key] - b[key]) <= 1e-3 * max(1, abs(a[key])), (a["step"], key, a[key], b[key])
END
must 1 "${train[@]}" run.dir="$work/deaf" training.critic_weight=0
check "with weight 0 the networks are those without a critic" "$python" - "$work" <<'END'
import json, sys
work = sys.argv[1]
read = lambda run: [json.loads(line) for line in open(f"{work}/{run}/metrics.jsonl")]
net, deaf = ([x for x in read(run) if x["phase"] == "vae"] for run in ("net1", "deaf"))
assert all(k in net[0] for k in ("adversarial", "critic_gap", "critic_penalty")), net[0]
# step 1: no critic has moved yet, the networks' losses are the same; later ones are not
assert net[0]["ae"] == deaf[0]["ae"] and net[-1]["ae"] != deaf[-1]["ae"], (net[-1]["ae"], deaf[-1]["ae"])
END
must 1 train "$work/train.yaml" model.architecture=configs/architectures/fcn-small.yaml run.dir="$work/none" training.log_every=1
check "a critic that weighs nothing changes nothing" "$python" - "$work" <<'END'
import h5py, numpy, sys
a, b = (h5py.File(f"{sys.argv[1]}/{run}/checkpoint-2.h5")["model"] for run in ("deaf", "none"))
names = []
a.visititems(lambda n, x: names.append(n) if isinstance(x, h5py.Dataset) else None)
assert names and all((a[n][()] == b[n][()]).all() for n in names)
END
# the networks stand still: what the critic tells apart grows; its slope stays near 1 with the penalty alone
for penalty in 10 0; do
    must 1 "${train[@]}" run.dir="$work/alone$penalty" training.learning_rate=0 training.epochs=12 training.warmup=0 \
        training.critic_weight=0 training.critic_penalty=$penalty
done
check "its gap grows, the penalty holds its slope" "$python" - "$work" <<'END'
import json, sys
def ends(run, key):
    rows = [json.loads(line) for line in open(f"{sys.argv[1]}/{run}/metrics.jsonl")]
    rows = [x[key] for x in rows if x["phase"] == "vae"]
    return sum(rows[:6]) / 6, sum(rows[-6:]) / 6
print(*(ends(run, key) for run in ("alone10", "alone0") for key in ("critic_gap", "critic_penalty")))
first, last = ends("alone10", "critic_gap")
assert last > 3 * abs(first)
assert 10 * ends("alone10", "critic_penalty")[1] < ends("alone0", "critic_penalty")[1]
END
run 1 "${train[@]}" run.dir="$work/net1" model.critic= training.epochs=3
check "a run does not lose its critic" test $status -eq 1
check "by name" says "model.critic differs from the checkpoint's"
run 1 "${train[@]}" run.dir="$work/smooth" training.mask=false
check "the mask must be the true one" says "model.critic wants training.mask: true"
printf -- '- {concat: [showers, energy], kind: linear, units: 3}\n- {kind: tanh}\n- {name: score, kind: linear, units: 1}\n' > "$work/bent.yaml"
run 1 "${train[@]}" run.dir="$work/bent" model.critic="$work/bent.yaml"
check "a layer that bends is refused by line" says "bent.yaml:2: tanh: a critic's penalty wants layers that are linear or have a kink"
finish critic
