#!/bin/bash
# condition.sh - what the model is told of an event: energy codes; numbers beside the energy, from the
# showers' file to training, encoding and generation.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
says() { grep -qF -- "$1" "$work/err"; }
showers 101 "$work/showers.h5"

# energy codes: the reference's, with their aliasing told
code=(train "$work/train.yaml" training.epochs=1 model.energy_code)
must 2 "${code[@]/%energy_code/energy_code=new45}" run.dir="$work/new45"
check "new45 aliases from 4.43 MeV on" says "data.train: 101 of 101 energies are at 4.42675 MeV or above, where the energy code new45 begins to alias: floor(E) from 32768 MeV, floor(e^10 ln E) from 4.42675 MeV"
must 1 "${code[@]/%energy_code/energy_code=caloq}" run.dir="$work/plain"
check "caloq's code does not" test "$(grep -c "begins to alias" "$work/err")" -eq 0
must 2 encode encode.model="$work/new45" data.test="[$work/showers.h5]" data.most=101 encode.output="$work/bits.h5" run.dir="$work/enc"
must 1 convert convert.model="$work/new45" convert.output="$work/rbm.h5" run.dir="$work/conv"
check "the bits are those of the reference's binary_energy" "$python" - "$work" <<'END'
import h5py, numpy as np, sys
f = h5py.File(sys.argv[1] + "/bits.h5")
E = f["incident_energies"][:, 0]
want = np.zeros((len(E), 57))
for at, x in ((0, E), (15, np.sqrt(E) * np.sqrt(10)), (30, np.log(E) * np.e**10)):
    want[:, at : at + 15] = (x.astype(np.int64)[:, None] >> np.arange(15)) & 1
assert (f["states"][:, :57] == want).all()
for name in ("new45/checkpoint-1.h5", "rbm.h5"):
    g = h5py.File(f"{sys.argv[1]}/{name}")
    assert g.get("rbm", g).attrs["energy_code"] in (b"new45", "new45"), name
END
must 2 generate generate.model="$work/new45" generate.energies='[40000]' generate.showers=3 generate.sweeps=2 generate.states="$work/states.h5" generate.output="$work/made.h5" run.dir="$work/gen"
check "generate tells the aliasing" says "generate.energies: 3 of 3 energies are at 4.42675 MeV or above"
run 1 "${code[@]/%energy_code/energy_code=refactored53}" run.dir="$work/new45" training.epochs=2
check "another code on going on: exit 1" test $status -eq 1
check "another code on going on: the sentence" says "model.energy_code differs from the checkpoint's"
run 1 "${code[@]/%energy_code/energy_code=old}" run.dir="$work/none"
check "no room for a word: exit 1" test $status -eq 1
check "no room for a word: the sentence" says "partition 0 has 57 units, the energy code old needs at least 60"

# two numbers beside the energy: how the angle turns, and an impact on a logarithmic scale
"$python" - "$work" <<'END'
import h5py, numpy as np, sys
r = np.random.default_rng(1)
with h5py.File(sys.argv[1] + "/showers.h5") as a:
    E, x = a["incident_energies"][()], a["showers"][()]
for part in ("a", "b"):
    rows = slice(0, 60) if part == "a" else slice(60, None)
    n = len(E[rows])
    with h5py.File(f"{sys.argv[1]}/{part}.h5", "w") as f:
        f["incident_energies"], f["showers"] = E[rows], x[rows]
        f["eta"] = r.uniform(-1, 1, (n, 1))
        f["impact"] = np.exp(r.uniform(0, np.log(100), n))
with h5py.File(sys.argv[1] + "/a.h5", "a") as f:
    f["showers"][7, 3] = 10 * f["incident_energies"][7, 0]  # cannot be transformed: dropped
with h5py.File(sys.argv[1] + "/turned.h5", "w") as f:
    with h5py.File(sys.argv[1] + "/a.h5") as a:
        f["eta"], f["impact"] = -a["eta"][()], a["impact"][()]
END
sed 's/\[standard, energy, bits\]/[standard, conditions, bits]/; s/\[bits, energy\]/[bits, conditions]/' "$work/network.yaml" > "$work/told.yaml"
ranges='[{name: eta, low: -1, high: 1}, {name: impact, low: 1, high: 100, scale: log}]'
told=("$work/train.yaml" data.train="[$work/a.h5, $work/b.h5]" data.most=0 data.validation_fraction=0.2 model.architecture="$work/told.yaml"
    model.condition='[energy, eta, impact]' model.condition_ranges="$ranges")
for n in 1 3; do must $n train "${told[@]}" run.dir="$work/told$n"; done
look "the losses do not know how many ranks there are" metrics "$work/told1/metrics.jsonl" "$work/told3/metrics.jsonl" 1e-3
run 1 train "${told[@]}" run.dir="$work/turn" run.walltime=0.001
check "stopped after a step" test $status -eq 75
must 1 train "${told[@]}" run.dir="$work/turn"
look "gone on: the same checkpoint" same "$work/told1/checkpoint-2.h5" "$work/turn/checkpoint-2.h5" but=/config
must 1 train "${told[@]}" run.dir="$work/parts" training.micro_batch=3
look "a step in parts" metrics "$work/told1/metrics.jsonl" "$work/parts/metrics.jsonl" 1e-3
must 2 train "${told[@]}" run.dir="$work/judged" training.best=fpd training.best_sweeps=2 training.epochs=1 data.validation="[$work/b.h5]" data.train="[$work/a.h5]"
must 2 encode encode.model="$work/told1" data.test="[$work/a.h5, $work/b.h5]" encode.output="$work/coded.h5" run.dir="$work/enc"
make=(generate generate.model="$work/told1" generate.sweeps=3 run.dir="$work/gen")
must 2 "${make[@]}" generate.latents="$work/coded.h5" generate.output="$work/back.h5"
must 1 "${make[@]}" generate.energies="[$work/a.h5]" generate.output="$work/one.h5" generate.states="$work/drawn.h5"
must 3 "${make[@]}" generate.energies="[$work/a.h5]" generate.conditions="$work/turned.h5" generate.output="$work/two.h5" generate.states="$work/others.h5"
check "every number is the shower's, and the showers depend on it" "$python" - "$work" <<'END'
import h5py, numpy as np, sys
f = {n: h5py.File(f"{sys.argv[1]}/{n}.h5") for n in "a b coded back one two turned drawn others".split()}
all = {k: np.concatenate([f["a"][k][()].reshape(-1), f["b"][k][()].reshape(-1)]) for k in ("eta", "impact")}
keep = np.arange(len(all["eta"])) != 7
for k in all:
    for n in ("coded", "back"):
        assert (f[n][k][:, 0] == all[k][keep]).all(), (n, k)
    assert (f["one"][k][:, 0] == f["a"][k][()].reshape(-1)).all(), k
    assert (f["drawn"][k][:, 0] == f["a"][k][()].reshape(-1)).all(), k
assert (f["two"]["eta"][:, 0] == f["turned"]["eta"][:, 0]).all()
assert (f["drawn"]["states"][()] == f["others"]["states"][()]).all()  # the machine knows the energy alone
assert (f["one"]["showers"][()] != f["two"]["showers"][()]).any()
g = h5py.File(sys.argv[1] + "/told1/checkpoint-2.h5")["condition"]
assert g.attrs["names"] in (b"eta impact", "eta impact"), g.attrs["names"]
assert (g["ranges"][()] == [[-1, 1, 0], [1, 100, 1]]).all()
END
must 1 evaluate evaluate.generated="$work/one.h5" evaluate.reference="$work/a.h5" evaluate.geometry=$geometry run.dir="$work/eval" evaluate.fpd_min=20 evaluate.fpd_max=50

refused() { # WHAT SENTENCE COMMAND ARGUMENT...
    local what=$1 sentence=$2; shift 2
    run 2 "$@"
    check "$what: exit 1" test $status -eq 1
    check "$what: the sentence" says "$sentence"
}
refused "no range" "model.condition names eta, which model.condition_ranges does not have" train "${told[@]}" model.condition_ranges='[]'
refused "a range too much" "model.condition_ranges has impact, which model.condition does not name" train "${told[@]}" model.condition='[energy, eta]'
refused "the energy" "expected energy as its first entry" train "${told[@]}" model.condition='[eta, impact]'
refused "a number out of its range" "a.h5: event" train "${told[@]}" model.condition_ranges="${ranges/high: 1\}/high: 0\}}"
refused "no logarithm" "impact: low is 0, expected more than 0 where scale is log" train "${told[@]}" model.condition_ranges="${ranges/low: 1, high: 100/low: 0, high: 100}"
refused "no dataset" "showers.h5: has no dataset 'eta' of the model's condition" train "${told[@]}" data.train="[$work/showers.h5]"
refused "nothing reads it" "no layer reads 'conditions', and model.condition names eta beside the energy" train "${told[@]}" model.architecture="$work/network.yaml"
refused "nothing given" "generate.conditions is empty, expected a file with eta of each shower" "${make[@]}" generate.showers=3 generate.output="$work/x.h5"
refused "too few" "eta has 60 rows, expected one for each shower" "${make[@]}" generate.showers=70 generate.conditions="$work/turned.h5" generate.output="$work/x.h5"
refused "another condition on going on" "model.condition_ranges differs from the checkpoint's" train "${told[@]}" run.dir="$work/told1" training.epochs=3 model.condition_ranges="${ranges/high: 1\}/high: 1.5\}}"
finish condition
