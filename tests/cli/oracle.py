"""oracle.py make | judge FOLDER - ln Z by enumeration, from RBM files alone; for oracle.sh."""
import json
import math
import sys

import h5py
import numpy as np

folder = sys.argv[2]


def code(E, n):
    """Bits of an incident energy: include/vae/energycode.h."""
    fields = [(math.floor(E), 24), (math.floor(math.sqrt(10 * E)), 14),
              (math.floor(math.exp(10) * math.log(E)), 19)]
    word = [x >> k & 1 for x, bits in fields for k in range(bits)]
    return np.array(word * (n // 57) + [0] * (n % 57), float)


class Machine:
    """bias [N] and a full symmetric W, from an RBM group."""

    def __init__(self, group):
        self.sizes = [int(n) for n in group["partition_sizes"][()]]
        self.first = np.cumsum([0] + self.sizes)
        self.b = group["bias"][()].astype(float)
        self.clamped = int(np.ravel(group["clamped"][()])[0]) if "clamped" in group else -1
        N, K = len(self.b), len(self.sizes)
        W = np.zeros((N, N))
        if "edges" in group:
            for (i, j), w in zip(group["edges"][()], group["weight"][()]):
                W[i, j] = w
        for a in range(K):
            for b in range(a + 1, K):
                name = f"weight_{a}_{b}" if K > 10 else f"weight_{a}{b}"
                if name in group:
                    W[self.first[a]:self.first[a + 1], self.first[b]:self.first[b + 1]] = group[name][()]
        self.W = W + W.T

    def energy(self, s):
        return -s @ self.b - 0.5 * ((s @ self.W) * s).sum(-1)

    def ln_z(self, u=None):
        """Joint, or with partition `clamped` held at u. The widest free partition is summed by hand,
        all states of the others are listed."""
        free = [k for k in range(len(self.sizes)) if u is None or k != self.clamped]
        wide = max(free, key=lambda k: self.sizes[k])
        units = [i for k in free if k != wide for i in range(self.first[k], self.first[k + 1])]
        assert len(units) <= 18, "too many states to list"
        states = np.arange(1 << len(units))
        s = np.zeros((len(states), len(self.b)), np.float32)
        for bit, i in enumerate(units):
            s[:, i] = states >> bit & 1
        if u is not None:
            s[:, self.first[self.clamped]:self.first[self.clamped + 1]] = u
        field = s @ self.W.astype(np.float32)
        x = s @ self.b + 0.5 * np.einsum("ij,ij->i", s, field)
        part = slice(self.first[wide], self.first[wide + 1])
        x = x + np.logaddexp(0.0, self.b[part] + field[:, part]).sum(1)
        return float(x.max() + np.log(np.exp(x - x.max()).sum()))


    def ln_z_held(self, units, u):
        """All states of the other units are listed."""
        free = [i for i in range(len(self.b)) if i not in units]
        s = np.zeros((1 << len(free), len(self.b)))
        s[:, free] = np.arange(len(s))[:, None] >> np.arange(len(free)) & 1
        s[:, units] = u
        x = -self.energy(s)
        return float(x.max() + np.log(np.exp(x - x.max()).sum()))

    def means(self, u):
        """<s> of the units behind partition 0, held at u: all their states."""
        n0 = self.sizes[0]
        n = len(self.b) - n0
        s = (np.arange(1 << n)[:, None] >> np.arange(n) & 1).astype(np.float32)
        x = s @ (self.b[n0:] + u @ self.W[:n0, n0:]) + 0.5 * ((s @ self.W[n0:, n0:].astype("f4")) * s).sum(1)
        p = np.exp(x - x.max())
        return p @ s / p.sum()


def machine(name):
    with h5py.File(f"{folder}/{name}", "r") as f:
        return Machine(f["rbm"] if "rbm" in f else f)


UNITS, HELD = [1, 4, 6, 9], [1, 0, 1, 1]


def make():
    r = np.random.default_rng(3)

    def write(name, sizes, clamped, chance):
        N, first = sum(sizes), np.cumsum([0] + sizes)
        part = np.searchsorted(first, np.arange(N), side="right") - 1
        edges = [(i, j) for i in range(N) for j in range(i + 1, N) if part[i] != part[j] and r.random() < chance]
        r.shuffle(edges)
        with h5py.File(f"{folder}/{name}.h5", "w") as f:
            f.attrs["format"], f.attrs["version"] = "caloq-rbm", 1
            f["partition_sizes"], f["bias"] = np.int32(sizes), r.normal(0, 0.7, N).astype("f4")
            if clamped is not None:
                f["clamped"] = np.int32([clamped])
            if edges:
                f["edges"], f["weight"] = np.int32(edges), r.normal(0, 0.5, len(edges)).astype("f4")
        return edges

    write("listed", [5, 3, 7], -1, 0.5)
    write("clamped", [60, 6, 4, 5], 0, 0.3)  # three units behind the energy's word
    write("bare", [4, 4], -1, 0.0)
    write("units", [5, 3, 7], -1, 0.5)
    with h5py.File(f"{folder}/units.h5", "a") as f:  # single units of three partitions
        f["clamped_units"], f.attrs["version"] = np.int32(UNITS), 2
    with h5py.File(f"{folder}/unit_bits.h5", "w") as f:
        x = r.integers(0, 2, (12, 15), "u1")
        x[:, UNITS] = HELD
        f["states"] = x
    write("wide", [115, 5, 4], 0, 0.4)  # two words and a unit
    with h5py.File(f"{folder}/many.h5", "w") as f:  # 12 partitions, dense blocks weight_a_b, no `clamped`
        sizes = [1, 2] * 6
        f["partition_sizes"], f["bias"] = np.int32(sizes), r.normal(0, 0.7, 18)
        for a in range(12):
            for b in range(a + 1, 12):
                f[f"weight_{a}_{b}"] = r.normal(0, 0.3, (sizes[a], sizes[b]))
    with h5py.File(f"{folder}/rows.h5", "w") as f:
        f["states"] = r.integers(0, 2, (40, 18), "u1")
    with open(f"{folder}/edges.txt", "w") as f:
        f.write("# u v weight\n" + "".join(f"{v} {u} {w}\n" for u, v, w in [(0, 57, .25), (60, 70, -.5), (3, 66, 1.5)]))


def result(name):
    with open(f"{folder}/{name}.result.json") as f:
        return json.load(f)


def near(what, x, y, tolerance):
    print("ok" if abs(x - y) <= tolerance else f"FAILED: {what}: {x!r} and {y!r}, expected {tolerance:g}")


def truth(what, holds):
    print("ok" if holds else f"FAILED: {what}")


ENERGIES = [1.0, 1234.5, 65536.0, 1e7]


def conditional(m):
    return [m.ln_z(code(E, m.sizes[m.clamped])) for E in ENERGIES]


def weights(name, c, down):
    """ln Z of condition c from the file of log-weights alone."""
    with h5py.File(f"{folder}/{name}.h5", "r") as f:
        mine = (f["condition"][()] == c) & (f["direction"][()] == down)
        w = f["log_weights"][()][mine]
        sign = -1.0 if down else 1.0
        lse = w.max() + math.log(np.mean(np.exp(w - w.max())))
        return f["log_z0"][()][c] + sign * lse


def judge():
    m = machine("run/best.h5")
    z = conditional(m)
    # float32 sums of up to 75 fields of order 1 in the oracle: 1e-5
    near("conditional, exact", result("exact")["logz"], np.mean(z), 2e-5)
    truth("conditional is said", result("exact")["target"] == "conditional" and result("exact")["verdict"] == "exact")
    joint, with_data = m.ln_z(), result("joint")
    near("joint, exact, 2 ranks", with_data["logz"], joint, 2e-5)
    truth("energies matter", np.std(z) > 0.01 and abs(joint - np.mean(z)) > 1)
    with h5py.File(f"{folder}/bits.h5", "r") as f:
        s, E = f["states"][()].astype(float), f["incident_energies"][()].ravel()
        near("energies of encoded bits", np.abs(f["energies"][()] - m.energy(s)).max(), 0.0, 1e-4)
    near("log-likelihood", with_data["log_likelihood"], -m.energy(s).mean() - joint, 1e-4)
    truth("encoded energies are their code", all((row[:57] == code(e, 57)).all() for row, e in zip(s, E)))
    with h5py.File(f"{folder}/generated_bits.h5", "r") as f:
        s, E = f["states"][()].astype(float), f["incident_energies"][()].ravel()
        near("energies of generated bits", np.abs(f["energies"][()] - m.energy(s)).max(), 0.0, 1e-4)
    truth("generated energies are their code", all((row[:57] == code(e, 57)).all() for row, e in zip(s, E)))

    for name in ("listed", "many", "bare"):
        near(f"{name}, exact", result(name)["logz"], machine(name + ".h5").ln_z(), 2e-5)
        truth(f"{name} is joint", result(name)["target"] == "joint")
    for name in ("clamped", "wide"):
        near(f"{name}, exact", result(name)["logz"], np.mean(conditional(machine(name + ".h5"))), 2e-5)

    units, held = machine("units.h5"), result("units")
    near("single units, exact", held["logz"], units.ln_z_held(UNITS, HELD), 2e-5)
    truth("single units are a condition", held["target"] == "conditional")
    with h5py.File(f"{folder}/unit_bits.h5", "r") as f:
        near("log-likelihood given units", held["log_likelihood"], -units.energy(f["states"][()].astype(float)).mean() - held["logz"], 1e-4)
    near("single units, joint", result("units_joint")["logz"], units.ln_z(), 2e-5)
    near("single units, AIS", result("units_ais")["logz"], held["logz"], 3 * result("units_ais")["error"] + 1e-3)
    with h5py.File(f"{folder}/units.h5") as f, h5py.File(f"{folder}/units_again.h5") as g:
        truth("single units come back", (g["clamped_units"][()] == UNITS).all() and (g["bias"][()] == f["bias"][()]).all() and g["clamped"][()] == -1 and g.attrs["version"] == 2)

    # within 3 errors, by a fixed seed; 0.001 for a path so good that its error is nothing
    for name in ("both", "bar"):
        for c, (one, exact) in enumerate(zip(result(name)["conditions"], z)):
            near(f"{name}, {one['energy']} MeV", one["logz"], exact, 3 * one["error"] + 1e-3)
            near(f"{name}: AIS up", one["ais"], exact, 3 * one["ais_error"] + 1e-3)
            near(f"{name}: AIS down", one["rais"], exact, 3 * one["rais_error"] + 1e-3)
            near(f"{name}: AIS up from its weights", weights(name, c, 0), one["ais"], 1e-9)
            near(f"{name}: AIS down from its weights", weights(name, c, 1), one["rais"], 1e-9)
            near(f"{name}: exact beside it", one["exact"], exact, 2e-5)
            truth(f"{name}: errors are errors", 0 < one["error"] < 0.2 and one["ess"] > 20)
        near(f"{name}: mean", result(name)["logz"], np.mean([c["logz"] for c in result(name)["conditions"]]), 1e-9)
    listed = machine("listed.h5").ln_z()
    for name, key in (("up", "ais"), ("down", "rais")):
        r = result(name)
        near(name, r["logz"], listed, 3 * r["error"] + 1e-3)
        truth(f"{name}: one direction alone", key in r["conditions"][0] and len(r["conditions"][0].keys() & {"ais", "rais"}) == 1)
    r = result("drawn")
    near("drawn conditions", np.mean([m.ln_z(code(c["energy"], 57)) for c in r["conditions"]]), r["exact"], 2e-5)
    near("likelihood of drawn conditions", r["log_likelihood"] + r["logz"], with_data["log_likelihood"] + joint, 1e-6)

    same = machine("same/best.h5")
    truth("rbm.file is taken over, bit for bit", (same.W == m.W).all() and (same.b == m.b).all())
    same, many = machine("twelve/best.h5"), machine("many.h5")
    truth("so are twelve partitions", (same.W == many.W.astype("f4")).all() and (same.b == many.b.astype("f4")).all())
    edges = machine("edges/best.h5")
    truth("a text of edges is taken over", np.count_nonzero(edges.W) == 6 and
          [edges.W[57, 0], edges.W[70, 60], edges.W[66, 3]] == [.25, -.5, 1.5])

    def incident(name):
        with h5py.File(f"{folder}/{name}.h5", "r") as f:
            truth(f"{name}: showers of 192 voxels, not negative", f["showers"].shape == (len(f["incident_energies"]), 192)
                  and (f["showers"][()] >= 0).all())
            return f["incident_energies"][()].ravel()

    truth("listed energies are taken in turn", (incident("turn") == np.float32([1000, 2.5e4, 7] * 3)[:8]).all())
    truth("a file's energies are taken in order", (incident("file") == incident("showers")).all())
    truth("encoded showers keep their energies", (incident("decoded") == incident("showers")).all())

    free, word = slice(57, 75), code(1234.5, 57)
    field = m.b[free] + word @ m.W[:57, free]
    expected = {"uncoupled": 1 / (1 + np.exp(-m.b[free])), "coins": np.full(18, 0.5), "rbm": m.means(word)}
    expected["tempered"] = expected["rbm"]
    for name, p in expected.items():
        with h5py.File(f"{folder}/{name}.h5", "r") as f:
            s = f["states"][()]
        truth(f"{name}: partition 0 is the energy", (s[:, :57] == word).all())
        # 2000 independent chains; 4.5 sigma in 72 means has odds of 5e-4, and the seed is fixed
        z = (s[:, free].mean(0) - p) / np.sqrt(p * (1 - p) / 2000)
        near(f"{name}: means of the free bits, in sigmas", np.abs(z).max(), 0.0, 4.5)
    truth("the three can be told apart", np.abs(expected["rbm"] - expected["uncoupled"]).max() > 0.1 and
          np.abs(field - m.b[free]).max() > 0.5)
    x = np.sort(np.log(incident("uniform") / 100) / math.log(100))
    # Kolmogorov's bound for 500 draws: 1.95 / sqrt(500) has odds of 1 in 1000; the seed is fixed
    near("drawn energies are log-uniform", np.abs(x - (np.arange(500) + .5) / 500).max(), 0.0, 1.95 / math.sqrt(500))


{"make": make, "judge": judge}[sys.argv[1]]()
