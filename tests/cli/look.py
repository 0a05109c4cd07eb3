"""look.py - many looks at HDF5 files and metrics in one start of Python, for the shell tests.

A line of standard input is WHAT, KIND and arguments, parted by tabs; KIND is one of the functions
below, or `not KIND`. Each answers with a list of faults. Prints "ok" or "FAILED: WHAT".
"""
import json
import sys

import h5py
import numpy


def options(words):
    return dict(w.split("=", 1) for w in words)


def datasets(path, only=None, but=None, rows=None):
    """Every dataset (its first rows) and every attribute of a file, by name."""
    found = {}

    def keep(name, item):
        name = "/" + name.lstrip("/")
        for key, value in item.attrs.items():
            found[f"{name}@{key}"] = numpy.asarray(value)
        if isinstance(item, h5py.Dataset):
            found[name] = item[: int(rows)] if rows else item[()]

    def wanted(name):
        return (only is None or name.startswith(tuple(only.split(",")))) and \
            not (but and name.startswith(tuple(but.split(","))))

    with h5py.File(path, "r") as f:
        keep("/", f)
        f.visititems(keep)
    return {n: x for n, x in found.items() if wanted(n)}


def pairs(a, b, words):
    x, y = (datasets(p, **options(words)) for p in (a, b))
    faults = [f"{n}: in one file alone" for n in sorted(set(x) ^ set(y))]
    return faults + ([] if x else ["nothing to compare"]), \
        [(n, numpy.asarray(x[n]), numpy.asarray(y[n])) for n in sorted(set(x) & set(y))]


def same(a, b, *words):
    """Two files hold the same bits [only=/x,/y] [but=/z] [rows=N]."""
    faults, both = pairs(a, b, words)
    return faults + [f"{n}: {p.dtype}{p.shape} is not {q.dtype}{q.shape}, bit for bit"
                     for n, p, q in both
                     if p.dtype != q.dtype or p.shape != q.shape or p.tobytes() != q.tobytes()]


def close(a, b, tolerance, *words):
    """The same to |x - y| <= tolerance (1 + |x|)."""
    faults, both = pairs(a, b, words)
    for n, p, q in both:
        if "@" in n or p.dtype.kind not in "fiu":
            continue
        if p.shape != q.shape:
            faults.append(f"{n}: {p.shape} is not {q.shape}")
            continue
        far = numpy.abs(p - q) > float(tolerance) * (1.0 + numpy.abs(p))
        if far.any():
            faults.append(f"{n}: {far.sum()} of {far.size} numbers differ")
    return faults


def lines(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def metrics(a, b, tolerance, *words):
    """The same history: step, epoch and phase equal, figures to a relative tolerance (KEY=T for
    some); times and rates are left out."""
    special = {k: float(v) for k, v in options(words).items()}
    x, y = lines(a), lines(b)
    faults = [] if len(x) == len(y) > 0 else [f"{len(x)} lines and {len(y)}"]
    for p, q in zip(x, y):
        for r in (p, q):
            r.pop("time"), r.pop("showers_per_second", None)
        if set(p) != set(q) or any(p[k] != q[k] for k in ("step", "epoch", "phase")):
            faults.append(f"{p} and {q}")
            continue
        faults += [f"step {p['step']}, {k}: {p[k]} and {q[k]}" for k in p
                   if isinstance(p[k], float)
                   and not abs(p[k] - q[k]) <= special.get(k, float(tolerance)) * abs(p[k])]
    return faults


def result(a, b, *but):
    """Two result lines are alike but for these keys."""
    x, y = (lines(p)[-1] for p in (a, b))
    return [f"{k}: {x.get(k)} and {y.get(k)}" for k in sorted(set(x) | set(y))
            if k not in but and x.get(k) != y.get(k)]


def look(what, kind, *arguments):
    try:
        faults = globals()[kind.split()[-1]](*arguments)
        if kind.startswith("not "):
            faults = [] if faults else ["no difference"]
    except (OSError, KeyError, ValueError, TypeError) as e:
        faults = [f"{type(e).__name__}: {e}"]
    print(f"FAILED: {what}" if faults else "ok")
    for fault in faults[:6]:
        print("    " + fault)


for line in sys.stdin:
    look(*line.rstrip("\n").split("\t"))
