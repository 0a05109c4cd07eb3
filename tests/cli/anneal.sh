#!/bin/bash
# quick
# caloq anneal without a service: reads of block Gibbs against enumeration, by numpy from the files
# alone; the same file on any number of ranks; conditions; the pipe for a stand-in; refusals.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

cat > "$work/edges.txt" <<END
# qubits 30, 7, 12, 19: couplings and biases
30 7 0.9
7 12 -0.6
12 30 0.4   # a triangle: three colours
19 12 -1.1
7 7 0.5
19 19 -0.3
END
anneal=(anneal run.dir="$work/run" anneal.model="$work/edges.txt" anneal.sweeps=30 anneal.reads=6400)
must 1 "${anneal[@]}" anneal.output="$work/one.h5" anneal.compare=6400; cp "$work/out" "$work/one.json"
must 3 "${anneal[@]}" anneal.output="$work/three.h5"
must 1 "${anneal[@]}" anneal.output="$work/scaled.h5" anneal.scale=2.5 anneal.beta=2.5
must 1 "${anneal[@]}" anneal.output="$work/cold.h5" anneal.beta=2 run.name=cold; cp "$work/out" "$work/cold.json"

# a machine with a condition, and reads for three energies
"$python" - "$work/m.h5" <<'END'
import sys, h5py, numpy
r = numpy.random.default_rng(4)
with h5py.File(sys.argv[1], "w") as f:
    f.attrs["format"], f.attrs["version"] = "caloq-rbm", 1
    f["partition_sizes"], f["clamped"] = numpy.array([57, 3, 2], "i4"), numpy.array([0], "i4")
    f["bias"] = r.normal(size=62).astype("f4")
    for a, b, n, m in (0, 1, 57, 3), (0, 2, 57, 2), (1, 2, 3, 2):
        f[f"weight_{a}{b}"] = r.normal(size=(n, m)).astype("f4")
END
must 2 anneal run.dir="$work/run" anneal.model="$work/m.h5" anneal.energies='[1000, 30000, 1000000]' anneal.reads=50 \
    anneal.sweeps=3 anneal.output="$work/given.h5"

"$python" - "$work" > "$work/judged" 2>&1 <<'END'
import itertools, json, math, sys
import h5py, numpy as np
work = sys.argv[1]
def ok(name, holds): print("ok" if holds else f"FAILED: {name}")
order = [7, 12, 19, 30] # ascending numbers
W = {(7, 30): .9, (7, 12): -.6, (12, 30): .4, (12, 19): -1.1}
b = np.array([.5, 0, -.3, 0])
J = np.zeros((4, 4))
for (u, v), w in W.items(): J[order.index(u), order.index(v)] = w
E = lambda x: -x @ b - np.einsum("ri,ij,rj->r", x, J, x)
all_states = np.array(list(itertools.product((0., 1.), repeat=4)))
def exact(beta):
    p = np.exp(-beta * E(all_states)); p /= p.sum()
    mean = p @ E(all_states)
    return mean, math.sqrt(p @ E(all_states) ** 2 - mean ** 2), p @ all_states
def read(name):
    with h5py.File(f"{work}/{name}.h5") as f: return f["states"][:].astype(float), f["energies"][:]
x, energy = read("one")
ok("energies are those of the states", np.abs(E(x) - energy).max() < 1e-12)
for name, beta in ("one", 1), ("scaled", 1), ("cold", 2): # 6,400 independent reads: five standard errors
    x, energy = read(name)
    mean, width, units = exact(beta)
    ok(f"{name}: mean energy {energy.mean():.4f}, exact {mean:.4f}", abs(energy.mean() - mean) < 5 * width / 80)
    ok(f"{name}: means of units", (np.abs(x.mean(0) - units) < 5 * np.sqrt(units * (1 - units)) / 80).all())
one, cold = (json.load(open(f"{work}/{n}.json")) for n in ("one", "cold"))
for r, beta in (one, 1), (cold, 2):
    ok(f"beta {r['beta']} +- {r['beta_error']}, exact {beta}", abs(r["beta"] - beta) < 5 * r["beta_error"] < .5)
ok("mean energy of the result", abs(one["energy_mean"] - read("one")[1].mean()) < 1e-12)
c = one["chains"]
ok(f"chains agree: {c}", c["mean_difference"] < 3 * c["mean_noise"] and c["pair_difference"] < 3 * c["pair_noise"]
   and abs(c["energy_mean"] - exact(1)[0]) < 5 * c["energy_error"])
a, b3 = (open(f"{work}/{n}.h5", "rb").read() for n in ("one", "three"))
ok("three ranks write the same states", (read("one")[0] == read("three")[0]).all())
with h5py.File(f"{work}/given.h5") as f:
    e, s, H = f["incident_energies"][:, 0], f["states"][:], f["energies"][:]
with h5py.File(f"{work}/m.h5") as f:
    at, z = [0, 57, 60], s.astype(float)
    E3 = -z @ f["bias"][:].astype(float)
    for p, q in (0, 1), (0, 2), (1, 2):
        w = f[f"weight_{p}{q}"][:].astype(float)
        E3 -= np.einsum("ri,ij,rj->r", z[:, at[p]:at[p] + w.shape[0]], w, z[:, at[q]:at[q] + w.shape[1]])
ok("energies with a condition", np.abs(E3 - H).max() < 1e-10)
ok("reads for each energy", list(e) == [1000.] * 17 + [30000.] * 17 + [1e6] * 16)
ok("one condition an energy", all(len({tuple(r[:57]) for r in s[e == v]}) == 1 for v in set(e)))
END
passed=$((passed + $(grep -cx ok "$work/judged"))) failed=$((failed + $(grep -vcx ok "$work/judged")))
grep -vx ok "$work/judged"

# --- the pipe
printf '%s\n' '{"id": "p", "h": [0.5, -1.0, 0.25], "couplers": [[0, 1], [2, 1]], "J": [1.5, -0.5], "reads": 5, "seed": 3}' 'no json' \
    '{"id": "q", "h": [1], "reads": 0}' '{"id": "q", "h": [1, 2], "couplers": [[0, 2]], "J": [1], "reads": 2}' > "$work/in"
"$caloq" anneal anneal.what=serve run.dir="$work/run" < "$work/in" > "$work/out" 2> "$work/err"; status=$?
check "serve ends with its input" test $status -eq 0 -a "$(wc -l < "$work/out")" -eq 5
check "serve answers with energies of its bits, and says what it cannot answer" "$python" -c '
import base64, json, struct, sys
lines = [json.loads(x) for x in open(sys.argv[1])]
p = lines[0]
rows, H = base64.b64decode(p["solutions"]), struct.unpack("<5d", base64.b64decode(p["energies"]))
for row, e in zip(rows, H):
    s = [1 if row >> (7 - k) & 1 else -1 for k in range(3)]
    assert abs(.5 * s[0] - s[1] + .25 * s[2] + 1.5 * s[0] * s[1] - .5 * s[2] * s[1] - e) < 1e-12
assert p["id"] == "p" and len(rows) == 5
assert "error" in lines[1] and lines[2]["id"] == "q" and "reads" in lines[2]["error"] and "coupling 0" in lines[3]["error"]
assert lines[4]["problems"] == 4 and lines[4]["reads"] == 5' "$work/out"

mkfifo "$work/fifo"
"$caloq" anneal anneal.what=serve run.dir="$work/run" < "$work/fifo" > "$work/out" 2> "$work/err" &
pid=$!
exec 5> "$work/fifo"
printf '%s\n' '{"id": "p", "h": [0.5], "reads": 1}' >&5
for _ in $(seq 200); do [ -s "$work/out" ] && break; sleep 0.05; done
kill -TERM $pid; wait $pid; status=$?
exec 5>&-
check "serve ends at a signal while its input is open ($status)" test $status -eq 75 -a "$(wc -l < "$work/out")" -eq 1

# --- an edge list of units under the name of a text
printf 'partitions 2 1\n0 2 0.5\n1 1 -0.25\n' > "$work/units.txt"
must 1 "${anneal[@]}" anneal.model="$work/units.txt" anneal.output="$work/units.h5"
check "a text with partitions is a machine of units" "$python" -c '
import sys, h5py
with h5py.File(sys.argv[1]) as f: x, e = f["states"][:].astype(float), f["energies"][:]
assert x.shape[1] == 3 and abs(-.5 * x[:, 0] * x[:, 2] + .25 * x[:, 1] - e).max() < 1e-12' "$work/units.h5"

# --- refusals: one sentence, exit 1
refuse() { # WORDS KEY=VALUE...
    run 1 anneal run.dir="$work/run" anneal.model="$work/edges.txt" anneal.output="$work/no.h5" "${@:2}"
    check "$1: exit 1, one sentence, no file" test $status -eq 1 -a "$(grep -c '^caloq: ' "$work/err")" -eq 1 -a ! -e "$work/no.h5"
    check "... that says '$1'" grep -q -- "$1" "$work/err"
}
unset DWAVE_API_TOKEN DWAVE_CONFIG_FILE
export XDG_CONFIG_HOME="$work/nothing" XDG_CONFIG_DIRS="$work/nothing"
for line in "1 2" "1 2 x" "-1 2 3" "1 2 3 4" "1 2 nan"; do
    echo "$line" > "$work/bad.txt"
    refuse "bad.txt:1: expected" anneal.model="$work/bad.txt"
done
echo "# nothing" > "$work/bad.txt"
refuse "holds no coupling" anneal.model="$work/bad.txt"
refuse "there is no API token" anneal.backend=sapi
refuse "neither a checkpoint nor an RBM file" anneal.model="$work/one.h5"
refuse "tokens come only from" anneal.api_token=abc
finish anneal
