#!/bin/bash
# Showers by way of an annealer: encoder and decoder first, the machine on reads of a kinetic device,
# reads for given incident energies, decoded, and judged beside showers of the machine's own chains.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
showers 400 "$work/showers.h5"
cat > "$work/a.yaml" <<END
run: {dir: $work/run}
data: {train: [$work/showers.h5], geometry: $geometry, validation_fraction: 0}
model: {architecture: $work/network.yaml}
rbm: {method: annealer, nodes: [57, 6, 6, 6], optimiser: adam, learning_rate: 0.05}
training: {batch: 50, log_every: 2, phases: [{mode: ae, epochs: 12}, {mode: rbm, epochs: 4}], entropy_weight: 0.05}
anneal: {backend: kinetic, noise: [heat, ice], model: $work/run, output: $work/reads.h5, reads: 256, conditions: 16, scale: 8, beta_every: 4,
  energies: [2000, 20000, 200000], sweeps: 100, protocol: once, sets: 5}
generate: {model: $work/run, energies: [2000, 20000, 200000], showers: 600}
evaluate: {geometry: $geometry, fpd_min: 200, fpd_max: 500, kpd_batch: 200, reference: $work/chains.h5}
END
must 2 train "$work/a.yaml"; cp "$work/out" "$work/train.json"
must 2 anneal "$work/a.yaml" anneal.reads=600 anneal.compare=1200; cp "$work/out" "$work/anneal.json"
must 2 generate "$work/a.yaml" generate.latents="$work/reads.h5" generate.output="$work/annealed.h5" run.name=annealed
must 1 generate "$work/a.yaml" generate.output="$work/chains.h5" generate.sweeps=200
must 1 generate "$work/a.yaml" generate.prior=coins generate.output="$work/coins.h5" run.name=coins
must 1 generate "$work/a.yaml" generate.output="$work/other.h5" run.seed=5 run.name=other
for f in annealed coins other; do
    must 2 evaluate "$work/a.yaml" evaluate.generated="$work/$f.h5" run.name=$f; cp "$work/out" "$work/$f.json"
done
"$python" - "$work" > "$work/judged" 2>&1 <<'END'
import json, sys
import h5py, numpy as np
work = sys.argv[1]
def ok(name, holds): print("ok" if holds else f"FAILED: {name}")
def result(name): return json.load(open(f"{work}/{name}.json"))
def showers(name):
    with h5py.File(f"{work}/{name}.h5") as f: return f["incident_energies"][:, 0], f["showers"][:]
with h5py.File(f"{work}/reads.h5") as f: E = f["incident_energies"][:, 0]
e, x = showers("annealed")
ok(f"every read has become a shower of its energy, in order: {len(e)} of {len(E)}, {np.unique(E, return_counts=True)} {np.unique(e)}", (e == E).all() and [(e == v).sum() for v in (2e3, 2e4, 2e5)] == [200] * 3)
r, c = result("anneal"), result("anneal")["chains"]
ok(f"one temperature: {r['beta']} +- {r['beta_error']}", r["protocol"]["scale_found"] and abs(r["beta"] / r["scale"] - 1) < .1)
# fields and couplings are off by ice, the same for all reads of a programming: not by more than twice what chance gives
ok(f"bits like the chains': {c}", c["mean_difference"] < 2 * c["mean_noise"] and c["pair_difference"] < 2 * c["pair_noise"])
f, y = showers("chains")
for v in 2e3, 2e4, 2e5: # mean response, five errors
    a, b = x[e == v].sum(1) / v, y[f == v].sum(1) / v
    ok(f"mean response at {v} MeV: {a.mean()}, chains {b.mean()}", abs(a.mean() - b.mean()) < 5 * np.hypot(a.std(), b.std()) / np.sqrt(len(a)))
d = {n: (result(n)["fpd"], result(n)["fpd_error"]) for n in ("annealed", "other", "coins")}
print(d, file=sys.stderr)
ok(f"FPD to showers of chains: {d}", d["annealed"][0] < .5 * d["coins"][0] and d["annealed"][0] < d["other"][0] + .3 * d["coins"][0])
t = result("train")["annealer"]
ok(f"paid as predicted: {t}", t["problems_predicted"] == 4 * 8 * 16 and abs(t["access_time_us"] / t["access_time_us_predicted"] - 1) < 1e-9)
END
passed=$((passed + $(grep -cx ok "$work/judged"))) failed=$((failed + $(grep -c '^FAILED\|Error' "$work/judged")))
grep -vx ok "$work/judged"
finish annealshowers
