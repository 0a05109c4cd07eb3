"""Mean showers and single showers, reference and generated side by side."""
import numpy as np

from look import DECADES, GENERATED, INK, LogNorm, energy_text, page, plt
from source import Absent

SHOWN = (5e3, 5e4, 5e5)  # MeV: showers near these incident energies are displayed


def profiles(run):
    """The /profiles group of the evaluation file: {name: array}."""
    found = {k[len("profiles/"):]: v for k, v in run.evaluation().items() if k.startswith("profiles/") and "@" not in k}
    if "mean_shower_reference" not in found or "showers_reference" not in found:
        raise Absent("no /profiles in the evaluation file")
    return found


def decades(p):
    """Those in which both samples have showers."""
    both = np.minimum(p["showers_reference"].reshape(-1), p["showers_generated"].reshape(-1))
    used = [int(i) for i in np.flatnonzero(both > 0)]
    if not used:
        raise Absent("no decade of energy in which both samples have showers")
    return used


def decade_text(p, i):
    edges = p["energy_edges"]
    return f"{energy_text(edges[i])} to {energy_text(edges[i + 1])}"


def compare(p, name, x, xlabel, title):
    """Lines of each decade, and generated / reference below."""
    figure, (top, below) = page(2, 1, 2.15, 5.5, gridspec_kw={"height_ratios": [3, 1]}, sharex=True)
    for colour, i in zip(DECADES, decades(p)):
        ref, gen = p[name + "_reference"][i], p[name + "_generated"][i]
        top.plot(x, ref, color=colour, label=decade_text(p, i))
        top.plot(x, gen, "o", color=colour, ms=3.4, mfc="white")
        good = ref > 3e-3 * ref.max()
        below.plot(x[good], gen[good] / ref[good], "o-", color=colour, ms=3, lw=0.8)
    low = min(p[name + "_reference"][i].max() for i in decades(p)) * 1e-4
    top.set_yscale("log")
    top.set_ylim(bottom=max(low, top.get_ylim()[0]))
    top.set_ylabel("mean energy  [MeV]")
    top.set_title(title + "  (lines: reference, circles: generated)", loc="left")
    top.legend(fontsize=8)
    below.axhline(1, color=INK, lw=1)
    below.set_ylim(0.5, 1.5)
    below.set_ylabel("gen. / ref.")
    below.set_xlabel(xlabel)
    return figure


def longitudinal(run):
    p = profiles(run)
    return compare(p, "longitudinal", p["depth"], "depth  [mm]", "Energy of each layer")


def radial(run):
    p = profiles(run)
    if "radial_reference" not in p:
        raise Absent("the layers of this geometry have different rings: no radial profile")
    return compare(p, "radial", p["radius"], "distance from the axis  [mm]", "Energy of each ring")


def edges_of(middle):
    """Edges of neighbouring cells from their middles; the first begins at 0."""
    edges = [0.0]
    for m in middle:
        edges.append(2 * m - edges[-1])
    return np.array(edges)


def mean_showers(run):
    p = profiles(run)
    if "radius" not in p:
        raise Absent("the layers of this geometry have different rings: no common radius")
    used = decades(p)
    z, r = edges_of(p["depth"]), edges_of(p["radius"])
    figure, axes = page(len(used), 3, 1.75, sharex=True, sharey=True)
    for row, i in enumerate(used):
        ref, gen = p["mean_shower_reference"][i].T, p["mean_shower_generated"][i].T
        high = max(ref.max(), gen.max())
        norm = LogNorm(high * 1e-5, high)
        ax = axes[3 * row:3 * row + 3]
        for a, image, name in ((ax[0], ref, "reference"), (ax[1], gen, "generated")):
            shown = a.pcolormesh(z, r, np.where(image > 0, image, np.nan), norm=norm, cmap="viridis", rasterized=True)
            a.set_title(f"{name}, {decade_text(p, i)}", loc="left")
            a.grid(False)
        figure.colorbar(shown, ax=ax[1], label="MeV a shower", pad=0.02)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log2(np.where((ref > 0) & (gen > 0), gen / ref, np.nan))
        shown = ax[2].pcolormesh(z, r, ratio, vmin=-1.5, vmax=1.5, cmap="PuOr_r", rasterized=True)
        ax[2].set_title("log2 (generated / reference)", loc="left")
        ax[2].grid(False)
        figure.colorbar(shown, ax=ax[2], pad=0.02)
        ax[0].set_ylabel("r  [mm]")
    for a in axes[-3:]:
        a.set_xlabel("depth  [mm]")
    return figure


class Geometry:
    """Cells of a voxel row: layers x sectors x rings, r fastest. Data set 2 unless profiles say else."""

    def __init__(self, run, voxels):
        self.z, self.r = 3.4 * np.arange(46), 4.65 * np.arange(10)
        try:
            p = profiles(run)
            if "radius" in p:
                self.z, self.r = edges_of(p["depth"]), edges_of(p["radius"])
        except Absent:
            pass
        self.layers, self.rings = len(self.z) - 1, len(self.r) - 1
        self.sectors = voxels // (self.layers * self.rings)
        if self.layers * self.rings * self.sectors != voxels:
            raise Absent(f"{voxels} voxels do not make {self.layers} layers of {self.rings} rings")
        self.alpha = np.linspace(-np.pi, np.pi, self.sectors + 1)

    def cells(self, shower):
        return np.asarray(shower, float).reshape(self.layers, self.sectors, self.rings)


def side(ax, g, shower, norm):
    """From the side: the half above the axis holds the sectors with alpha > 0."""
    cells, half = g.cells(shower), g.sectors // 2
    image = np.concatenate([cells[:, :half].sum(1)[:, ::-1], cells[:, half:].sum(1)], axis=1).T
    ax.pcolormesh(g.z, np.concatenate([-g.r[:0:-1], g.r]), np.where(image > 0, image, np.nan), norm=norm,
                  cmap="viridis", rasterized=True)
    ax.axhline(0, color="white", lw=0.6)
    ax.grid(False)


def front(ax, g, shower, norm):
    """Along the axis: all layers summed."""
    image = g.cells(shower).sum(0).T
    shown = ax.pcolormesh(g.alpha, g.r, np.where(image > 0, image, np.nan), norm=norm, cmap="viridis",
                          rasterized=True)
    ax.set_xticks(np.arange(4) * np.pi / 2)
    ax.set_xticklabels(["0", "90°", "180°", "270°"], fontsize=7)
    ax.set_yticks([g.r[-1] / 2, g.r[-1]])
    ax.set_yticklabels([f"{g.r[-1] / 2:.0f}", f"{g.r[-1]:.0f} mm"], fontsize=6.5)
    ax.grid(False)
    return shown


def picked(run, which):
    """For each energy in SHOWN the shower nearest to it: (rows, energies, showers)."""
    energy, _ = run.showers(which)
    rows = np.array([int(np.argmin(np.abs(np.log(energy / e)))) for e in SHOWN])
    energies, showers = run.showers(which, rows)
    order = {row: k for k, row in enumerate(np.unique(rows))}
    return [(energies[order[row]], showers[order[row]]) for row in rows]


def both(run):
    """The showers picked of both samples, and the geometry that they share."""
    samples = {"reference": picked(run, "reference"), "generated": picked(run, "generated")}
    voxels = {len(shower) for sample in samples.values() for _, shower in sample}
    if len(voxels) != 1:
        raise Absent(f"reference and generated showers have different numbers of voxels: {sorted(voxels)}")
    g = Geometry(run, voxels.pop())
    return samples, g


def cloud(ax, g, shower, norm):
    """Hits in space, as large and as bright as their energy."""
    cells = g.cells(shower)
    z, a, r = np.nonzero(cells > norm.vmin)
    e = cells[z, a, r]
    order = np.argsort(e)
    middle_z, middle_r = (g.z[1:] + g.z[:-1]) / 2, (g.r[1:] + g.r[:-1]) / 2
    angle = -np.pi + (a + 0.5) * 2 * np.pi / g.sectors
    size = 2 + 40 * np.clip(np.log(e / norm.vmin) / np.log(norm.vmax / norm.vmin), 0, 1) ** 3
    ax.scatter(middle_z[z][order], (middle_r[r] * np.cos(angle))[order], (middle_r[r] * np.sin(angle))[order],
               c=e[order], s=size[order], norm=norm, cmap="viridis", alpha=0.75, linewidths=0, rasterized=True)
    ax.set_box_aspect((2.2, 1, 1))
    ax.set_xlabel("depth  [mm]", fontsize=8)
    ax.set_ylabel("eta  [mm]", fontsize=8)
    ax.set_zlabel("phi  [mm]", fontsize=8)
    ax.tick_params(labelsize=6.5)


def events_in_space(run):
    samples, g = both(run)
    figure = plt.figure(figsize=(11.2, 3.4 * len(SHOWN)), constrained_layout=True)
    for i in range(len(SHOWN)):
        high = max(float(np.max(s[i][1])) for s in samples.values())
        norm = LogNorm(max(high * 1e-4, 1e-3), max(high, 1.0))
        for k, (name, sample) in enumerate(samples.items()):
            energy, shower = sample[i]
            ax = figure.add_subplot(len(SHOWN), 2, 2 * i + k + 1, projection="3d")
            cloud(ax, g, shower, norm)
            ax.set_title(f"{name}, {energy_text(energy)}", color=GENERATED if k else INK, fontsize=9)
    return figure


def events(run):
    samples, g = both(run)
    figure = plt.figure(figsize=(11.2, 2.35 * len(SHOWN)), constrained_layout=True)
    grid = figure.add_gridspec(len(SHOWN), 5, width_ratios=[1.5, 0.85, 1.5, 0.85, 0.035])
    for i in range(len(SHOWN)):
        high = max(g.cells(s[i][1]).sum(1).max() for s in samples.values())
        norm = LogNorm(max(high * 1e-4, 1e-3), max(high, 1.0))
        for k, (name, sample) in enumerate(samples.items()):
            energy, shower = sample[i]
            ax = figure.add_subplot(grid[i, 2 * k])
            side(ax, g, shower, norm)
            ax.set_title(f"{name}, {energy_text(energy)}: E_tot = {energy_text(float(np.sum(shower)))}", loc="left",
                         color=GENERATED if k else INK, fontsize=9)
            ax.set_ylabel("r  [mm]" if k == 0 else "")
            ax.set_xlabel("depth  [mm]" if i == len(SHOWN) - 1 else "")
            polar = figure.add_subplot(grid[i, 2 * k + 1], projection="polar")
            shown = front(polar, g, shower, norm)
        figure.colorbar(shown, cax=figure.add_subplot(grid[i, 4]), label="MeV")
    return figure
