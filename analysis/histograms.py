"""Histograms of generated against reference showers, as `caloq evaluate` counted them."""
import re

import numpy as np

from look import BLUE, GENERATED, GREEN, GREY, PALE, PURPLE, REFERENCE, SKY, blank, page
from source import Absent

# families of histograms, one a layer: beginning of the name -> (title, colour)
FAMILIES = {"E_layer": ("energy", REFERENCE), "EC_eta_layer": ("centre, eta", BLUE),
            "EC_phi_layer": ("centre, phi", SKY), "EC_r_layer": ("centre, r", GREEN),
            "width_eta_layer": ("width, eta", BLUE), "width_phi_layer": ("width, phi", SKY),
            "width_r_layer": ("width, r", GREEN), "sparsity_layer": ("sparsity", PURPLE)}


class Histogram:
    def __init__(self, name, file):
        at = "histograms/" + name
        self.name = name
        self.edges = np.asarray(file[at + "/edges"], float)
        self.counts = [np.asarray(file[f"{at}/{s}"], float) for s in ("reference", "generated")]
        self.title = str(file.get(at + "@title", name))
        self.xlabel = str(file.get(at + "@xlabel", name))
        self.separation = float(file.get(at + "@separation", np.nan))
        self.floor = float(file.get(at + "@floor", np.nan))
        self.logarithmic = bool(file.get(at + "@logarithmic",
                                         self.edges[0] > 0 and self.edges[-1] > 30 * self.edges[0]))

    def densities(self):
        """Share of the entries per bin, and its Poisson error, of both samples."""
        for n in self.counts:
            total = max(n.sum(), 1.0)
            yield n / total, np.sqrt(n) / total


def histograms(run):
    file = run.evaluation()
    names = [k.split("/")[1] for k in file if re.fullmatch(r"histograms/[^/@]+/edges", k)]
    if not names:
        raise Absent("no /histograms in the evaluation file")
    return {name: Histogram(name, file) for name in names}


def of_layers(all_of_them, family):
    """{layer: histogram} of one family."""
    found = {}
    for name, h in all_of_them.items():
        match = re.fullmatch(family + r"_(\d+)", name, re.I)
        if match:
            found[int(match.group(1))] = h
    return dict(sorted(found.items()))


def some(layers, n):
    """n of the layers: the first, the last, and evenly between."""
    layers = list(layers)
    return [layers[i] for i in np.unique(np.linspace(0, len(layers) - 1, n).round().astype(int))]


def draw(ax, below, h, labels=False, log=False):
    """Both samples, and generated / reference in the panel below."""
    (p, dp), (q, dq) = h.densities()
    ax.stairs(p, h.edges, color=PALE, fill=True)
    ax.stairs(p, h.edges, color=REFERENCE, lw=1.2, label="reference")
    ax.stairs(q, h.edges, color=GENERATED, lw=1.5, label="generated")
    used = np.flatnonzero((p > 0) | (q > 0))
    if len(used):
        low, high = h.edges[used[0]], h.edges[used[-1] + 1]
        pad = 0 if h.logarithmic else 0.04 * (high - low)
        ax.set_xlim(low - pad, high + pad)
    if h.logarithmic:
        ax.set_xscale("log")
        if below is not None:
            below.set_xscale("log")
    if log:
        ax.set_yscale("log")
        ax.set_ylim(0.5 * min(p[p > 0].min(initial=1), q[q > 0].min(initial=1)), 2)
    else:
        ax.set_ylim(bottom=0)
    title = f"{h.title}    S = {h.separation:.2g}"
    ax.set_title(title, loc="left", fontsize=10 if len(title) < 42 else 8.5)
    ax.tick_params(labelbottom=below is None)
    if labels:
        ax.legend()
    if below is None:
        ax.set_xlabel(h.xlabel)
        return
    good = (h.counts[0] > 3) & (h.counts[1] > 3)
    ratio, error = np.ones_like(p), np.zeros_like(p)
    ratio[good] = q[good] / p[good]
    error[good] = ratio[good] * np.hypot(dp[good] / p[good], dq[good] / q[good])
    centre = np.sqrt(h.edges[1:] * h.edges[:-1]) if h.logarithmic else (h.edges[1:] + h.edges[:-1]) / 2
    below.axhline(1, color=REFERENCE, lw=1)
    below.errorbar(centre[good], ratio[good], error[good], fmt=".", ms=3.5, lw=0.8, color=GENERATED)
    below.set_ylim(0, 2)
    below.set_xlabel(h.xlabel)


def panels(shown, columns, height=2.5, log=False):
    """Histograms in rows of `columns`, each above its ratio."""
    rows = -(-len(shown) // columns)
    figure, axes = page(2 * rows, columns, (height + 0.9) / 2,
                        gridspec_kw={"height_ratios": [height, 0.9] * rows}, sharex=False)
    for i, h in enumerate(shown):
        top = axes[2 * columns * (i // columns) + i % columns]
        below = axes[2 * columns * (i // columns) + columns + i % columns]
        below.sharex(top)
        draw(top, below, h, i == 0, log)
        if i % columns == 0:
            top.set_ylabel("share of entries")
            below.set_ylabel("gen. / ref.")
    for i in range(len(shown), rows * columns):
        blank([axes[2 * columns * (i // columns) + i % columns],
               axes[2 * columns * (i // columns) + columns + i % columns]])
    return figure


def response(run):
    found = histograms(run)
    names = [n for n in found if re.search(r"response|tot", n, re.I)]
    if not names:
        raise Absent("no histogram of the total response in the evaluation file")
    return panels([found[names[0]]] + [found[n] for n in found if n.lower().startswith("voxel")][:1], 2, 3.0)


def family(run, which, n):
    layers = of_layers(histograms(run), which)
    if not layers:
        raise Absent(f"no histograms {which}_LAYER in the evaluation file")
    return [layers[i] for i in some(layers, n)]


def layer_energies(run):
    return panels(family(run, "E_layer", 6), 3)


def sparsity(run):
    return panels(family(run, "sparsity_layer", 3), 3)


def centres(run):
    return panels([h for f in ("EC_eta_layer", "EC_phi_layer", "EC_r_layer") for h in family(run, f, 3)], 3, 2.1, True)


def widths(run):
    return panels([h for f in ("width_eta_layer", "width_phi_layer", "width_r_layer") for h in family(run, f, 3)],
                  3, 2.1, True)


def separations(run):
    """S of every layer, and what two samples of one law would show."""
    found = histograms(run)
    groups = [("energy and sparsity", ["E_layer", "sparsity_layer"]),
              ("centres", ["EC_eta_layer", "EC_phi_layer", "EC_r_layer"]),
              ("widths", ["width_eta_layer", "width_phi_layer", "width_r_layer"])]
    groups = [(t, [f for f in names if of_layers(found, f)]) for t, names in groups]
    if not any(names for _, names in groups):
        raise Absent("no histograms of layers in the evaluation file")
    figure, axes = page(1, 3, 2.8, sharey=True)
    for ax, (title, names) in zip(axes, groups):
        for name in names:
            layers = of_layers(found, name)
            text, colour = FAMILIES[name]
            ax.plot(list(layers), [h.separation for h in layers.values()], "-", color=colour, marker=".", ms=4,
                    label=text)
            ax.plot(list(layers), [h.floor for h in layers.values()], ":", color=colour, lw=1)
        ax.set_yscale("log")
        ax.set_title(title, loc="left")
        ax.set_xlabel("layer")
        ax.legend(ncols=3, loc="upper center", fontsize=8.5, handlelength=1.2, columnspacing=1)
    axes[0].set_ylabel("separation power S")
    low, high = axes[0].get_ylim()
    axes[0].set_ylim(low, high * (high / low) ** 0.15)
    axes[0].annotate("dotted: expected between two\nsamples of one law", (0.03, 0.03), xycoords="axes fraction",
                     color=GREY, fontsize=8)
    return figure


def separation_rows(run):
    """Family, mean S over layers, expected between samples of one law, worst layer: for a table."""
    found, rows = histograms(run), []
    single = [h for n, h in found.items() if not re.search(r"_E?\d+$", n)]
    for h in single:
        rows.append((h.title, h.separation, h.floor, ""))
    for name, (text, _) in FAMILIES.items():
        layers = of_layers(found, name)
        if layers:
            s = np.array([h.separation for h in layers.values()])
            worst = list(layers)[int(np.nanargmax(s))] if np.isfinite(s).any() else "none"
            rows.append((f"{text}, mean of {len(layers)} layers", float(s.mean()),
                         float(np.mean([h.floor for h in layers.values()])), f"layer {worst}: {np.nanmax(s):.2g}"))
    return rows
