#!/usr/bin/env python3
"""gibbs_torch.py - block Gibbs sweeps in PyTorch and NumPy, to hold caloq's kernels against.

The two machines of `caloq bench bench.what=gibbs`: 4 x 302 units all coupled, and 4 x 302 units with
20 random partners each in other partitions; float32, 4,096 chains in columns. A sweep draws the four
partitions in turn. All coupled: one matrix product a partition. Sparse: a product with a matrix in
compressed rows (PyTorch alone), and, for both, a sum over the 20 neighbours of gathered rows; the
faster of the two counts. updates_per_ns is per thread by the clock on the wall,
updates_per_cpu_ns by processor time, as caloq's.

The last line on stdout is one object of JSON with a list "figures". Without PyTorch it has "skipped"
with the reason, and NumPy's figures alone; the exit status is 0.
"""
import argparse
import json
import os
import sys
import time

UNITS, PARTS, DEGREE, CHAINS = 302, 4, 20, 4096
N = UNITS * PARTS


def options():
    o = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    o.add_argument("--threads", type=int, default=1)
    o.add_argument("--seconds", type=float, default=1.0, help="time for each figure")
    o.add_argument("--chains", type=int, default=CHAINS)
    return o.parse_args()


def random_graph(np):
    """neighbour [N, 20] and weight [N, 20]; every partner lies in another partition."""
    draw = np.random.default_rng(1)
    neighbour = np.empty((N, DEGREE), np.int64)
    for i in range(N):
        other = np.delete(np.arange(N), np.s_[i // UNITS * UNITS : (i // UNITS + 1) * UNITS])
        neighbour[i] = np.sort(draw.choice(other, DEGREE, replace=False))
    return neighbour, draw.normal(0.0, 0.05, (N, DEGREE)).astype(np.float32)


def dense_weights(np):
    """Symmetric [N, N], nothing inside a partition."""
    w = np.random.default_rng(1).normal(0.0, 0.05, (N, N)).astype(np.float32)
    w = np.triu(w, 1)
    w = w + w.T
    for p in range(PARTS):
        w[p * UNITS : (p + 1) * UNITS, p * UNITS : (p + 1) * UNITS] = 0.0
    return w


def parts():
    return [slice(p * UNITS, (p + 1) * UNITS) for p in range(PARTS)]


def cuts(w):
    """(weights [302, 906] of a partition's units to all others, partition)."""
    return [(w[p][:, [i for i in range(N) if not p.start <= i < p.stop]], p) for p in parts()]


class NumPy:
    def __init__(self, np, chains):
        self.np, self.name = np, "numpy " + np.__version__
        self.draw = np.random.Generator(np.random.SFC64(1))
        self.s = (self.draw.random((N, chains)) < 0.5).astype(np.float32)

    def dense(self, w):
        cut, join = cuts(w), self.np.concatenate
        return lambda: [self.set(p, c @ join([self.s[: p.start], self.s[p.stop :]])) for c, p in cut]

    def gathered(self, neighbour, weight):
        def sweep():
            for p in parts():
                field = self.np.zeros((UNITS, self.s.shape[1]), self.np.float32)
                for k in range(DEGREE):
                    field += weight[p, k, None] * self.s[neighbour[p, k]]
                self.set(p, field)

        return sweep

    def set(self, p, field):
        self.s[p] = self.draw.random(field.shape, dtype=self.np.float32) < 1.0 / (1.0 + self.np.exp(-field))

    def sparse(self, neighbour, weight):
        return [("gathered rows", self.gathered(neighbour, weight))]


class Torch:
    def __init__(self, torch, chains, threads):
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        self.torch, self.name = torch, "torch " + torch.__version__
        self.s = torch.bernoulli(torch.full((N, chains), 0.5))

    def set(self, p, field):
        self.s[p] = self.torch.bernoulli(self.torch.sigmoid(field))

    def dense(self, w):
        cut = [(self.torch.from_numpy(c), p) for c, p in cuts(w)]
        return lambda: [self.set(p, c @ self.torch.cat([self.s[: p.start], self.s[p.stop :]])) for c, p in cut]

    def gathered(self, neighbour, weight):
        neighbour, weight = self.torch.from_numpy(neighbour), self.torch.from_numpy(weight)

        def sweep():
            for p in parts():
                field = self.torch.zeros(UNITS, self.s.shape[1])
                for k in range(DEGREE):
                    field.addcmul_(weight[p, k, None], self.s[neighbour[p, k]])
                self.set(p, field)

        return sweep

    def rows(self, neighbour, weight):
        """A matrix [302, N] in compressed rows for each partition."""
        first = self.torch.arange(0, (UNITS + 1) * DEGREE, DEGREE)
        flat = [(self.torch.from_numpy(neighbour[p].ravel()), self.torch.from_numpy(weight[p].ravel())) for p in parts()]
        part = [self.torch.sparse_csr_tensor(first, i, w, size=(UNITS, N)) for i, w in flat]
        return lambda: [self.set(p, m @ self.s) for m, p in zip(part, parts())]

    def sparse(self, neighbour, weight):
        return [("gathered rows", self.gathered(neighbour, weight)), ("compressed rows", self.rows(neighbour, weight))]


def clock(sweep, seconds):
    """Wall and processor seconds of a sweep: the median, the mean."""
    sweep()
    walls, used, begin = [], time.process_time(), time.perf_counter()
    while len(walls) < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        sweep()
        walls.append(time.perf_counter() - start)
    return sorted(walls)[len(walls) // 2], (time.process_time() - used) / len(walls)


def figure(library, o, topology, how, sweep):
    wall, cpu = clock(sweep, o.seconds)
    return {"name": "gibbs", "kernel": library.name, "topology": topology, "precision": "float32", "how": how, "threads": o.threads,
            "chains": o.chains, "updates_per_ns": N * o.chains / wall / o.threads * 1e-9, "updates_per_cpu_ns": N * o.chains / cpu * 1e-9}


def measure(library, o, np):
    found = [figure(library, o, "complete 4x302", "matrix product", library.dense(dense_weights(np)))]
    ways = [figure(library, o, "random degree 20", how, sweep) for how, sweep in library.sparse(*random_graph(np))]
    return found + [max(ways, key=lambda f: f["updates_per_ns"])]


def main():
    o = options()
    os.environ.pop("OPENBLAS_CORETYPE", None)  # the BLAS chooses its kernels by the processor
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(o.threads)
    import numpy as np

    result = {"name": "gibbs_torch", "figures": []}
    try:
        import torch

        result["figures"] += measure(Torch(torch, o.chains, o.threads), o, np)
    except ImportError:
        result["skipped"] = "PyTorch is not installed"
    result["figures"] += measure(NumPy(np, o.chains), o, np)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
