"""logz.py - machines of 12 units for logz.sh, and what numpy's list of all their states says.

make FOLDER: clamped.h5 and free.h5 (4 partitions of 3), rows.h5, model.h5 (states drawn from free.h5).
judge FOLDER FILE.result.json ...: each estimate within 4 of its errors of the truth (0.001 more for rounding).
"""
import json
import sys

import h5py
import numpy as np

SIZES = [3, 3, 3, 3]
N = 12
PART = np.arange(N) // 3
STATES = (np.arange(1 << N)[:, None] >> np.arange(N) & 1).astype(float)


def read(folder, name):
    with h5py.File(f"{folder}/{name}.h5", "r") as f:
        W = np.zeros((N, N))
        i, j = f["edges"][()].T
        W[i, j] = f["weight"][()]
        return f["bias"][()].astype(float), W


def scores(b, W):
    return STATES @ b + np.einsum("si,ij,sj->s", STATES, W, STATES)


def lse(x):
    return x.max() + np.log(np.exp(x - x.max()).sum())


def make(folder):
    r = np.random.default_rng(5)
    edges = [(i, j) for i in range(N) for j in range(i + 1, N) if PART[i] != PART[j]]
    b, w = r.normal(0, 0.7, N).astype("f4"), r.normal(0, 0.8, len(edges)).astype("f4")
    for name, clamped in (("clamped", 0), ("free", -1)):
        with h5py.File(f"{folder}/{name}.h5", "w") as f:
            f.attrs["format"], f.attrs["version"] = "caloq-rbm", 1
            f["partition_sizes"], f["bias"], f["clamped"] = np.int32(SIZES), b, np.int32([clamped])
            f["edges"], f["weight"] = np.int32(edges), w
    x = scores(*read(folder, "free"))
    with h5py.File(f"{folder}/model.h5", "w") as f:
        f["states"] = STATES[r.choice(1 << N, 3000, p=np.exp(x - lse(x)))].astype("u1")
    with h5py.File(f"{folder}/visible.h5", "w") as f, h5py.File(f"{folder}/model.h5", "r") as g:
        f["states"] = g["states"][()][:, :9]
    with h5py.File(f"{folder}/seen.h5", "w") as f, h5py.File(f"{folder}/free.h5", "r") as g:
        for name in g:
            g.copy(name, f)
        f.attrs["format"], f.attrs["version"], f["hidden"] = "caloq-rbm", 1, np.int32([0, 0, 0, 1])
    with h5py.File(f"{folder}/rows.h5", "w") as f:
        f["states"] = r.integers(0, 2, (40, N), "u1")
    with h5py.File(f"{folder}/narrow.h5", "w") as f:
        f["states"] = r.integers(0, 2, (40, N - 1), "u1")


def fault(folder, path):
    with open(path) as f:
        r = json.load(f)
    x = scores(*read(folder, "free"))
    b = read(folder, "free")[0]
    joint = lse(x)
    u = {tuple(s): lse(x[(STATES[:, :3] == s).all(1)]) for s in np.unique(STATES[:, :3], axis=0)}
    truth = joint if r["target"] == "joint" else None
    if r["method"] == "raise":  # -logz is a lower bound of what annealing gives the data
        return "" if r["logz"] <= r["exact"] + 0.5 else f"logz {r['logz']} and {truth}"
    for c in r["conditions"]:
        expected = truth if truth is not None else min(u.values(), key=lambda z: abs(z - c["exact"]))
        if abs(c["exact"] - expected) > 1e-4:
            return f"exact {c['exact']}, expected {expected}"
        if not 0 < c["error"] < 0.3:
            return f"error {c['error']}"
        if abs(c["logz"] - expected) > 4 * c["error"] + 1e-3:
            return f"logz {c['logz']} +- {c['error']}, expected {expected}"
    if truth is None and not r["error"] >= r["estimator_error"]:
        return "the error of drawn conditions is smaller than that of the chains"
    return ""


def table(folder, path):
    """The joint machine, whose data are samples of it."""
    with open(path) as f:
        t = json.load(f)["table"]
    x = scores(*read(folder, "free"))
    p = np.exp(x - lse(x))
    entropy, width = p @ (x - lse(x)), np.sqrt(p @ x**2 - (p @ x)**2)
    # 3,000 rows and 300 chains, and 4 of the errors of ln Z
    for name, n in (("trained_data", 3000), ("trained_samples", 300)):
        if abs(t[name] - entropy) > 4 * (width / np.sqrt(n) + t["trained_error"]):
            return f"{name} {t[name]}, expected {entropy}"
    ordered = min(t["trained_data"], t["trained_samples"]) > t["random_samples"] > t["random_data"]
    return "" if t["ordered"] == ordered and t["random_samples"] > t["random_data"] else str(t)


def visible(folder, path):
    """The exact likelihood of the first 9 units of the samples, the last 3 summed over."""
    with open(path) as f:
        r = json.load(f)
    with h5py.File(f"{folder}/visible.h5", "r") as f:
        rows = f["states"][()] @ (1 << np.arange(9))
    x = scores(*read(folder, "free")).reshape(8, 512)  # the last units are the high bits
    truth = (np.logaddexp.reduce(x, 0)[rows]).mean() - lse(x.ravel())
    error = 4 * r["log_likelihood_error"] + 1e-3
    near = abs(r["log_likelihood"] - truth) < error < 0.3
    # samples of its own have the same likelihood, but for the draw of 128 of them
    own = r.get("table", {"trained_samples": truth})["trained_samples"]
    return "" if near and abs(own - truth) < 1.5 else f"{r['log_likelihood']}, {own}, {truth}"


if sys.argv[1] == "make":
    make(sys.argv[2])
elif sys.argv[1] in ("table", "visible"):
    sys.exit({"table": table, "visible": visible}[sys.argv[1]](sys.argv[2], sys.argv[3]) or 0)
else:
    for path in sys.argv[3:]:
        said = fault(sys.argv[2], path)
        print(f"FAILED: {path.rsplit('/', 1)[1]}: {said}" if said else "ok")
