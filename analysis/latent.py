"""The Boltzmann machine: bits of encoded showers against its own chains, and its ln Z."""
import glob
import os

import numpy as np

from look import CHAINS, DATA, GREEN, GREY, INK, PALE, blank, energy_text, page, rows_for
from source import Absent, everything

MOST = 20000  # states that are looked at


def states(run, which):
    bits = run.bits(which)
    if "states" not in bits:
        raise Absent(f"no /states in the Bits file of {which}")
    return np.asarray(bits["states"][:MOST], np.float32)


def both(run):
    x, y = states(run, "data"), states(run, "chains")
    if x.shape[1] != y.shape[1]:
        raise Absent(f"data have {x.shape[1]} bits, chains {y.shape[1]}")
    return x, y


def machine(run):
    """The /rbm group of the best or newest checkpoint."""
    rbm = everything(run.checkpoint(), "rbm")
    if "partition_sizes" not in rbm:
        raise Absent("no /rbm/partition_sizes in the checkpoint")
    return rbm


def partitions(run, n):
    """First bits of the partitions and their end; all bits are one partition when unknown."""
    try:
        ends = np.cumsum(machine(run)["partition_sizes"])
        if ends[-1] == n:
            return np.insert(ends, 0, 0)
    except Absent:
        pass
    return np.array([0, n])


def energies(run):
    found = {}
    for which in ("data", "chains"):
        bits = run.bits(which)
        if "energies" not in bits:
            raise Absent(f"no /energies in the Bits file of {which}")
        incident = bits.get("incident_energies")
        found[which] = (np.asarray(bits["energies"], float).reshape(-1),
                        None if incident is None else np.asarray(incident, float).reshape(-1))
    figure, axes = page(1, 2, 3.0)
    edges = np.histogram_bin_edges(np.concatenate([e for e, _ in found.values()]), 60)
    for (which, (energy, incident)), colour, text in zip(found.items(), (DATA, CHAINS),
                                                         ("encoded showers", "generated chains")):
        axes[0].hist(energy, edges, density=True, histtype="stepfilled", alpha=0.25, color=colour)
        axes[0].hist(energy, edges, density=True, histtype="step", lw=1.5, color=colour,
                     label=f"{text}: {energy.mean():.1f} ± {energy.std():.1f}")
        if incident is not None:
            keep = slice(0, 1500)
            axes[1].plot(incident[keep] / 1e3, energy[keep], ".", ms=2.5, alpha=0.45, color=colour, label=text)
    axes[0].set_xlabel("energy of the machine, E(s)  [kT]")
    axes[0].set_ylabel("density")
    axes[0].set_title("Energies of encoded showers and of the machine's own states", loc="left")
    axes[0].set_ylim(top=axes[0].get_ylim()[1] * 1.18)
    axes[0].legend(loc="upper left")
    if axes[1].lines:
        axes[1].set_xscale("log")
        axes[1].set_xlabel("incident energy  [GeV]")
        axes[1].set_ylabel("E(s)  [kT]")
        axes[1].set_title("... against the incident energy that conditions them", loc="left")
        axes[1].legend(markerscale=3)
    else:
        blank(axes[1:])
    return figure


def bit_means(run):
    x, y = both(run)
    ends = partitions(run, x.shape[1])
    figure, axes = page(1, 2, 3.4, 11.2, gridspec_kw={"width_ratios": [1, 1.9]})
    axes[0].plot([0, 1], [0, 1], color=GREY, lw=1)
    for k, (a, b) in enumerate(zip(ends[:-1], ends[1:])):
        axes[0].plot(x[:, a:b].mean(0), y[:, a:b].mean(0), ".", ms=4, alpha=0.7, label=f"partition {k}")
        if k > 0:
            axes[1].axvline(a - 0.5, color=GREY, lw=0.8)
    axes[0].set_aspect("equal")
    axes[0].set_xlabel("mean of the bit, encoded showers")
    axes[0].set_ylabel("mean of the bit, chains")
    axes[0].set_title("Means of the bits", loc="left")
    axes[0].legend(fontsize=8, markerscale=2, handletextpad=0.1)
    error = np.sqrt(x.var(0) / len(x) + y.var(0) / len(y))
    axes[1].fill_between(np.arange(x.shape[1]), -2 * error, 2 * error, step="mid", color=PALE,
                         label="two standard errors")
    axes[1].plot(y.mean(0) - x.mean(0), ".", ms=3.5, color=CHAINS)
    axes[1].set_xlim(-1, x.shape[1])
    axes[1].set_xlabel("bit (lines: partitions)")
    axes[1].set_ylabel("chains minus data")
    axes[1].set_title("Difference, bit by bit", loc="left")
    low, high = axes[1].get_ylim()
    axes[1].set_ylim(low, high + 0.15 * (high - low))
    axes[1].legend(loc="upper right")
    return figure


def correlation(x):
    """Of columns; bits that never change correlate with nothing."""
    z = x - x.mean(0)
    norm = np.sqrt((z * z).sum(0))
    z /= np.where(norm > 0, norm, 1)
    return z.T @ z


def correlations(run):
    x, y = both(run)
    used = np.arange(x.shape[1])
    if len(used) > 700:  # enough for a picture
        used = np.unique(np.linspace(0, len(used) - 1, 700).round().astype(int))
    ends = np.searchsorted(used, partitions(run, x.shape[1]))
    cx, cy = correlation(x[:, used].copy()), correlation(y[:, used].copy())
    off = ~np.eye(len(used), dtype=bool)
    high = max(0.1, float(np.quantile(np.abs(np.concatenate([cx[off], cy[off]])), 0.998)))
    figure, axes = page(1, 3, 3.5)
    for ax, c, title in ((axes[0], cx, "encoded showers"), (axes[1], cy, "chains")):
        shown = ax.imshow(np.where(off, c, np.nan), cmap="RdBu_r", vmin=-high, vmax=high, interpolation="nearest",
                          extent=(0, len(used), len(used), 0))
        for e in ends[1:-1]:
            ax.axhline(e, color=INK, lw=0.5)
            ax.axvline(e, color=INK, lw=0.5)
        ax.set_title(title, loc="left")
        ax.set_xlabel("bit")
        ax.grid(False)
    axes[0].set_ylabel("bit")
    figure.colorbar(shown, ax=axes[1], label="correlation", shrink=0.85, pad=0.02)
    pick = np.triu_indices(len(used), 1)
    lim = max(float(np.abs(cx[pick]).max()), float(np.abs(cy[pick]).max()), 0.1)
    axes[2].hexbin(cx[pick], cy[pick], gridsize=70, bins="log", cmap="viridis", mincnt=1, linewidths=0.1,
                   extent=(-lim, lim, -lim, lim))
    axes[2].plot([-lim, lim], [-lim, lim], color=CHAINS, lw=1)
    axes[2].set_aspect("equal")
    axes[2].set_xlabel("correlation, encoded showers")
    axes[2].set_ylabel("correlation, chains")
    r = np.corrcoef(cx[pick], cy[pick])[0, 1]
    axes[2].set_title(f"every pair of bits: r = {r:.3f}", loc="left")
    return figure


def couplings(rbm):
    """{(a, b): weights [n_a, n_b]} between partitions, from blocks or from edges."""
    sizes = np.asarray(rbm["partition_sizes"], int)
    ends, blocks = np.insert(np.cumsum(sizes), 0, 0), {}
    for a in range(len(sizes)):
        for b in range(a + 1, len(sizes)):
            for name in (f"weight_{a}{b}", f"weight_{a}_{b}"):
                if name in rbm:
                    blocks[a, b] = np.asarray(rbm[name], float)
    if not blocks and "edges" in rbm and "weight" in rbm:
        dense = np.zeros((ends[-1], ends[-1]))
        i, j = np.asarray(rbm["edges"], int).T
        dense[i, j] = dense[j, i] = rbm["weight"]
        blocks = {(a, b): dense[ends[a]:ends[a + 1], ends[b]:ends[b + 1]]
                  for a in range(len(sizes)) for b in range(a + 1, len(sizes))}
    if not blocks:
        raise Absent("no weights in /rbm of the checkpoint")
    return blocks


def weights(run):
    rbm = machine(run)
    blocks = couplings(rbm)
    figure, axes = page(1, 3, 2.8)
    for (a, b), w in blocks.items():
        axes[0].plot(np.arange(1, min(w.shape) + 1), np.linalg.svd(w, compute_uv=False), label=f"{a}-{b}")
    axes[0].set_xlabel("rank")
    axes[0].set_ylabel("singular value")
    axes[0].set_title("Singular values of each block of couplings", loc="left")
    axes[0].legend(title="partitions", ncols=2, fontsize=8)
    every = np.concatenate([w.reshape(-1) for w in blocks.values()])
    axes[1].hist(every, 80, color=GREEN, alpha=0.8)
    axes[1].set_yscale("log")
    axes[1].set_xlabel("coupling W  [kT]")
    axes[1].set_ylabel("couplings")
    axes[1].set_title(f"{len(every):,} couplings, rms {np.sqrt(np.mean(every ** 2)):.3g}", loc="left")
    if "bias" in rbm:
        ends = np.insert(np.cumsum(rbm["partition_sizes"]), 0, 0)
        for k, (a, b) in enumerate(zip(ends[:-1], ends[1:])):
            axes[2].plot(np.arange(a, b), rbm["bias"][a:b], ".", ms=3, label=f"{k}")
        axes[2].set_xlabel("unit")
        axes[2].set_ylabel("bias b  [kT]")
        axes[2].set_title("Biases, by partition", loc="left")
    else:
        blank(axes[2:])
    return figure


def log_mean(log_w):
    """Log of the mean weight, its standard error (delta method), effective sample size."""
    high = log_w.max()
    w = np.exp(log_w - high)
    n = len(w)
    error = w.std(ddof=1) / np.sqrt(n) / w.mean() if n > 1 else np.inf
    return high + np.log(w.mean()), error, w.sum() ** 2 / (w * w).sum()


class Logz:
    """A file of log-weights: per condition AIS and reverse AIS."""

    def __init__(self, run, path):
        file = everything(path)
        if "log_weights" not in file:
            raise Absent(f"no /log_weights in {path}")
        self.file = file
        self.name = os.path.basename(path)[:-3]
        w = np.asarray(file["log_weights"], float).reshape(-1)
        condition = np.asarray(file.get("condition", np.zeros(len(w))), int).reshape(-1)
        reverse = np.asarray(file.get("direction", np.zeros(len(w))), int).reshape(-1) == 1
        self.energies = np.asarray(file.get("conditions", []), float).reshape(-1)
        self.groups = np.unique(condition)
        base = np.asarray(file.get("log_z0", []), float).reshape(-1)
        self.has_base = len(base) > self.groups.max()
        if not self.has_base:
            base = np.zeros(self.groups.max() + 1)
        exact = run.results.get(self.name, {}).get("conditions", [])
        self.exact = {c: exact[c]["exact"] for c in self.groups if c < len(exact) and "exact" in exact[c]}
        self.weights = {c: (w[(condition == c) & ~reverse], w[(condition == c) & reverse]) for c in self.groups}
        self.estimate = {}  # condition: {name: (ln Z, error, effective sample size)}
        for c, (up, down) in self.weights.items():
            e = self.estimate[c] = {}
            if len(up):
                a, error, ess = log_mean(up)
                e["AIS"] = (base[c] + a, error, ess)
            if len(down):
                a, error, ess = log_mean(down)
                e["reverse AIS"] = (base[c] - a, error, ess)

    def middle(self, c):
        return np.mean([v[0] for v in self.estimate[c].values()])

    def label(self, c):
        if c < len(self.energies) and self.energies[c] > 0:
            return energy_text(self.energies[c])
        return "joint" if len(self.groups) == 1 else f"condition {c}"


def logz_files(run):
    """The estimate that the configs name, or logz.h5, before all others of the run."""
    paths = [os.path.join(run.folder, "logz.h5")] + sorted(glob.glob(os.path.join(run.folder, "*logz*.h5")))
    paths = [p for p in paths if "logz-epoch-" not in p]  # another figure's
    try:
        paths.insert(0, run.find(run.key("logz.output")))
    except Absent:
        pass
    paths = [p for p in dict.fromkeys(paths) if os.path.isfile(p)]
    if not paths:
        raise Absent("no logz.h5 in the run folder")
    return [Logz(run, p) for p in paths]


def bracket(run):
    files = logz_files(run)
    figure, axes = page(1, 2, 3.0, gridspec_kw={"width_ratios": [1, 1.25]})
    def rising(z):  # conditions by energy, as far as there are energies
        return sorted(z.groups, key=lambda c: z.energies[c] if c < len(z.energies) else c)
    shown = [(axes[0], [(files[0], c) for c in rising(files[0])], False),
             (axes[1], [(z, c) for z in files for c in rising(z)], True)]
    for ax, places, relative in shown:
        for k, (name, colour, mark) in enumerate((("AIS", DATA, "^"), ("reverse AIS", CHAINS, "v"))):
            have = [(i, z.estimate[c][name], z.middle(c)) for i, (z, c) in enumerate(places) if name in z.estimate[c]]
            if have:
                ax.errorbar([i + 0.12 * (2 * k - 1) for i, _, _ in have],
                            [v[0] - relative * m for _, v, m in have], [2 * v[1] for _, v, _ in have], fmt=mark,
                            ms=6, capsize=3, color=colour, label=f"{name}, least ESS {min(v[2] for _, v, _ in have):.0f}")
        exact = [(i, z.exact[c] - relative * z.middle(c)) for i, (z, c) in enumerate(places) if c in z.exact]
        if exact:
            ax.plot(*zip(*exact), "D", ms=5, color=GREEN, label="exact")
        ax.set_xticks(range(len(places)))
        ax.set_xticklabels([z.label(c) if z is files[0] else f"{z.name}:\n{z.label(c)}" for z, c in places],
                           **({"rotation": 60, "ha": "right", "rotation_mode": "anchor", "fontsize": 8} if len(places) > 5 else {}))
        ax.set_xlim(-0.6, len(places) - 0.4)
        ax.set_xlabel("incident energy of the condition" if len(files[0].energies) else "machine")
    axes[0].set_ylabel("ln Z  [nat]" if files[0].has_base else "ln Z - ln Z of the base  [nat]")
    axes[0].set_title("ln Z of each condition", loc="left")
    axes[1].axhline(0, color=GREY, lw=1)
    axes[1].set_ylabel("distance from their middle  [nat]")
    axes[1].set_title("The bracket: AIS and reverse AIS (bars: 2 errors)", loc="left")
    low, high = axes[1].get_ylim()
    axes[1].set_ylim(low, high + 0.28 * (high - low))
    axes[1].legend(fontsize=8.5, ncols=3, loc="upper center", columnspacing=1, handletextpad=0.3)
    return figure


def log_weights(run):
    z = logz_files(run)[0]
    shown = list(z.groups[np.unique(np.linspace(0, len(z.groups) - 1, 4).round().astype(int))])
    columns = max(2, min(4, len(shown)))
    figure, axes = page(rows_for(len(shown), columns), columns, 2.5)
    for ax, c in zip(axes, shown):
        up, down = z.weights[c]
        sides = [(v, colour, name) for v, colour, name in ((up, DATA, "AIS: log w"), (-down, CHAINS, "reverse AIS: -log w"))
                 if len(v)]
        edges = np.histogram_bin_edges(np.concatenate([v for v, _, _ in sides]), 40)
        for v, colour, name in sides:
            ax.hist(v, edges, density=True, histtype="stepfilled", alpha=0.3, color=colour)
            ax.hist(v, edges, density=True, histtype="step", color=colour, label=name)
        ax.set_title(z.label(c), loc="left")
        ax.set_xlabel("log-weight  [nat]")
    axes[0].set_ylabel("density")
    axes[0].set_ylim(top=axes[0].get_ylim()[1] * 1.3)
    axes[0].legend(fontsize=8)
    blank(axes[len(shown):])
    return figure
