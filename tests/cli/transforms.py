"""transforms.py SHOWERS CHECKPOINT KIND THRESHOLD - the standardisation in a checkpoint, by numpy from the file.

transforms.py energies SHOWERS GENERATED KIND - generated hits are as bright as real ones, voxel by voxel.
Prints what is wrong, and exits 1.
"""
import sys

import h5py
import numpy


def network_units(kind, x, energy):
    eps = x / energy[:, None]
    if kind == "logit":
        y = 1e-7 + (1 - 2e-7) * eps
        u = numpy.log(y * (1 - 1e-7) / (1e-7 * (1 - y)))
        return numpy.where(x > 0, u, 0.0)
    return numpy.log1p(eps / 1e-3) if kind == "log1p" else x / 1000


def read(path, most=None):
    with h5py.File(path, "r") as f:
        x = f["showers"][:most].astype(float)
        return x, f["incident_energies"][:most].astype(float).ravel()


def fit(path, checkpoint, kind, threshold):
    x, energy = read(path, 101)
    x[x < threshold] = 0.0
    u = network_units(kind, x, energy)
    hit = u > 0
    n = hit.sum(0)
    mean = numpy.where(n > 0, (u * hit).sum(0) / numpy.maximum(n, 1), 0.0)
    std = numpy.sqrt((hit * (u - mean) ** 2).sum(0) / numpy.maximum(n, 1))
    std[(n == 0) | (std < 1e-5 * mean)] = 1.0
    with h5py.File(checkpoint, "r") as f:
        got = f["transform/mean"][:], f["transform/std"][:], f["transform"].attrs["lift"]
        cut = f["model"].attrs["transform_threshold"]
    lift = 0.01 - ((u - mean) / std)[hit].min()
    faults = []
    # float32 in the program's u (1e-6 relative, 1e-6 absolute), and its mean and std in float32
    for name, a, b in (("mean", got[0], mean), ("std", got[1], std), ("lift", got[2], lift)):
        if not numpy.allclose(a, b, rtol=2e-4, atol=2e-5):
            faults.append(f"{name}: off by {numpy.abs(a - b).max()}")
    if (cut > 0) != (threshold > 0):
        faults.append(f"threshold in the checkpoint is {cut}")
    return faults


def energies(path, generated, kind):
    x, energy = read(path)
    y, other = read(generated)
    if kind == "gev":  # not in units of the incident energy: its mean is that of the bright hits
        ratio = y[y > 0].mean() / x[x > 0].mean()
        return [] if 0.3 < ratio < 3 else [f"mean energy of hits is {ratio} times that of the data"]
    faults = [] if (y >= 0).all() and (y <= other[:, None]).all() else ["energies out of range"]
    a = numpy.log((x / energy[:, None])[x > 0])
    b = numpy.log((y / other[:, None])[y > 0])
    # a model near its start gives hits their mean; the spread of hits is some 2 in the logarithm
    if abs(a.mean() - b.mean()) > 1.5:
        faults.append(f"mean ln(e / E) of hits: {a.mean()} and {b.mean()}")
    return faults


if sys.argv[1] == "energies":
    found = energies(*sys.argv[2:])
else:
    found = fit(*sys.argv[1:4], float(sys.argv[4]))
print("\n".join(found))
sys.exit(1 if found else 0)
