#!/bin/bash
# The kinetic device in `caloq anneal` and in training: the same reads and the same machine on any
# number of ranks, with a driver apart and over a stop; what it refuses, in one sentence.
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

"$python" - "$work" <<'END'
import sys, h5py, numpy
sys.path[:0] = ["tests/cli", "tests"]
import anneal_kit
anneal_kit.machine(sys.argv[1] + "/m.h5", 2, 10, 5, weight=0.5)
r = numpy.random.default_rng(1)
p = 1 / (1 + numpy.exp(-3 * r.random((400, 3)) @ r.normal(size=(3, 12))))
with h5py.File(sys.argv[1] + "/bits.h5", "w") as f:
    f["states"] = (r.random((400, 12)) < p).astype("u1")
END
# a device whose reads remember, on the chip of the machine
sed 's/bath_strength: 0 /bath_strength: 0.01 /' configs/devices/advantage2_system1.yaml > "$work/bath.yaml"
anneal=(anneal run.dir="$work/run" anneal.model="$work/m.h5" anneal.backend=kinetic anneal.chip=2 anneal.scale=8 anneal.reads=500)
states() { "$python" -c 'import h5py, sys; f = h5py.File(sys.argv[1]); print(f["states"][:].tobytes().hex(), f["energies"][:].tobytes().hex())' "$1"; }
for device in configs/devices/advantage2_system1.yaml "$work/bath.yaml"; do
    for ranks in 1 2 3; do
        must $ranks "${anneal[@]}" anneal.device="$device" anneal.output="$work/r$ranks.h5"; cp "$work/out" "$work/r$ranks.json"
        [ $ranks -eq 1 ] || check "${device##*/}: $ranks ranks draw the same reads" cmp <(states "$work/r1.h5") <(states "$work/r$ranks.h5")
    done
    check "${device##*/}: name, access time by hand, a temperature" "$python" -c 'import json, math, sys
r = json.load(open(sys.argv[1]))
read = 10 ** (1.23045 + (2.00432 - 1.23045) * math.log10(40) / 3.68124)
assert r["solver"] == "Advantage2_system1" and r["backend"] == "kinetic" and r["reads"] == 500
assert abs(r["access_time_us"] - (33600 + 1000 + 500 * (20 + read + 60.6))) < 1, r["access_time_us"]
assert 5 < r["beta"] < 12 and 0 < r["beta_error"] < .5, r' "$work/r1.json"
done
must 2 "${anneal[@]}" anneal.what=cost anneal.device="$work/bath.yaml"; cp "$work/out" "$work/cost.json"
check "the cost that is predicted is the one that is charged" "$python" -c 'import json, sys
a, b = (json.load(open(x))["access_time_us"] for x in sys.argv[1:]); sys.exit(abs(a - b) > 1e-6 * b)' "$work/cost.json" "$work/r1.json"
must 1 "${anneal[@]}" anneal.noise='[none]' anneal.output="$work/none.h5"
check "noise is heard" bash -c "! cmp -s $work/none.h5 $work/r1.h5"

# --- training
cat > "$work/a.yaml" <<END
data: {kind: bits, train: [$work/bits.h5]}
rbm: {method: annealer, topology: zephyr, chip: "2", partitions: 4, nodes: [3], clamped: -1, chains: 64, learning_rate: 0.1}
training: {mode: rbm, epochs: 3, batch: 40, log_every: 5, checkpoint_every: 1}
anneal: {backend: kinetic, chip: "2", reads: 200, scale: 8}
END
trained() { # RANKS NAME KEY=VALUE...
    must "$1" train "$work/a.yaml" run.dir="$work/$2" "${@:3}"
    must 1 convert convert.model="$work/$2" convert.layout=edges convert.output="$work/$2.txt" run.dir="$work/convert"
}
trained 1 one
trained 3 three
trained 3 apart anneal.rank=dedicated
trained 1 bath1 anneal.device="$work/bath.yaml"
trained 2 bath2 anneal.device="$work/bath.yaml"
check "three ranks train the same machine as one" cmp "$work/one.txt" "$work/three.txt"
check "... and with a rank that only asks" cmp "$work/one.txt" "$work/apart.txt"
check "... and with reads that remember" cmp "$work/bath1.txt" "$work/bath2.txt"
check "which is another machine" bash -c "! cmp -s $work/one.txt $work/bath1.txt"
trained 1 parts training.epochs=1
trained 2 parts training.epochs=3
check "a run that goes on has the device that it left" cmp "$work/one.txt" "$work/parts.txt"

# --- refusals
refuse() { # WORDS KEY=VALUE...
    run 2 "${anneal[@]}" anneal.output="$work/no.h5" "${@:2}"
    check "$1: exit 1, one sentence, no file" test $status -eq 1 -a "$(grep -c '^caloq: ' "$work/err")" -eq 1 -a ! -e "$work/no.h5"
    check "... that says '$1'" grep -q -- "$1" "$work/err"
}
sed 's/  base: 20 /  base: warm /' configs/devices/advantage2_system1.yaml > "$work/bad.yaml"
line=$(grep -n 'base: warm' "$work/bad.yaml" | cut -d: -f1)
refuse "bad.yaml:$line: .*warm" anneal.device="$work/bad.yaml"
refuse "nowhere.yaml" anneal.device="$work/nowhere.yaml"
refuse "anneal.noise: 'hum', expected all, none" anneal.noise='[heat, hum]'
refuse "the field h of unit [0-9]* is .*, solver Advantage2_system1 takes -4 to 4" anneal.scale=0.1
refuse "anneal.annealing_time is 5000, expected 0.5 to 2000" anneal.annealing_time=5000
refuse "does not take the parameter fast_anneal" anneal.fast=true
refuse "has no \(qubit\|coupler\)" anneal.chip=12
run 2 train "$work/a.yaml" run.dir="$work/bad" anneal.scale=1e-3
check "training out of range: exit 1, one sentence" test $status -eq 1 -a "$(grep -c '^caloq: ' "$work/err")" -eq 1
finish kinetic
