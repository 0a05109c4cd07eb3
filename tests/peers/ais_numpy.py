#!/usr/bin/env python3
"""ais_numpy.py - annealed importance sampling of a binary RBM in NumPy, written from the paper alone.

  Salakhutdinov and Murray, ICML 2008: the path between units of the base rates a0 and the machine,
    log f_b(v) = (1 - b) a0.v + b a.v + sum_j log(1 + exp(b (c_j + W_j.v)))
  with the hidden units summed out, one sweep a step, two matrix products a sweep, and their schedule
  0:1/1000:0.5, 0.5:1/10000:0.9, 0.9:1/100000:1, which has 14,500 steps. float32 throughout, sums and
  log-weights in double.

  ais_numpy.py                       times the path on a random 784 x 500 machine: seconds a thousand steps
  ais_numpy.py --file rbm.h5         estimates ln Z of the machine in one of caloq's RBM files or checkpoints

The last line on stdout is one object of JSON.
"""
import argparse
import json
import os
import sys
import time


def options():
    o = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    o.add_argument("--file", help="RBM file, or a checkpoint: two partitions, all coupled")
    o.add_argument("--images", help="with --file: idx.gz whose grey levels give the base rates; else the visible biases")
    o.add_argument("--visible", type=int, default=784)
    o.add_argument("--hidden", type=int, default=500)
    o.add_argument("--chains", type=int, default=100)
    o.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of the BLAS")
    o.add_argument("--seconds", type=float, default=5.0, help="time for the clock to run")
    o.add_argument("--thin", type=int, default=1, help="with --file: take every so manieth point of the schedule")
    o.add_argument("--seed", type=int, default=1)
    return o.parse_args()


def schedule(np):
    parts = [np.arange(0, 500) / 1000, np.arange(5000, 9000) / 10000, np.arange(90000, 100001) / 100000]
    return np.concatenate(parts)


def machine(np, o):
    """Visible biases a, hidden biases c, weights [V, H], base rates a0."""
    if o.file is None:
        draw = np.random.default_rng(o.seed)
        w = draw.normal(0.0, 0.05, (o.visible, o.hidden)).astype(np.float32)
        return np.zeros(o.visible, np.float32), np.zeros(o.hidden, np.float32), w
    import h5py

    with h5py.File(o.file, "r") as f:
        g = f["rbm"] if "rbm" in f else f
        v, h = (int(n) for n in g["partition_sizes"][...])
        bias = g["bias"][...].astype(np.float32)
        if "weight_01" in g:
            w = g["weight_01"][...].astype(np.float32)
        else:
            w = np.zeros((v, h), np.float32)
            edge = g["edges"][...]
            w[edge[:, 0], edge[:, 1] - v] = g["weight"][...]
    return bias[:v], bias[v:], w


def base_rates(np, path, a):
    """Log-odds of (n + 5 batches) / (images + 5 batches), n: summed grey levels, batches of 100 (their code)."""
    import gzip

    with gzip.open(path) as f:
        f.read(16)
        grey = np.frombuffer(f.read(), np.uint8).reshape(-1, len(a)) / 255.0
    p = (grey.sum(0) + len(grey) / 20) / (len(grey) + len(grey) / 20)
    return np.log(p / (1 - p)).astype(np.float32)


class Chains:
    """Forward AIS of all chains at once; log_w [chains]."""

    def __init__(self, np, a, c, w, a0, chains, seed):
        self.np, self.a, self.c, self.w, self.wt, self.a0 = np, a, c, w, np.ascontiguousarray(w.T), a0
        self.draw = np.random.Generator(np.random.SFC64(seed))
        self.log_w = np.zeros(chains)
        self.log_z0 = len(c) * np.log(2.0) + np.logaddexp(0.0, a0.astype(np.float64)).sum()
        self.v = self.bits(np.broadcast_to(a0, (chains, len(a))))

    def bits(self, field):
        p = 1.0 / (1.0 + self.np.exp(-field))
        return (self.draw.random(p.shape, dtype=self.np.float32) < p).astype(self.np.float32)

    def softplus(self, x):
        return (self.np.maximum(x, 0.0) + self.np.log1p(self.np.exp(-self.np.abs(x)))).sum(1, dtype=self.np.float64)

    def step(self, old, new):
        phi = self.v @ self.w + self.c
        self.log_w += (new - old) * (self.v @ (self.a - self.a0)).astype(self.np.float64)
        self.log_w += self.softplus(self.np.float32(new) * phi) - self.softplus(self.np.float32(old) * phi)
        h = self.bits(self.np.float32(new) * phi)
        b = self.np.float32(new)
        self.v = self.bits((1 - b) * self.a0 + b * (self.a + h @ self.wt))


def estimate(np, o, x, beta):
    start = time.perf_counter()
    for old, new in zip(beta[:-1], beta[1:]):
        x.step(old, new)
    top = x.log_w.max()
    w = np.exp(x.log_w - top)
    ess = w.sum() ** 2 / (w * w).sum()
    m = len(w)
    return {"name": "ais_numpy", "logz": x.log_z0 + top + np.log(w.mean()),
            "error": float(np.sqrt(max(1 / ess - 1 / m, 0.0) * m / (m - 1))), "ess": ess, "chains": m,
            "steps": len(beta) - 1, "seconds": time.perf_counter() - start}


def clock(np, o, x, beta):
    """Steps all along the schedule, as many as fit into the time."""
    n, begin = 0, time.perf_counter()
    x.step(0.0, 0.0)
    one = time.perf_counter() - begin
    count = int(min(len(beta) - 1, max(20, o.seconds / one)))
    path = beta[np.linspace(0, len(beta) - 1, count + 1).astype(int)]
    begin, used = time.perf_counter(), time.process_time()
    for old, new in zip(path[:-1], path[1:]):
        x.step(old, new)
        n += 1
    wall, used = time.perf_counter() - begin, time.process_time() - used
    return {"name": "ais_numpy", "topology": f"complete {o.visible}x{o.hidden}", "chains": o.chains, "threads": o.threads,
            "measured_steps": n, "seconds_per_1000_steps": 1000 * wall / n, "cpu_seconds_per_1000_steps": 1000 * used / n,
            "seconds_per_path": (len(beta) - 1) * wall / n, "numpy": np.__version__}


def main():
    o = options()
    os.environ.pop("OPENBLAS_CORETYPE", None)  # the BLAS chooses its kernels by the processor
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(o.threads)
    import numpy as np

    a, c, w = machine(np, o)
    beta = schedule(np)
    a0 = a.copy() if o.images is None else base_rates(np, o.images, a)
    x = Chains(np, a, c, w, a0, o.chains, o.seed)
    if o.file is None:
        result = clock(np, o, x, beta)
    else:
        result = estimate(np, o, x, np.append(beta[:-1:o.thin], 1.0))
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
