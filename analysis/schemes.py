#!/usr/bin/env python3
"""The training schemes side by side: python3 analysis/schemes.py RUN_DIR [-o schemes.html] [--png FILE]

RUN_DIR holds a run folder for each scheme, as jobs/schemes.sh leaves them. One page: a figure and a
table, made of metrics.jsonl and the newest checkpoint of each run.
"""
import argparse
import glob
import html
import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import h5py  # noqa: E402
import numpy as np  # noqa: E402

from look import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, YELLOW, page, plain, png  # noqa: E402
from report import STYLE  # noqa: E402

COLOURS = {"old": ORANGE, "old-fixed": YELLOW, "slides": BLUE, "slides+positive": GREEN, "ae-first": PURPLE}
TRAINING = ("ae", "vae", "rbm")


class Scheme:
    """What one run says: lines of metrics.jsonl, blocks of couplings of its newest checkpoint."""

    def __init__(self, folder):
        self.name = os.path.basename(folder)
        self.colour = COLOURS.get(self.name, SKY)
        with open(os.path.join(folder, "metrics.jsonl"), encoding="utf-8") as f:
            self.lines = [json.loads(text) for text in f]
        checkpoints = glob.glob(os.path.join(folder, "checkpoint-*.h5"))
        newest = max(checkpoints, key=lambda p: int(re.search(r"-(\d+)\.h5$", p).group(1)))
        with h5py.File(newest, "r") as f:
            sizes = f["rbm/partition_sizes"][()]
            clamped = int(f["rbm/clamped"][0])
            self.free = [p for p in range(len(sizes)) if p != clamped]
            self.bits = int(sum(sizes[p] for p in self.free))
            self.spectra = {(a, b): np.linalg.svd(f[f"rbm/weight_{a}{b}"][()], compute_uv=False)
                            for i, a in enumerate(self.free) for b in self.free[i + 1:]}
        pairs = [(a, b) for a in range(len(sizes)) for b in range(a + 1, len(sizes))]
        self.places = [i for i, pair in enumerate(pairs) if pair in self.spectra]

    def curve(self, key, phases=TRAINING):
        """Steps and values; an epoch's last step may have two lines: the last one, of the epoch."""
        found = {line["step"]: line[key] for line in self.lines if line["phase"] in phases and key in line}
        return np.array(list(found), float), np.array(list(found.values()), float)

    def singular(self):
        """Steps and the mean over free blocks of the largest singular value."""
        found = [(line["step"], np.mean([line["weight_singular"][i] for i in self.places]))
                 for line in self.lines if "weight_singular" in line]
        return np.array(found, float).reshape(-1, 2).T

    def last(self, key, phases=TRAINING):
        _, y = self.curve(key, phases)
        return float(y[-1]) if len(y) else float("nan")


def course(ax, scheme, xy, **style):
    """A curve, broken where phases without it lie between."""
    x, y = (np.array(a, float) for a in xy)
    if len(x):
        gaps = np.flatnonzero(np.diff(x) > 3 * np.median(np.diff(x))) + 1 if len(x) > 1 else []
        ax.plot(np.insert(x, gaps, np.nan), np.insert(y, gaps, np.nan), color=scheme.colour, **style)


def figure(schemes):
    picture, axes = page(2, 3, 3.1)
    titles = ["Negative entropy of the posterior [nat]", "Mean energy [kT]: data, chains (dashed)",
              "AE + hit, validation", "Largest singular value of the couplings", "All singular values at the end",
              "Frechet distance to validation (phase ae: reconstructed)"]
    for s in schemes:
        course(axes[0], s, s.curve("entropy"), label=s.name)
        course(axes[1], s, s.curve("energy_data"))
        course(axes[1], s, s.curve("energy_chains"), ls="--", lw=1)
        (x, ae), (_, hit) = s.curve("ae", ("validation",)), s.curve("hit", ("validation",))
        course(axes[2], s, (x, ae + hit), marker="o", ms=3)
        course(axes[3], s, s.singular())
        values = np.sort(np.concatenate(list(s.spectra.values())))[::-1]
        course(axes[4], s, (np.arange(1, len(values) + 1), np.maximum(values, 1e-6)))
        course(axes[5], s, s.curve("fpd", ("validation",)), marker="o", ms=3)
    fair = -schemes[0].bits * np.log(2)
    for y, text, side in ((fair, "fair coins: -N ln 2", "top"), (0, "no entropy left", "bottom")):
        axes[0].axhline(y, color=GREY, lw=0.9, ls=":")
        axes[0].annotate(text, (0.99, y), xycoords=("axes fraction", "data"), ha="right", va=side, color=GREY, fontsize=8)
    axes[1].set_yscale("symlog", linthresh=1)
    for ax in axes[2:4] + axes[4:]:
        ax.set_yscale("log")
    for i, (ax, title) in enumerate(zip(axes, titles)):
        ax.set_title(title, loc="left")
        ax.set_xlabel("number, free blocks together" if i == 4 else "step")
    axes[0].set_ylim(fair * 1.16, -fair * 0.5)
    axes[0].legend(loc="upper left", ncol=2)
    return picture


def rows(schemes):
    for s in schemes:
        x, y = s.singular()
        entropy = s.last("entropy")
        fpd = s.curve("fpd", ("validation",))[1]
        yield [s.name, plain(entropy, 4), plain(-100 * entropy / (s.bits * np.log(2)), 3) + " %", plain(s.last("energy_data"), 3),
               plain(s.last("energy_chains"), 3), plain(float(y[0]), 3) if len(y) else "", plain(float(y[-1]), 3) if len(y) else "",
               plain(s.last("ae", ("validation",)), 4), plain(s.last("hit", ("validation",)), 4),
               plain(float(fpd[-1]), 3) if len(fpd) else "", plain(float(fpd.min()), 3) if len(fpd) else ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("run")
    parser.add_argument("-o", "--output")
    parser.add_argument("--png", help="the figure alone, too")
    arguments = parser.parse_args()
    folders = [os.path.dirname(p) for p in glob.glob(os.path.join(arguments.run, "*", "metrics.jsonl"))]
    if not folders:
        sys.exit(f"schemes: {arguments.run} holds no run folders with metrics.jsonl; jobs/schemes.sh makes them")
    order = list(COLOURS)
    schemes = sorted(map(Scheme, folders), key=lambda s: (order.index(s.name) if s.name in order else len(order), s.name))
    picture = figure(schemes)
    if arguments.png:
        picture.savefig(arguments.png)
    head = ["scheme", "entropy [nat]", "of fair coins", "energy of data", "of chains", "largest singular value, first epoch",
            "last epoch", "AE", "hit", "FPD, last", "FPD, best"]
    table = "".join(f"<tr>{''.join(f'<td>{html.escape(x)}</td>' for x in row)}</tr>" for row in rows(schemes))
    output = arguments.output or os.path.join(arguments.run, "schemes.html")
    with open(output, "w", encoding="utf-8") as f:
        f.write(f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>caloq: schemes</title><style>{STYLE}</style></head>'
                f'<body><header><h1>Training schemes</h1></header><main><figure id="schemes"><img alt="Six panels, a curve for each '
                f'scheme" src="{png(picture)}"></figure><figure id="table"><table><tr>'
                f'{"".join(f"<th>{html.escape(x)}</th>" for x in head)}</tr>{table}</table></figure></main></body></html>\n')
    print(output)


if __name__ == "__main__":
    main()
