"""Reconstructions against the showers they are of, one dot each."""
import numpy as np

from look import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, page
from source import Absent, number

MOST = 5000  # dots
LAWS = (("constant", "C", PURPLE, lambda E, law: law["factor"] / E),
        ("sqrt", "C √E", GREEN, lambda E, law: law["factor"] / np.sqrt(E)),
        ("linear", "C E", BLUE, lambda E, law: law["factor"] + 0 * E),
        ("power", "C E^δ", ORANGE, lambda E, law: law["factor"] * E ** (law["delta"] - 1)))


def medians(x, y, bins=12):
    """Median of y in bins of x with equal numbers of entries."""
    parts = np.array_split(np.argsort(x), min(bins, max(len(x) // 20, 1)))
    return np.array([np.median(x[p]) for p in parts]), np.array([np.median(y[p]) for p in parts])


def scatter(run):
    name, result = next(((n, r) for n, r in run.results.items() if isinstance(r.get("paired"), dict)), (None, {}))
    if name is None:
        raise Absent("no evaluation with evaluate.paired: true")
    file = run.read(result.get("path"), name + ".h5")
    if "paired/reference" not in file:
        raise Absent(f"no /paired in {result.get('path')}")
    true, again = (np.asarray(file["paired/" + k], float) * 1e-3 for k in ("reference", "generated"))
    seen = (true > 0) & (again > 0)
    true, again = true[seen], again[seen]
    if len(true) == 0:
        raise Absent("no pair in which both showers have energy")
    shown = np.linspace(0, len(true) - 1, min(MOST, len(true))).astype(int)
    figure, (left, right) = page(1, 2, 3.9)
    ends = [min(true.min(), again.min()), max(true.max(), again.max())]
    left.plot(ends, ends, color=GREY, lw=1, label="equal")
    left.plot(true[shown], again[shown], ".", ms=2, color=INK, alpha=0.35, rasterized=True)
    x, y = medians(true, again)
    left.plot(x, y, "o", ms=5, color=ORANGE, label="median")
    left.set_xlabel("energy of the shower  E [GeV]")
    left.set_ylabel("energy of its reconstruction  E' [GeV]")
    error = np.abs(again - true) / true
    away = error[shown] > 0
    right.plot(1 / true[shown][away], error[shown][away], ".", ms=2, color=INK, alpha=0.35, rasterized=True)
    x, y = medians(true, error)
    right.plot(1 / x, y, "o", ms=5, color=ORANGE, label="median")
    law = result["paired"].get("error_law", {})
    E = np.geomspace(true.min(), true.max(), 100)
    for key, text, colour, curve in LAWS:
        one = law.get(key, {})
        if not number(one.get("factor")) or (key == "power" and not number(one.get("delta"))):
            continue
        if key == "power":
            text += f", δ = {one['delta']:.2f} ± {one['delta_error']:.2f}"
        right.plot(1 / E, curve(E, one), color=colour, label=f"{text}  (rms {one['rms']:.2f})")
    right.set_xlabel("1 / E [1/GeV]")
    right.set_ylabel("|E' − E| / E")
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.legend()
    floor = max(np.quantile(error[error > 0], 0.01) if (error > 0).any() else 1e-6, 1e-9)
    right.set_ylim(bottom=0.5 * floor)
    return figure
