#!/bin/bash
# bench.sh - caloq bench for every bench.what, briefly: the figures that the result line owes, each with
# what it is of, every rate positive; two ranks share one AIS; and the twins in Python run.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
bench() { must "$1" bench configs/bench.yaml bench.seconds=0.01 run.dir="$work/run" bench.what="$2" "${@:3}"; tail -1 "$work/out" > "$work/$2.json"; }

for what in gibbs counts io device; do bench 1 $what; done
bench 1 train bench.architectures=[configs/architectures/fcn-small.yaml] bench.batch=8 bench.floats=100003
cp "$work/train.json" "$work/train1.json"
bench 2 train bench.architectures=[] bench.floats=100003
mv "$work/train.json" "$work/sums.json" && mv "$work/train1.json" "$work/train.json"
bench 1 race bench.race_seconds=0.2 bench.race_showers=256
bench 2 logz bench.chains=128
bench 2 evaluate bench.geometry=$geometry bench.showers=400
for twin in ais_numpy gibbs_torch; do
    "$python" tests/peers/$twin.py --seconds 0.01 --chains 64 --threads 1 > "$work/$twin.json" 2> "$work/err" || fail "$twin.py"
done
mkdir "$work/none" && echo 'raise ImportError("none here")' > "$work/none/torch.py"
PYTHONPATH="$work/none" "$python" tests/peers/train_torch.py > "$work/skipped" 2> "$work/err"
check "the training peer without PyTorch is skipped in a sentence" test $? -eq 0 -a "$(grep -c '"skipped": "no PyTorch for this Python' "$work/skipped")" -eq 1
(cd "$work" && "$python" -) > "$work/judged" << 'PYTHON'
import json, math

def line(name):
    with open(name + ".json") as f:
        return json.load(f)

def say(what, holds):
    print("ok" if holds else "FAILED: " + what)

def rates(f):
    return [x for k, x in f.items() if k.endswith(("_per_ns", "_per_second")) or k.startswith("seconds_per")]

def whole(what, f, *keys):
    say(f"{what}: {f}", all(isinstance(f.get(k), str) and f[k] for k in keys) and rates(f)
        and all(math.isfinite(x) and x > 0 for x in rates(f)))

owed = {"gibbs": "updates_per_ns", "counts": "gmac_per_second", "ais": "updates_per_ns"}
for what, name in (("gibbs", "gibbs"), ("counts", "counts"), ("logz", "ais")):
    result = line(what)
    say(f"{what}: its command", result["command"] == "bench")
    mine = [f for f in result["figures"] if f["name"] == name]
    say(f"{what}: a figure for the complete machine", any(f["topology"] == "complete 4x302" for f in mine))
    for f in mine:
        whole(what, f, "name", "topology", "kernel", "precision")
        say(f"{what}: {owed[name]} in {f}", owed[name] in f)
gibbs = [f for f in line("gibbs")["figures"] if f["name"] == "gibbs"]
say("gibbs: every sampler on every graph", all({(t, "float32", "add"), (t, "int16", "add"), (t, "int16", "lookup")}
    <= {(f["topology"], f["precision"], f["sampler"]) for f in gibbs} for t in
    ("complete 4x302", "zephyr 4x302", "pegasus 4x302", "chimera 2x604", "random degree 20")))
say("gibbs: sgemm beside it", any(f["sampler"] == "sgemm" for f in gibbs))
say("gibbs: a million chains", all(f["mb_per_million_chains"] < 200 for f in line("gibbs")["figures"] if f["name"] == "memory"))
say("gibbs: every instruction set", {"base"} < {f["kernel"] for f in gibbs})
devices = line("device")["figures"]
for f in devices:
    whole("device", f, "name", "topology", "kernel", "precision", "sampler")
say("device: reads in tiles, and reads that remember", {(f["name"], f["topology"]) for f in devices} ==
    {("device", "zephyr"), ("device, reads that remember", "pegasus")})
say("device: beside the bare sweep", all(0 < f["fraction_of_limit"] < 1.5 for f in devices))
ais = [f for f in line("logz")["figures"] if f["name"] == "ais"]
for f in ais:
    n = f["measured_steps"]
    say(f"two ranks share 128 chains: {f}", f["ranks"] == 2 and f["chains"] == 128 and 64 <= n <= f["steps"])
    say(f"the path at this pace: {f}", abs(f["seconds_per_path"] - f["steps"] * f["seconds_per_1000_steps"] / 1000) < 1e-9 * f["steps"])
say("logz: three machines, two paths, two precisions", {(f["topology"], f["path"], f["precision"]) for f in ais} ==
    {(t, p, q) for t in ("complete 784x500", "complete 4x302", "zephyr 4x302") for p in ("joint", "marginal") for q in ("float32", "int16")})
names = {f["name"]: f for f in line("sums")["figures"]}
for name in ("Adam of 0.1 M floats", "sum of 0.1 M floats on 2 ranks", "sum and Adam of 0.1 M floats by shares"):
    say(f"two ranks: {name} beside what it is measured against", name in names and names[name]["ratio"] > 0 and names[name]["against"])
race = line("race")["figures"]
say("race: two networks, the second beside the first", len(race) == 2 and "below_first" not in race[0]
    and abs(race[1]["below_first"] - race[0]["ae_plus_hit"] + race[1]["ae_plus_hit"]) < 1e-9)
for f in race:
    say(f"race: the same time, all of its terms: {f}", 0.2 <= f["processor_seconds"] < 3 and len(f["course"]) == 8
        and abs(f["ae"] + f["hit"] - f["ae_plus_hit"]) < 1e-9 and f["course"][-1] == f["ae_plus_hit"])
made = [f for f in line("train")["figures"] if f["name"].startswith("generate")]
say("train: generation of 1, 100 and 10,000", [f["name"].split(" batch ")[1] for f in made] == ["1", "100", "10000"])
for f in made:
    n, ms = int(f["name"].split()[-1]), f["sampling_ms_per_shower"] + f["decoding_ms_per_shower"]
    say(f"generation: {f}", abs(f["showers_per_second"] * ms - 1000) < 1e-6 * 1000
        and abs(f["sampling_share"] - f["sampling_ms_per_shower"] / ms) < 1e-9 and 0 < f["sampling_share"] < 1)
for f in line("train")["figures"]:
    whole("train", f, "name")
say("train: a rate", any("showers_per_second" in f for f in line("train")["figures"]))
loads = {(f["name"], f["topology"]): f for f in line("io")["figures"]}
say(f"io: loads beside fread and zlib: {sorted(loads)}", set(loads) == {("fread", "data set 2"), ("load", "data set 2"),
    ("fread", "from disk"), ("load", "from disk"), ("inflate", "data set 2"), ("load.gz", "data set 2")})
for (name, where), limit in ((("load", "data set 2"), "fread"), (("load.gz", "data set 2"), "inflate")):
    f, best = loads[name, where], loads[limit, where]
    say(f"io: a share of {limit}: {f}", f["mb_per_s"] > 0 and
        math.isclose(f["fraction_of_limit"], f["mb_per_s"] / best["mb_per_s"], rel_tol=1e-6))
judged = {f["name"]: f for f in line("evaluate")["figures"]}
say(f"evaluate: its figures: {sorted(judged)}", set(judged) == {"sgemm", "dgemm", "histos", "fpd", "kpd", "prdc"})
for name in ("histos", "fpd", "kpd", "prdc"):
    say(f"evaluate: {judged[name]}", judged[name]["s"] > 0 and 0 < judged[name]["fraction_of_limit"] < 2)
whole("ais_numpy", line("ais_numpy"), "name", "topology")
for f in line("gibbs_torch")["figures"]:
    whole("gibbs_torch", f, "name", "topology", "kernel", "precision")
say("gibbs_torch: figures, or why not", any(f["kernel"].startswith("torch") for f in line("gibbs_torch")["figures"]) or
    "not installed" in line("gibbs_torch")["skipped"])
PYTHON
check "the figures are judged" test $? -eq 0
passed=$((passed + $(grep -cx ok "$work/judged"))); failed=$((failed + $(grep -vcx ok "$work/judged"))); grep -vx ok "$work/judged"
finish bench
