#!/bin/bash
# chips.sh - machines on the chips of D-Wave: what info tells of them, training, ln Z, showers,
# files, what is dead, and what is refused.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

# a chip is what the formulas of its kind say: a degree for either end of a coupler
must 1 info rbm.topology=zephyr rbm.chip=12 rbm.nodes=302 run.dir="$work/info"
cp "$work/info/info.result.json" "$work/zephyr.json"
must 1 info rbm.topology=pegasus rbm.chip=4,nice run.dir="$work/info"
cp "$work/info/info.result.json" "$work/pegasus.json"
must 1 info rbm.topology=chimera rbm.chip=5 rbm.nodes='[9, 7, 5]' rbm.partitions=3 rbm.dead='[0, 96-100, 4-0]' run.dir="$work/info"
cp "$work/info/info.result.json" "$work/chimera.json"
check "info of topologies" "$python" - "$work" <<'END'
import json, sys
read = lambda name: json.load(open(sys.argv[1] + f"/{name}.json"))
def graph(g, units, classes, pairs):
    degrees = {int(d): n for d, n in g["degrees"].items()}
    assert sum(degrees.values()) == sum(g[classes]) == g[units]
    assert sum(d * n for d, n in degrees.items()) == 2 * g["couplers"] == 2 * sum(x[2] for x in g[pairs])
    assert (min(degrees), max(degrees)) == (g["degree_min"], g["degree_max"])
    assert abs(g["degree_mean"] - 2 * g["couplers"] / g[units]) < 1e-12
z, p, c = (read(n) for n in ("zephyr", "pegasus", "chimera"))
for g in z, p, c: graph(g["chip"], "qubits", "classes", "class_couplers")
for g in z, c: graph(g["topology"], "units", "partitions", "partition_couplers")
assert z["chip"]["qubits"] == 4800 and z["chip"]["couplers"] == 8 * (40 * 144 - 24 - 3)
assert z["topology"]["partitions"] == [302] * 4 and z["couplers_before_swaps"] >= 11060 and z["topology"]["couplers"] >= 11100
assert p["chip"]["qubits"] == 216 and p["chip"]["couplers"] == 180 * 9 - 104 * 3 + 16 and "topology" not in p
assert c["topology"]["partitions"] == [9, 7, 5] # 0 and 2 share a class
assert not [x for x in c["topology"]["partition_couplers"] if x[:2] == [0, 2]]
assert c["chip"]["qubits"] == 199 and (c["chip"]["dead_qubits"], c["chip"]["dead_couplers"]) == (1, 1)
assert c["chip"]["couplers"] == 24 * 25 - 8 * 5 - 5 - 1 # qubit 0 has 5 couplers
END

# a machine of 3 x 6 free units: the same on any number of ranks, and after a stop
"$python" - "$work" <<'END'
import sys
import h5py, numpy as np
r = np.random.default_rng(7)
x = (r.random((200, 24)) < np.linspace(.2, .8, 24)).astype("u1")
x[:, 9] = x[:, 2]
with h5py.File(sys.argv[1] + "/bits.h5", "w") as f: f["states"] = x
open(sys.argv[1] + "/dead.txt", "w").write("# a worn chip\n241\n73-76 # a coupler\n\n57\n")
END
chip=(training.mode=rbm data.kind=bits data.train="[$work/bits.h5]" training.epochs=4 training.batch=40
    rbm.topology=zephyr rbm.chip=3 rbm.nodes=6 rbm.chains=100 rbm.sweeps=2 rbm.dead="[61, $work/dead.txt, 60-63]" rbm.weight_std=0.3)
for n in 1 2 3; do must $n train "${chip[@]}" run.dir="$work/run$n"; done
for n in 2 3; do look "trained at $n ranks" same "$work/run1/checkpoint-4.h5" "$work/run$n/checkpoint-4.h5" but=/config; done
must 2 train "${chip[@]}" training.epochs=2 run.dir="$work/half"
must 3 train "${chip[@]}" run.dir="$work/half"
look "after a stop" same "$work/run1/checkpoint-4.h5" "$work/half/checkpoint-4.h5" but=/config
check "a coupler of the file is one of the chip between working qubits" "$python" - "$work" <<'END'
import sys
import h5py, numpy as np
f = h5py.File(sys.argv[1] + "/run1/checkpoint-4.h5")["rbm"]
q, edges = f["qubits"][()], f["edges"][()]
assert q.dtype == np.int32 and q.shape == (24,) and len(set(q)) == 24 and not set(q) & {61, 241, 57}
def place(q): # (((u M + w) 4 + k) 2 + j) m + z, m = 3, M = 7
    return q // 168, q // 24 % 7, q // 6 % 4, q // 3 % 2, q % 3
def coupled(a, b): # they cross, follow, or lie side by side: spec of the Zephyr graph
    (u, w, k, j, z), (v, x, l, i, y) = place(a), place(b)
    if u != v: return w - 2 * y - i in (0, 1) and x - 2 * z - j in (0, 1)
    if (w, k) != (x, l): return False
    return abs(z - y) == 1 if i == j else (z - y if j == 1 else y - z) in (0, -1)
dead = {(73, 76), (60, 63)}
want = [(a, b) for a in range(24) for b in range(a + 1, 24)
        if coupled(q[a], q[b]) and tuple(sorted((q[a], q[b]))) not in dead]
assert [tuple(e) for e in edges] == want and len(f["weight"]) == len(want) > 50
END
must 1 logz logz.model="$work/run1" logz.method=both logz.clamp=none logz.chains=256 logz.betas=200 logz.exact_most=24 run.dir="$work/z"
check "ln Z against enumeration" "$python" - "$work" <<'END'
import json, sys
import h5py, numpy as np
r = json.load(open(sys.argv[1] + "/z/logz.result.json"))
f = h5py.File(sys.argv[1] + "/run1/checkpoint-4.h5")["rbm"]
b, W = f["bias"][()].astype(float), np.zeros((24, 24))
for (i, j), w in zip(f["edges"][()], f["weight"][()]): W[i, j] = W[j, i] = w
x = (np.arange(2 ** 18)[:, None] >> np.arange(18) & 1).astype(float) # the last 6 are summed by hand
e = x @ b[:18] + ((x @ W[:18, :18]) * x).sum(1) / 2 + np.logaddexp(0, b[18:] + x @ W[:18, 18:]).sum(1)
exact = np.logaddexp.reduce(e)
assert abs(r["logz"] - exact) < 5 * r["error"] + 1e-3, (r["logz"], exact, r["error"]) # 5 sigma, and the kernels' steps
END
must 1 convert convert.model="$work/run1" convert.output="$work/machine.h5" convert.layout=caloq run.dir="$work/c"
look "converting keeps the qubits" same "$work/machine.h5" "$work/machine.h5" only=/qubits
must 1 train "${chip[@]}" rbm.file="$work/machine.h5" rbm.learning_rate=0 training.epochs=1 run.dir="$work/from"
must 1 convert convert.model="$work/from" convert.output="$work/from.h5" convert.layout=caloq run.dir="$work/c"
look "a machine is taken from a file" same "$work/machine.h5" "$work/from.h5"

# the main job on a chip: partition 0 has room for the energy code
showers 101 "$work/showers.h5"
for kind in zephyr,3 pegasus,4 chimera,8; do
    must 2 train "$work/train.yaml" rbm.topology=${kind%,*} rbm.chip=${kind#*,} training.epochs=1 run.dir="$work/${kind%,*}"
    must 1 generate generate.model="$work/${kind%,*}" generate.showers=5 generate.sweeps=5 generate.output="$work/g.h5" run.dir="$work/g"
done

# refuse WORDS ARGUMENT...
refuse() { run 1 "${@:2}" run.dir="$work/no"; check "exit status: $1" test $status -eq 1; check "says: $1" grep -qF -- "$1" "$work/err"; }
train() { refuse "$1" train "${chip[@]}" "${@:2}"; }
train "rbm.chip: 'big': expected the size m or m,t of a zephyr chip" rbm.chip=big
train "rbm.chip: '': expected the size m, m,nice or m,full of a pegasus chip" rbm.topology=pegasus rbm.chip=
train "rbm.nodes on zephyr 3: partition 1: 85 units of class 1, the chip has 84 working qubits" rbm.nodes='[6, 85, 6, 6]'
train "rbm.dead:2: qubit 336: expected a number from 0 to 335" rbm.dead='[5, 336]'
train "rbm.dead:1: the chip has no coupler of qubits 3 and 8" rbm.dead='[3-8]'
train "rbm.dead: cannot open '$work/none.txt'" rbm.dead="[$work/none.txt]"
train "dead.txt:2: qubit 241: expected a number from 0 to 159" rbm.chip=2 rbm.dead="[$work/dead.txt]"
train "rbm.dead lists what is dead on a chip, and rbm.topology is file" rbm.topology=file rbm.chip="$work/dead.txt"
printf '0 6\n6 9\n' > "$work/improper.txt"
printf '0 6\n\n5 24\n' > "$work/far.txt"
train "improper.txt:2: units 6 and 9 are both in partition 1: expected two partitions" rbm.dead='[]' rbm.topology=file rbm.chip="$work/improper.txt"
train "far.txt:3: unit 24: expected 0 to 23" rbm.dead='[]' rbm.topology=file rbm.chip="$work/far.txt"
run 1 train "${chip[@]}" rbm.dead='[61]' training.epochs=5 run.dir="$work/run1"
check "another chip is no way to go on" grep -q "rbm.dead differs from the checkpoint's" "$work/err"
"$python" -c "import h5py; print(h5py.File('$work/machine.h5')['qubits'][9])" >> "$work/dead.txt"
run 1 train "${chip[@]}" training.epochs=5 run.dir="$work/run1"
check "nor is another file of the dead" grep -q "has other units or couplings" "$work/err"
"$python" - "$work" <<'END'
import shutil, sys
import h5py
for name, at, value in (("twice", 3, None), ("below", 0, -4), ("few", None, None)):
    path = f"{sys.argv[1]}/{name}.h5"
    shutil.copy(sys.argv[1] + "/machine.h5", path)
    with h5py.File(path, "r+") as f:
        q = f["qubits"][()]
        if at is None:
            del f["qubits"]
            f["qubits"] = q[:-1]
        else:
            f["qubits"][at] = q[0] if value is None else value
END
refuse "/qubits holds -4, expected hardware numbers from 0" info "$work/below.h5"
refuse "twice, expected a qubit of its own for each unit" info "$work/twice.h5"
refuse "/qubits has 23 entries, expected 24" info "$work/few.h5"
run 3 train "${chip[@]}" rbm.dead="[$work/none.txt]" run.dir="$work/no"
check "all ranks leave together" test $status -eq 1 -a "$(grep -c none.txt "$work/err")" -eq 1
finish chips
