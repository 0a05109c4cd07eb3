#!/bin/bash
# mnist.sh - a small machine of MNIST's digits whose ln Z is known: 784 x 16 units trained by caloq, and
# enumerated by caloq and by numpy. AIS and reverse AIS of the joint machine, BAR on both, and the NumPy
# AIS of tests/peers, which shares no line with ours, must meet it within their errors. (The two machines
# of 784 x 500 units are judged by `make mnist`.)
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh
digits=../shared/data/mnist/train-images-idx3-ubyte.gz
[ -r "$digits" ] || { skip "MNIST is not at ../shared/data/mnist"; echo "TEST mnist: 0 passed, 0 failed, 1 skipped"; exit 0; }

must 2 train configs/mnist-cd25.yaml data.train="[$digits]" data.most=3000 rbm.nodes='[784, 16]' rbm.bias_start=data \
    training.epochs=8 training.checkpoint_every=8 run.dir="$work/run"
z() { must 2 logz logz.model="$work/run" run.dir="$work" run.name="$1" logz.chains=128 logz.betas=1000 logz.burn=300 "${@:2}"; }
z exact logz.method=exact
z both logz.method=both logz.exact_most=0
z bar logz.method=bar logz.exact_most=0
"$python" tests/peers/ais_numpy.py --file "$work/run/best.h5" --thin 15 --threads 1 > "$work/numpy.json" 2> "$work/err" || fail ais_numpy.py

# errors of the estimates are of one run: a difference of 4 of them is chance once in 16,000 runs
cat > "$work/judge.py" << 'PYTHON'
import json, sys
import h5py, numpy

def result(name):
    with open(f"{sys.argv[1]}/{name}") as f:
        return json.load(f)

with h5py.File(f"{sys.argv[1]}/run/best.h5") as f:
    g = f["rbm"]
    w, b = g["weight_01"][...].astype(float), g["bias"][...].astype(float)
h = (numpy.arange(1 << 16)[:, None] >> numpy.arange(16) & 1).astype(float)
each = h @ b[784:]
for first in range(0, len(h), 4096):
    part = slice(first, first + 4096)
    each[part] += numpy.logaddexp(0.0, b[:784] + h[part] @ w.T).sum(1)
truth = each.max() + numpy.log(numpy.exp(each - each.max()).sum())

exact, both, bar, peer = result("exact.result.json"), result("both.result.json"), result("bar.result.json"), result("numpy.json")
one = both["conditions"][0]
found = [("AIS", one["ais"], one["ais_error"]), ("reverse AIS", one["rais"], one["rais_error"]),
         ("BAR", bar["logz"], bar["error"]), ("NumPy's AIS", peer["logz"], peer["error"])]
said = [("the two enumerations", exact["logz"], truth, 1e-6 * truth)] + [(n, x, truth, 4 * e) for n, x, e in found]
for name, x, y, most in said:
    print("ok" if abs(x - y) < most else f"FAILED: {name}: {x} is not {y} within {most}")
for name, x, e in found:
    print("ok" if 0 < e < 0.3 else f"FAILED: {name}: its error is {e}")
print("ok" if both["verdict"].startswith("bracketed") else f"FAILED: {both['verdict']}")
PYTHON
check "the judge comes to an end" "$python" "$work/judge.py" "$work"
passed=$((passed + $(grep -cx ok "$work/said"))); failed=$((failed + $(grep -vcx ok "$work/said"))); grep -vx ok "$work/said"
finish mnist
