#!/usr/bin/env python3
"""mnist_500.py RUNS MNIST - do the claims about the machines of mnist_500.sh hold? Exit status 1 if not.

The machine of CD-25: AIS and reverse AIS within 1 nat, an effective sample size above 20 of 100, and every
two estimates of ln Z (AIS, reverse AIS, BAR, stepping stones, integration, population annealing, NumPy's
AIS) within 3 of their joint errors. Only then is the log-likelihood of the 10,000 test images quoted:
-F(v) - ln Z in NumPy, with bits drawn once from the grey levels (seed 0). The machine of PCD-1, on 1,000
even steps of beta: the verdict begins with "not converged". The machine of 16 hidden units: a test log-likelihood (images cut at
one half) of PyDeep's -142.564, or at most 1 nat below.

One object of JSON goes to stdout, last.
"""
import gzip
import itertools
import json
import os
import sys

import h5py
import numpy

PYDEEP = -142.564  # 4 x 4 hidden units, 50 epochs of PCD-1, centred: its documentation's example


def read(*path):
    with open(os.path.join(*path)) as f:
        return json.load(f)


def seconds(path):
    """Wall and processor seconds of all lines "wall user system"."""
    with open(path) as f:
        rows = [[float(x) for x in line.split()] for line in f]
    return sum(r[0] for r in rows), sum(r[1] + r[2] for r in rows)


def images(path):
    with gzip.open(path) as f:
        f.read(16)
        return numpy.frombuffer(f.read(), numpy.uint8).reshape(-1, 784) / 255.0


def minus_free_energy(path, v):
    """log sum over h of exp(-E(v, h)) for every row."""
    with h5py.File(path, "r") as f:
        w, b = f["rbm/weight_01"][...].astype(float), f["rbm/bias"][...].astype(float)
    return v @ b[:784] + numpy.logaddexp(0.0, b[784:] + v @ w).sum(1)


def likelihood(folder, v, logz):
    """Mean of log p over the rows, and its standard error."""
    each = minus_free_energy(os.path.join(folder, "best.h5"), v.astype(float)) - logz
    return each.mean(), each.std() / numpy.sqrt(len(each))


def estimates(runs):
    """Name, ln Z, its error."""
    folder = os.path.join(runs, "mnist-cd25")
    both, twin = read(folder, "both.result.json"), read(folder, "numpy.json")
    one = both["conditions"][0]
    found = [("AIS", one["ais"], one["ais_error"]), ("reverse AIS", one["rais"], one["rais_error"]), ("NumPy's AIS", twin["logz"], twin["error"])]
    for method in ("bar", "stepping", "ti", "population"):
        other = read(folder, f"{method}.result.json")
        found.append((method, other["logz"], other["error"]))
    return both, found


def main(runs, mnist):
    failed = []

    def claim(what, holds):
        print(f"{'holds ' if holds else 'FAILED'}  {what}", file=sys.stderr)
        if not holds:
            failed.append(what)

    grey = images(os.path.join(mnist, "t10k-images-idx3-ubyte.gz"))
    small, _ = likelihood(os.path.join(runs, "mnist-16"), grey > 0.5, read(runs, "mnist-16", "exact.result.json")["logz"])
    claim(f"16 hidden units: test log-likelihood {small:.3f}, PyDeep's {PYDEEP}", small > PYDEEP - 1.0)
    both, found = estimates(runs)
    wall, used = seconds(os.path.join(runs, "mnist-cd25", "train.seconds"))
    gap = abs(found[0][1] - found[1][1])
    converged = gap < 1.0 and both["ess"] > 20
    claim(f"cd25: AIS and reverse AIS within 1 nat: {gap:.3f}", gap < 1.0)
    claim(f"cd25: effective sample size above 20 of 100: {both['ess']:.1f}", both["ess"] > 20 and both["chains"] == 100)
    for (a, x, dx), (b, y, dy) in itertools.combinations(found, 2):
        apart = abs(x - y) / numpy.hypot(dx, dy)
        claim(f"cd25: {a} {x:.3f} +- {dx:.3f} and {b} {y:.3f} +- {dy:.3f}: {apart:.1f} errors apart", apart < 3.0)
    result = {"logz": both["logz"], "error": both["error"], "gap": gap, "ess": both["ess"], "verdict": both["verdict"],
              "estimates": {a: [x, dx] for a, x, dx in found}, "training_seconds": wall, "training_cpu_seconds": used}
    if converged:
        drawn = numpy.random.default_rng(0).random(grey.shape) < grey
        mean, error = likelihood(os.path.join(runs, "mnist-cd25"), drawn, both["logz"])
        result["test_log_likelihood"], result["test_log_likelihood_error"] = mean, numpy.hypot(error, both["error"])
        print(f"cd25: test log-likelihood {result['test_log_likelihood']:.2f} +- {result['test_log_likelihood_error']:.2f}, "
              f"bits drawn from the grey levels", file=sys.stderr)
    stuck = read(runs, "mnist-pcd1", "thousand.result.json")
    claim(f"pcd1, 1,000 steps: {stuck['verdict']}", stuck["verdict"].startswith("not converged"))
    print(json.dumps({"cd25": result, "pcd1": {"logz": stuck["logz"], "verdict": stuck["verdict"]},
                      "hidden16": {"test_log_likelihood": small}, "failed": failed}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
