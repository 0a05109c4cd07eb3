#!/bin/bash
# caloq anneal with conditions, embeddings and gauges, on every device: states given a condition by
# enumeration, chains and their statistics, what is out of range, problems of a service a gauge.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

# a machine of which the first 57 units are an energy's code; 4 + 3 free ones, coupled to each other and to it
"$python" - "$work/m.h5" <<'END'
import sys, h5py, numpy
r = numpy.random.default_rng(4)
with h5py.File(sys.argv[1], "w") as f:
    f.attrs["format"], f.attrs["version"] = "caloq-rbm", 1
    f["partition_sizes"], f["clamped"] = numpy.array([57, 4, 3], "i4"), numpy.array([0], "i4")
    f["bias"] = r.normal(size=64).astype("f4")
    for a, b, n, m, s in (0, 1, 57, 4, .2), (0, 2, 57, 3, .2), (1, 2, 4, 3, .8):
        f[f"weight_{a}{b}"] = (s * r.normal(size=(n, m))).astype("f4")
END
common=(anneal.model="$work/m.h5" anneal.energies='[2000, 300000]')
gibbs=(anneal run.dir="$work/run" "${common[@]}" anneal.reads=12800 anneal.sweeps=400 anneal.gauges=4)
chains=(anneal.chip=4 anneal.chain_rule=fixed anneal.chain_strength=1.5 anneal.unembed=discard "anneal.dead=[3, 17, 200-201]")
names=()
draw() { # RANKS NAME KEY=VALUE...
    must "$1" "${gibbs[@]}" anneal.output="$work/$2.h5" run.dir="$work/$2" "${@:3}"
    cp "$work/out" "$work/$2.json"
    names+=("$2")
}
draw 1 fold
draw 3 fields anneal.condition=fields
draw 2 flux anneal.condition=flux
draw 1 clique "${chains[@]}" anneal.embedding=clique anneal.embedding_output="$work/chains.json"
draw 3 biclique "${chains[@]}" anneal.topology=chimera anneal.chip=4,4,2 anneal.dead='[3]' anneal.embedding=biclique
draw 2 fragments "${chains[@]}" anneal.chip=8 anneal.embedding=biclique anneal.condition=flux
draw 1 file "${chains[@]}" anneal.embedding=file anneal.embedding_file="$work/chains.json"
draw 1 pegasus "${chains[@]}" anneal.dead='[]' anneal.topology=pegasus anneal.embedding=clique anneal.unembed=minimise anneal.chain_strength=4 anneal.sweeps=4000
"$python" - "$work" "${names[@]}" > "$work/judged" 2>&1 <<'END'
import itertools, json, sys
import h5py, numpy as np
work, names = sys.argv[1], sys.argv[2:]
def ok(name, holds): print("ok" if holds else f"FAILED: {name}")
with h5py.File(f"{work}/m.h5") as f:
    b, at = f["bias"][:].astype(float), [0, 57, 61, 64]
    W = np.zeros((64, 64))
    for p, q in (0, 1), (0, 2), (1, 2): W[at[p]:at[p + 1], at[q]:at[q + 1]] = f[f"weight_{p}{q}"][:]
free = np.array(list(itertools.product((0., 1.), repeat=7)))
E = lambda x: -x @ b - np.einsum("ri,ij,rj->r", x, W, x)
for name in names:
    with h5py.File(f"{work}/{name}.h5") as f:
        x, H, e = f["states"][:].astype(float), f["energies"][:], f["incident_energies"][:, 0]
        breaks = f["chain_breaks"][:] if "chain_breaks" in f else None
    r = json.load(open(f"{work}/{name}.json"))
    p = r["program"]
    ok(f"{name}: energies are those of the states", np.abs(E(x) - H).max() < 1e-10)
    ok(f"{name}: most reads are there: {p}", 12800 / 4 < len(x) <= 12800 and len(x) == r["reads"] and p["reads"] == 12800)
    for energy in set(e):
        rows = x[e == energy]
        u = rows[0, :57]
        ok(f"{name}: one condition", (rows[:, :57] == u).all())
        all_states = np.hstack([np.tile(u, (128, 1)), free])
        w = np.exp(E(all_states).min() - E(all_states))
        mean = w @ free / w.sum() # independent reads but for gauges, which change no average: five standard errors
        ok(f"{name}: means given {energy}: {rows[:, 57:].mean(0)}, exact {mean}",
           (np.abs(rows[:, 57:].mean(0) - mean) < 5 * np.sqrt(mean * (1 - mean) / len(rows)) + 1e-9).all())
    lost = p.get("lost", 0)
    ok(f"{name}: few reads are lost: {lost}", lost < 128)
    ok(f"{name}: there is a loss where units are held", ("lost" in p) == (name in ("fields", "flux", "fragments")))
    if "embedding" in p:
        ok(f"{name}: breaks of {breaks}", np.isnan(breaks[:57]).all() and abs(breaks[57:].mean() - p["broken_chains"]) < 1e-12)
        ok(f"{name}: dropped are those with a broken chain", p["dropped"] == (0 if name == "pegasus" else 12800 - lost - p["clean"]))
        ok(f"{name}: some chains break: {p}", name == "pegasus" or 0 < p["broken_chains"] < .2)
        ok(f"{name}: chains longer than a qubit", p["chain_longest"] > 1 and p["qubits"] >= 7)
    else: ok(f"{name}: no chains", breaks is None)
chains = json.load(open(f"{work}/chains.json"))
used = sorted(q for c in chains.values() for q in c)
ok(f"chains by units: {chains}", sorted(map(int, chains)) == list(range(57, 64)) and len(set(used)) == len(used) and not {3, 17} & set(used))
a, c = (json.load(open(f"{work}/{n}.json")) for n in ("clique", "file"))
ok("chains read are chains written", a["energy_mean"] == c["energy_mean"] and a["program"]["qubits"] == c["program"]["qubits"])
END
passed=$((passed + $(grep -cx ok "$work/judged"))) failed=$((failed + $(grep -vcx ok "$work/judged")))
grep -vx ok "$work/judged"

# --- the kinetic device: what is held takes the asked bits there, too; nothing is clipped
kinetic=(anneal run.dir="$work/kinetic" "${common[@]}" anneal.backend=kinetic anneal.chip=6 anneal.scale=8.9 anneal.reads=400 anneal.output="$work/k.h5")
for how in fields flux; do
    strength=$([ $how = fields ] && echo 3.5 || echo 10)
    must 2 "${kinetic[@]}" anneal.condition=$how anneal.condition_strength=$strength
    check "kinetic, $how: held units take the asked bits in nearly all reads" "$python" -c '
import json, sys
p = json.load(open(sys.argv[1]))["program"]
sys.exit(p["lost"] > 20)' "$work/out"
done
must 1 "${kinetic[@]}" anneal.embedding=clique anneal.condition=flux anneal.gauges=2 anneal.chain_rule=fixed anneal.chain_strength=1
check "kinetic, chains and fragments: most reads are there" "$python" -c '
import json, sys
r = json.load(open(sys.argv[1])); p = r["program"]
sys.exit(not (r["reads"] > 200 and p["lost"] < 100 and p["gauges"] == 2))' "$work/out"
refuse() { # WORDS KEY=VALUE...
    run 2 "${kinetic[@]}" anneal.output="$work/no.h5" "${@:2}"
    check "$1: exit 1, one sentence, no file" test $status -eq 1 -a "$(grep -c '^caloq: ' "$work/err")" -eq 1 -a ! -e "$work/no.h5"
    check "... that says '$1'" grep -q -- "$1" "$work/err"
}
refuse "0.01" anneal.condition=flux anneal.condition_strength=40
refuse "takes -4 to 4" anneal.condition=fields anneal.condition_strength=5
refuse "takes -4 to 4" anneal.scale=0.05
refuse "anneal.energies" anneal.condition=flux anneal.energies='[]'
refuse "not bipartite" anneal.embedding=biclique anneal.energies='[]' # the code, the two partitions: a triangle
refuse "clique of 64 chains" anneal.embedding=clique anneal.energies='[]' anneal.chip=1
echo '{"0": [1]}' > "$work/no.json"
refuse "no list of qubits for unit 57" anneal.embedding=file anneal.embedding_file="$work/no.json"
must 1 "${kinetic[@]}" anneal.scale=0.2 anneal.range=scale
check "scaled: the factor is told, and the temperature that follows" "$python" -c '
import json, sys
r = json.load(open(sys.argv[1])); p = r["program"]
sys.exit(not (p["range_factor"] > 1.5 and abs(r["beta"] * p["range_factor"] / 8.9 - 1) < .5))' "$work/out"
grep -q "divided by" "$work/err"; check "... in a warning too" test $? -eq 0
finish annealprogram
