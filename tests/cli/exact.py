"""exact.py make | judge FOLDER - machines with a known ln Z, and whether caloq found it; for exact.sh."""
import json
import math
import sys

import h5py
import numpy as np

folder, SIDE, K = sys.argv[2], 8, 28 / 64  # spins of a torus, near its critical point 0.4407


def write(name, sizes, bias, edges=None, weight=None, block=None):
    with h5py.File(f"{folder}/{name}.h5", "w") as f:
        f.attrs["format"], f.attrs["version"] = "caloq-rbm", 1
        f["partition_sizes"], f["bias"] = np.int32(sizes), np.float32(bias)
        if edges is not None:
            f["edges"], f["weight"] = np.int32(edges), np.float32(weight)
        if block is not None:
            f["weight_01"] = np.float32(block)


def torus():
    """Spins s = 2 x - 1 on a chessboard: white units first; W = 4 K, b = -8 K."""
    place = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    white = (np.indices(place.shape).sum(0) % 2).ravel()
    unit = np.empty(SIDE * SIDE, int)
    unit[np.argsort(white, kind="stable")] = np.arange(SIDE * SIDE)
    edges = [sorted((unit[place[i, j]], unit[q])) for i in range(SIDE) for j in range(SIDE)
             for q in (place[i, (j + 1) % SIDE], place[(i + 1) % SIDE, j])]
    write("torus", [SIDE * SIDE // 2] * 2, np.full(SIDE * SIDE, -8 * K), sorted(edges), np.full(len(edges), 4 * K))


def kaufman():
    """ln Z of the spins (Phys. Rev. 76, 1232), less 2 K a spin: ln Z of the machine."""
    l = np.arange(2 * SIDE)
    g = np.arccosh(np.maximum(np.cosh(2 * K) ** 2 / np.sinh(2 * K) - np.cos(np.pi * l / SIDE), 1))
    g[0] = 2 * K + math.log(math.tanh(K))
    terms = [np.prod(2 * f(SIDE * g[part] / 2)) for part in (l % 2 == 1, l % 2 == 0) for f in (np.cosh, np.sinh)]
    return SIDE * SIDE / 2 * math.log(2 * math.sinh(2 * K)) + math.log(sum(terms) / 2) - 2 * K * SIDE * SIDE


def make():
    r = np.random.default_rng(5)
    write("bare", [5, 300], r.normal(0, 2, 305))
    write("wide", [30, 19], r.normal(0, 1, 49), block=r.normal(0, 0.7, (30, 19)))
    write("small", [20, 10], r.normal(0, 1, 30), block=r.normal(0, 0.7, (20, 10)))
    torus()


def listed(name):
    """All states of the second partition, in doubles."""
    with h5py.File(f"{folder}/{name}.h5", "r") as f:
        b, w = f["bias"][()].astype(float), f["weight_01"][()].astype(float)
    n, m = w.shape
    s = (np.arange(1 << m)[:, None] >> np.arange(m) & 1).astype(float)
    x = s @ b[n:] + np.logaddexp(0, b[:n] + s @ w.T).sum(1)
    return x.max() + math.log(np.exp(x - x.max()).sum())


def result(name):
    with open(f"{folder}/{name}.result.json", encoding="utf-8") as f:
        return json.load(f)


def judge():
    def say(what, holds):
        print("ok" if holds else f"FAILED: {what}")
    with h5py.File(f"{folder}/bare.h5", "r") as f:
        closed = np.logaddexp(0, f["bias"][()].astype(float)).sum()
    for name, oracle, truth in (("bare", "closed form", closed), ("small", "enumeration", listed("small")),
                                ("torus", "elimination", kaufman())):
        one = result(name)
        say(f"{name}: {one['oracle']}", one["oracle"] == oracle)
        say(f"{name}: {one['logz']!r}, expected {truth!r}", abs(one["logz"] / truth - 1) < 1e-10)
    whole, parts, other = result("whole"), result("parts"), result("other")
    say("stopped again and again is one long run, bit for bit", whole["logz"] == parts["logz"])
    say("enumeration", whole["oracle"] == "enumeration" and other["oracle"] == "elimination")
    say(f"elimination {other['logz']!r} is enumeration {whole['logz']!r}", abs(whole["logz"] / other["logz"] - 1) < 1e-12)
    with h5py.File(f"{folder}/traced.h5", "r") as f:
        for way, key, sign in (("up", "ais", 1), ("down", "rais", -1)):
            end = f[way + "/point"][()].reshape(2, 41, 6)[:, 40, 4]  # a row a tile; log sum of weights on arrival
            z = f["log_z0"][()][0] + sign * (np.logaddexp(*end) - math.log(100))
            say(f"{way}: the last point is {key}", abs(z - result("traced")["conditions"][0][key]) < 1e-9)
    drop = ("seconds", "path")
    kept = [{k: v for k, v in result(name).items() if k not in drop} for name in ("traced", "bare-path")]
    say("tracing changes nothing", kept[0] == kept[1])
    one = kept[0]
    say("the interval holds the estimate", one["low"] < one["logz"] < one["high"] and one["interval"] == "reliable")
    say("95% are four errors wide", 0.9 < (one["high"] - one["low"]) / (2 * 1.98 * one["error"]) < 1.1)
    say("delta and bootstrap agree", abs(one["bootstrap_error"] / one["error"] - 1) < 0.15)  # 1,000 repeats, 100 chains
    with h5py.File(f"{folder}/traced.h5", "r") as f:
        up = one["conditions"][0]["up"]
        say("the file tells the same", all(f[f"quality/up/{k}"][0] == v for k, v in up.items()))
        say("with a sentence each", all(len(f[f"quality/up/{k}"].attrs["description"]) > 10 for k in up))
    say("the same by all kernels", whole["logz"] == result("base")["logz"])


{"make": make, "judge": judge}[sys.argv[1]]()
