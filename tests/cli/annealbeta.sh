#!/bin/bash
# The temperature of a device: every estimator on a device whose temperature is known, those that fail
# say so; the protocols; reads weighed as states of the machine; any number of ranks; refusals.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

"$python" - "$work/m.h5" <<'END'
import sys, h5py, numpy
r = numpy.random.default_rng(7)
with h5py.File(sys.argv[1], "w") as f:
    f.attrs["format"], f.attrs["version"] = "caloq-rbm", 1
    f["partition_sizes"], f["clamped"] = numpy.array([4, 4, 3, 3], "i4"), numpy.array([-1], "i4")
    f["bias"] = r.normal(size=14).astype("f4")
    n = [4, 4, 3, 3]
    for a in range(4):
        for b in range(a + 1, 4): f[f"weight_{a}{b}"] = r.normal(size=(n[a], n[b])).astype("f4")
END
# the device is at 5, the problem at scale 4: its reads are colder than the machine
drawn() { # RANKS NAME KEY=VALUE...
    must "$1" anneal run.dir="$work/$2" anneal.model="$work/m.h5" anneal.output="$work/$2.h5" anneal.beta=5 anneal.scale=4 \
        anneal.sweeps=40 anneal.reads=2000 anneal.beta_reads=200 "${@:3}"
    cp "$work/out" "$work/$2.json"
}
every="anneal.estimators=[mpl, stein, kl, newton, method1, method2, variance]"
drawn 1 all "$every" anneal.compare=4000 anneal.reweigh=true
drawn 3 ranks "$every" anneal.compare=4000 anneal.reweigh=true
for p in before once waits single; do drawn 1 $p anneal.protocol=$p; done
drawn 2 steady anneal.protocol=before anneal.estimator=newton anneal.sets=4

"$python" - "$work" > "$work/judged" 2>&1 <<'END'
import itertools, json, sys
import h5py, numpy as np
work = sys.argv[1]
def ok(name, holds): print("ok" if holds else f"FAILED: {name}")
r = {n: json.load(open(f"{work}/{n}.json")) for n in ("all", "ranks", "before", "once", "waits", "single", "steady")}
# 5 within four of the quoted errors; method 1 diverges above 2 and has to say so
for name, e in r["all"]["estimators"].items():
    if name == "method1":
        ok(f"method1 says that it fails: {e}", not e["converged"] and e["error"] is None and "too long by the factor beta" in e["why"])
    elif name == "stein": # at the border here; tests/qpu/test_estimate.c has both sides
        ok(f"stein: {e}", abs(e["beta"] - 5) < 4 * e["error"] if e["converged"] else e["pareto_k"] > .7 and "few of" in e["why"])
    else:
        ok(f"{name}: {e}", e["converged"] and 0 < e["error"] < .8 and abs(e["beta"] - 5) < 4 * e["error"])
same = dict(r["all"])
ok("three ranks say the same", all(r["ranks"][k] == same[k] for k in ("beta", "beta_error", "estimators", "reweighed", "chains", "temperatures")))
for part in r["all"]["temperatures"]["partitions"]: # no part is warmer than another
    ok(f"partition {part}", abs(part["beta"] - 5) < 4 * part["error"] and part["spins"] in (3, 4))
# weights, by the definition; the machine by enumeration
with h5py.File(f"{work}/all.h5") as f: x, E, lw = f["states"][:].astype(float), f["energies"][:], f["log_weights"][:]
u = r["all"]["beta"] / r["all"]["scale"]
want = (u - 1) * E
want -= np.log(np.mean(np.exp(want - want.max()))) + want.max()
ok("weights are exp((u - 1) E), mean 1", np.abs(lw - want).max() < 1e-9)
w = np.exp(lw); w /= w.sum()
q = r["all"]["reweighed"]
ok("effective sample size", abs(q["ess"] - 1 / (w * w).sum()) < 1e-6 and abs(q["energy_mean"] - w @ E) < 1e-9)
with h5py.File(f"{work}/m.h5") as f:
    n, W, b = [0, 4, 8, 11, 14], np.zeros((14, 14)), f["bias"][:].astype(float)
    for a in range(4):
        for c in range(a + 1, 4): W[n[a]:n[a + 1], n[c]:n[c + 1]] = f[f"weight_{a}{c}"][:]
s = np.array(list(itertools.product((0., 1.), repeat=14)))
e = -s @ b - np.einsum("ri,ij,rj->r", s, W, s)
p = np.exp(-e - (-e).max()); p /= p.sum()
raw, err = r["all"]["energy_mean"], r["all"]["energy_error"]
ok(f"reads are colder: {raw} +- {err}, exact {p @ e}", raw < p @ e - 10 * err)
ok(f"weighed, {q['energy_mean']} +- {q['energy_error']}, they are not", abs(q["energy_mean"] - p @ e) < 4 * q["energy_error"] < 1)
c = r["all"]["chains"] # means of 14 and 73 correlated squares: about 1; 4,000 chains beside 2,000 reads
ok(f"beside chains: {c}", c["mean_chi2"] > 3 and c["weighed_mean_chi2"] < 2.5 and c["weighed_pair_chi2"] < 2.5)
# protocols: this device neither heats up nor drifts
for name in "before", "once", "waits", "single", "steady":
    v = r[name]["protocol"]
    ok(f"{name}: windows {[(w['beta'], w['beta_error']) for w in v['windows']]}",
       v["name"] == {"steady": "before"}.get(name, name) and v["scale_found"] and len(v["windows"]) == (4 if name == "steady" else 10)
       and all(abs(w["beta"] - 5) < 5 * w["beta_error"] < 2 for w in v["windows"]) and sum(w["reads"] for w in v["windows"]) == 2000)
    lines = [json.loads(t) for t in open(f"{work}/{name}/anneal/metrics.jsonl")]
    ok(f"{name}: metrics", [t["beta"] for t in lines] == [w["beta"] for w in v["windows"]] and [t["step"] for t in lines] == list(range(len(lines))))
v = {n: r[n]["protocol"] for n in r if "protocol" in r[n]}
ok("one scale", len({w["scale"] for w in v["once"]["windows"]}) == 1 and len({w["scale"] for w in v["before"]["windows"]}) == 10)
ok("one read in every call", v["single"]["programmings"] >= 2200 and (v["single"]["programmings"] - 2000) % 200 == 0)
ok("2.5 s before every programming", abs(v["waits"]["windows"][-1]["time_us"] - 2.5e6 * v["waits"]["programmings"]) < 1)
END
passed=$((passed + $(grep -cx ok "$work/judged"))) failed=$((failed + $(grep -vcx ok "$work/judged")))
grep -vx ok "$work/judged"

# a device that warms up by every programming: the less it waits, the hotter
"$python" -c '
import random
random.seed(3)
for i in range(160): print(i, i, random.choice([-1, 1]) * random.uniform(3, 6))
for i in range(0, 160, 2): print(i, i + 1, random.gauss(0, 1))' > "$work/spins.txt"
for p in waits once before single; do
    must 1 anneal run.dir="$work/warm" anneal.model="$work/spins.txt" anneal.output="$work/warm.h5" anneal.backend=kinetic \
        "anneal.noise=[heat]" anneal.scale=8.8 anneal.reads=$([ $p = single ] && echo 900 || echo 8000) anneal.beta_reads=100 anneal.sets=4 \
        anneal.resolution=20 anneal.protocol=$p
    cp "$work/out" "$work/warm.$p.json"
    [ $p = single ] && continue
    must 1 anneal anneal.what=cost run.dir="$work/warm" anneal.model="$work/spins.txt" anneal.backend=kinetic anneal.reads=8000 \
        anneal.beta_reads=100 anneal.sets=4 anneal.protocol=$p
    cp "$work/out" "$work/cost.$p.json"
done
check "what a protocol costs lies within what was predicted" "$python" -c '
import json, sys
for p in "waits", "once", "before":
    cost, r = (json.load(open(f"{sys.argv[1]}/{n}.{p}.json")) for n in ("cost", "warm"))
    c = cost["protocol"]
    print(p, c, r["access_time_us"], r["protocol"]["programmings"])
    assert c["access_time_us_least"] * (1 - 1e-9) <= r["access_time_us"] <= c["access_time_us_most"]
    assert c["problems_least"] <= r["protocol"]["programmings"] <= c["problems_most"] and c["problems_least"] == (8 if p == "before" else 5)
' "$work"
check "the protocols have temperatures of their own" "$python" -c '
import json, math, sys
b = [(r["beta"], r["beta_error"]) for r in (json.load(open(f"{sys.argv[1]}/warm.{p}.json")) for p in ("waits", "once", "before", "single"))]
print(b)
sys.exit(not all(x - y > 3 * math.hypot(e, f) for (x, e), (y, f) in zip(b, b[1:])))' "$work"

run 2 anneal run.dir="$work/no" anneal.model="$work/m.h5" anneal.output="$work/no.h5" "anneal.estimators=[mpl, stain]"
check "an estimator that is none: exit 1, no file" test $status -eq 1 -a ! -e "$work/no.h5"
check "... named in one sentence" grep -q '^caloq: anneal.estimators: "stain" is none, expected mpl' "$work/err"
finish annealbeta
