#!/bin/bash
# convert.sh - machines between our files, the archives of rbms, and edge lists, there and back.
# quick
cd "$(dirname "$0")/../.." || exit 1
. tests/lib.sh

# an archive as rbms writes it: two updates, scalars, hard links; an old one; broken ones
"$python" - "$work" <<'END'
import sys
import h5py, numpy as np
work = sys.argv[1]
r = np.random.default_rng(3)
def archive(name, H=5, old=False, **change):
    with h5py.File(work + "/" + name, "w") as f:
        for n in (9, 10): # 10 comes after 9, as numbers
            g = f.create_group(f"update_{n}")
            p = g if old else g.create_group("params")
            x = {"weight_matrix": r.normal(size=(12, H)), "vbias": r.normal(size=12), "hbias": r.normal(size=H)}
            x.update(change)
            for k in x:
                p[k] = x[k].astype("f4")
                if not old: g[k] = p[k]
            g["time"] = 1.5
        f["model_type"] = "BBRBM"
        f["parallel_chains"] = np.zeros((3, 12), "f4")
        f["hyperparameters/batch_size"] = 3
archive("rbms.h5")
archive("old.h5", old=True)
archive("potts.h5", weight_matrix=r.normal(size=(12, 3, 5)))
archive("long.h5", hbias=r.normal(size=6))
archive("nan.h5", vbias=np.full(12, np.nan))
END

convert() { must "$1" convert convert.model="$2" convert.output="$3" convert.layout="$4" run.dir="$work/run"; }
for n in 1 2 3; do
    convert $n "$work/rbms.h5" "$work/ours$n.h5" caloq
    convert $n "$work/ours$n.h5" "$work/back$n.h5" rbms
    convert $n "$work/ours$n.h5" "$work/edges$n.txt" edges
done
convert 1 "$work/back1.h5" "$work/again.h5" caloq
convert 1 "$work/old.h5" "$work/ours_old.h5" caloq
look "there and back: the same machine" same "$work/ours1.h5" "$work/again.h5"
for n in 2 3; do
    look "ours at $n ranks" same "$work/ours1.h5" "$work/ours$n.h5"
    check "edges at $n ranks" cmp "$work/edges1.txt" "$work/edges$n.txt"
done
check "the last update's numbers, as rbms reads them" "$python" - "$work" <<'END'
import sys
import h5py, numpy as np
work = sys.argv[1]
for there, ours, p in (("rbms", "ours1", "update_10/params"), ("old", "ours_old", "update_10")):
    a, b = h5py.File(f"{work}/{there}.h5")[p], h5py.File(f"{work}/{ours}.h5")
    assert (a["weight_matrix"][()] == b["weight_01"][()]).all()
    assert (np.r_[a["vbias"][()], a["hbias"][()]] == b["bias"][()]).all()
a = h5py.File(work + "/rbms.h5")["update_10/params"]
for n in 1, 2, 3:
    f = h5py.File(f"{work}/back{n}.h5")
    for k in "weight_matrix", "vbias", "hbias":
        assert (f["update_0/params"][k][()] == a[k][()]).all() and (f["update_0"][k][()] == a[k][()]).all()
    assert f["model_type"][()].decode() == "BBRBM" and np.array(f["update_0/time"]).item() == 0
    assert f["parallel_chains"][()].shape == (1, 12) and f["parallel_chains"].dtype == np.float32
    h = f["hyperparameters"]
    assert int(h["num_visibles"][()]) == 12 and int(h["num_hiddens"][()]) == 5
    assert float(h["L1"][()]) == 0 and int(h["gibbs_steps"][()]) == 1
e = [l.split() for l in open(work + "/edges1.txt") if l[0].isdigit()]
bias = np.float32([x for i, j, x in e if i == j]); w = np.zeros((12, 5), "f4")
for i, j, x in e:
    if i != j: w[int(i), int(j) - 12] = np.float32(x)
assert len(e) == 77 and (w == a["weight_matrix"][()]).all() and (bias == np.r_[a["vbias"][()], a["hbias"][()]]).all()
assert "partitions 12 5\n" in open(work + "/edges1.txt")
END

# what *.model and rbm.file take: the archive, as it is; couplings from the edge list
must 1 logz logz.model="$work/rbms.h5" logz.method=exact run.dir="$work/z1"
must 1 logz logz.model="$work/again.h5" logz.method=exact run.dir="$work/z2"
look "ln Z of the archive and of ours" result "$work/z1/logz.result.json" "$work/z2/logz.result.json" seconds path model
"$python" -c "
import h5py, numpy as np
with h5py.File('$work/bits.h5', 'w') as f: f['samples'] = np.eye(12, dtype='u1')[:, ::-1]"
train=(training.mode=rbm training.epochs=1 training.batch=12 rbm.partitions=2 rbm.nodes='[12, 5]' rbm.clamped=-1 rbm.chains=64
    rbm.learning_rate=0 data.kind=hdf5 data.train="[$work/bits.h5]")
must 2 train "${train[@]}" rbm.file="$work/rbms.h5" run.dir="$work/start"
convert 1 "$work/start" "$work/started.h5" caloq
look "training starts from an archive" same "$work/started.h5" "$work/ours1.h5"
must 1 train "${train[@]}" rbm.topology=file rbm.chip="$work/edges1.txt" run.dir="$work/list"
convert 1 "$work/list" "$work/list.txt" edges
check "an edge list comes back" cmp "$work/list.txt" "$work/edges1.txt"

# edge lists read: a complete machine is the same file again, at any number of ranks; a machine on a
# chip with single clamped units keeps its qubits; a list of others needs its partitions
for n in 1 2 3; do convert $n "$work/edges1.txt" "$work/of_edges$n.h5" caloq; done
for n in 1 2 3; do look "a machine of edges at $n ranks" same "$work/ours1.h5" "$work/of_edges$n.h5"; done
must 1 train "${train[@]}" rbm.topology=chimera rbm.chip=3 rbm.clamped_units='[2, 5-6]' run.dir="$work/chip" rbm.learning_rate=0.1
convert 1 "$work/chip" "$work/chip.h5" caloq
convert 2 "$work/chip.h5" "$work/chip.txt" edges
convert 1 "$work/chip.txt" "$work/chip_again.h5" caloq
convert 1 "$work/chip_again.h5" "$work/chip_again.txt" edges
look "a machine on a chip comes back" same "$work/chip.h5" "$work/chip_again.h5"
check "and its text" cmp "$work/chip.txt" "$work/chip_again.txt"
check "with what is clamped" grep -qx "clamped 2 5 6" "$work/chip.txt"
must 1 logz logz.model="$work/edges1.txt" logz.method=exact run.dir="$work/z3"
look "ln Z of an edge list" result "$work/z1/logz.result.json" "$work/z3/logz.result.json" seconds path model
printf '0 3 1.5 # strong\n4,1;-2e1\n 2 2 .5\r\n' > "$work/theirs.txt"
must 1 convert convert.model="$work/theirs.txt" convert.output="$work/theirs.h5" convert.nodes='[3, 2]' run.dir="$work/run"
convert 1 "$work/theirs.h5" "$work/theirs2.txt" edges
check "another's list" "$python" - "$work" <<'END'
import sys
l = [l for l in open(sys.argv[1] + "/theirs2.txt") if l[0].isdigit()]
assert l == ["0 0 0\n", "1 1 0\n", "2 2 0.5\n", "3 3 0\n", "4 4 0\n", "0 3 1.5\n", "1 4 -20\n"], l
END
must 1 train "${train[@]}" rbm.topology=file rbm.chip="$work/edges1.txt" rbm.file= run.dir="$work/biased"
convert 1 "$work/biased" "$work/biased.txt" edges
check "training starts from a list's biases too" cmp "$work/biased.txt" "$work/edges1.txt"

# edges WORDS TEXT [KEY=VALUE...]: refused, with file and line
edges() {
    printf "$2" > "$work/bad.txt"
    run 2 convert convert.model="$work/bad.txt" convert.output="$work/no.h5" run.dir="$work/no" "${@:3}"
    check "refused: $1" test $status -eq 1 -a ! -e "$work/no.h5"
    check "says: $1" grep -qF -- "$1" "$work/err"
}
p='partitions 3 2\n'
edges "bad.txt:3: unit 5: expected 0 to 4" "${p}1 3 1\n0 5 1\n"
edges "bad.txt:3: units 3 and 0 are joined twice" "${p}0 3 1\n3 0 2\n"
edges "bad.txt:2: units 0 and 2 are both in partition 0: expected two partitions" "${p}0 2 1\n"
edges "bad.txt:2: 'one': expected a finite weight" "${p}0 3 one\n"
edges "bad.txt:2: 'nan': expected a finite weight" "${p}0 3 nan\n"
edges "bad.txt:2: '1e99': expected a finite bias" "${p}0 0 1e99\n"
edges "bad.txt:2: 'x': expected the number of a unit" "${p}x 3 1\n"
edges "bad.txt:3: lacks a weight: expected the same on every line" "${p}0 3 1\n1 3\n"
edges "bad.txt:2: expected 'i j' or 'i j weight'" "${p}0 3 1 1\n"
edges "bad.txt:3: bias of unit 5, expected units below 5" "${p}1 1 1\n5 5 1\n"
edges "bad.txt:4: a second bias of unit 1, the first is line 2" "${p}1 1 1\n0 0 1\n1 1 2\n"
edges "bad.txt:2: a second line 'partitions', the first is line 1" "$p$p"
edges "bad.txt:1: 'b': expected numbers after 'partitions'" "partitions 3 b\n"
edges "bad.txt: expected a line 'partitions n n ...'" "0 3 1\n"
edges "bad.txt:1: other partitions than the config says" "$p" convert.nodes='[3, 3]'
edges "bad.txt:2: unit 7 is clamped, expected units below 5" "${p}clamped 7\n"
edges "bad.txt:2: all 5 units are clamped" "${p}clamped 0 1 2 3 4\n"
edges "bad.txt:2: 2 qubits, expected one for each of 5 units" "${p}qubits 1 2\n"
edges "bad.txt:2: qubit 7 twice" "${p}qubits 1 7 2 7 3\n"

# refuse WORDS KEY=VALUE...
refuse() {
    run 2 convert convert.output="$work/no.h5" run.dir="$work/no" "${@:2}"
    check "refused: $1" test $status -eq 1 -a ! -e "$work/no.h5"
    check "says: $1" grep -qF -- "$1" "$work/err"
}
refuse "has 3 dimensions, expected visible x hidden" convert.model="$work/potts.h5"
refuse "hbias has another length than weight_matrix, expected 5" convert.model="$work/long.h5"
refuse "bias of unit 0 is nan" convert.model="$work/nan.h5"
refuse "neither a checkpoint nor an RBM file" convert.model="$work/bits.h5"
refuse "expected 2 partitions, complete, none clamped" convert.model="$work/list" convert.layout=rbms
finish convert
