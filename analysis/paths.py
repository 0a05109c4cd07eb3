"""ln Z along the annealing path, against the work spent on it, and along a machine's training."""
import re

import numpy as np

from latent import logz_files
from look import CHAINS, DATA, DECADES, GREEN, GREY, INK, blank, page
from source import Absent, number
from training import curves

LSE, MEAN, SQUARES, CROSS, ARRIVED, SQUARED, FIGURES = range(7)  # rbm/trace.h


def log_sum(x):
    """Over the first axis."""
    most = x.max(0)
    return most + np.log(np.exp(x - most).sum(0))


class Course:
    """What the chains of one condition and direction say at each point of the path, by rising beta."""

    def __init__(self, file, reverse, condition):
        which = "down" if reverse else "up"
        beta, log_z0 = np.asarray(file["betas"], float), np.asarray(file["log_z0"], float)
        mine = (file["condition"] == condition) & (file["direction"] == reverse)
        n, first = int(mine.sum()), int(np.asarray(file["chain"])[mine].min())
        point = np.asarray(file[which + "/point"], float).reshape(-1, len(log_z0), len(beta), FIGURES)[:, condition]
        lanes = np.bincount((np.asarray(file["chain"])[mine] - first // 64 * 64) // 64, minlength=len(point))[:, None]
        arrived, squared = log_sum(point[..., ARRIVED]), log_sum(point[..., SQUARED])
        self.chains, self.beta = n, beta
        self.ess = np.exp(2 * arrived - squared)
        self.error = np.sqrt(np.maximum(n / self.ess - 1, 0) / max(n - 1, 1))
        self.slope = (lanes * point[..., MEAN]).sum(0) / n
        between = (lanes * (point[..., MEAN] - self.slope) ** 2).sum(0)
        self.slope_error = np.sqrt((point[..., SQUARES].sum(0) + between) / max(n - 1, 1) / n)
        change = arrived - np.log(n)
        self.log_z = log_z0[condition] + (change - change[-1] if reverse else change)
        if reverse:  # the run's points begin at the machine
            for name in ("ess", "error", "slope", "slope_error", "log_z"):
                setattr(self, name, getattr(self, name)[::-1])


def courses(run):
    """(file, condition, {direction: Course}) of the first run whose points were kept."""
    for z in logz_files(run):
        have = [d for d in ("up", "down") if d + "/point" in z.file]
        if have:
            c = z.groups[len(z.groups) // 2]
            return z, c, {d: Course(z.file, int(d == "down"), c) for d in have}
    raise Absent("no points of the path in a file of log-weights: logz.trace was false")


def along(run):
    z, condition, both = courses(run)
    style = {"up": (DATA, "up (AIS)"), "down": (CHAINS, "down (reverse AIS)")}
    figure, axes = page(2, 2, 2.9)
    for d, c in both.items():
        colour, name = style[d]
        axes[0].plot(c.beta, c.log_z, color=colour, ls="--" if d == "down" else "-", label=name)
        axes[2].plot(c.beta, c.slope, color=colour, lw=1.2, label=name)
        axes[2].fill_between(c.beta, c.slope - 2 * c.slope_error, c.slope + 2 * c.slope_error, color=colour,
                             alpha=0.25, lw=0)
        axes[3].plot(c.beta, c.ess / c.chains, color=colour, label=f"{name}: {c.ess[-1 if d == 'up' else 0]:.0f} of {c.chains}")
    axes[0].set_ylabel("ln Z(β)  [nat]")
    axes[0].set_title(f"ln Z along the path, {z.label(condition)}", loc="left")
    axes[0].legend()
    if len(both) == 2:
        up, down = both["up"], both["down"]
        # the reverse estimate at beta is anchored at the base: its error is that of the steps below beta, about
        # as if steps were independent
        below = np.sqrt(np.maximum(down.error[0] ** 2 - down.error ** 2, 0))
        gap, error = down.log_z - up.log_z, np.hypot(up.error, below)
        axes[1].fill_between(up.beta, -2 * error, 2 * error, color=GREY, alpha=0.3, lw=0, label="two errors")
        axes[1].plot(up.beta, gap, color=INK)
        axes[1].legend(loc="upper left")
        spread = 2.5 * max(float(np.max(error)), float(np.abs(gap).max()), 1e-6)
        axes[1].set_ylim(-spread, spread)
    else:
        axes[1].text(0.5, 0.5, "one direction only", ha="center", transform=axes[1].transAxes, color=GREY)
    axes[1].axhline(0, color=GREY, lw=1)
    axes[1].set_ylabel("reverse minus forward  [nat]")
    axes[1].set_title("Their difference: above 0 when chains lag behind the path", loc="left")
    axes[2].set_ylabel("d ln Z / dβ  [nat]")
    axes[2].set_title("Mean slope: a loop between the two is hysteresis", loc="left")
    axes[2].legend()
    axes[3].set_ylim(0, 1.05)
    axes[3].set_ylabel("ESS / chains")
    axes[3].set_title("Effective sample size on the way", loc="left")
    axes[3].legend(loc="lower left")
    for ax in axes:
        ax.set_xlabel("β")
        ax.set_xlim(0, 1)
    return figure


def studies(run):
    """[(steps, chains, result)] of runs named bracket-..., of both directions."""
    found = [(r["betas"], r["chains"], r) for name, r in run.results.items()
             if name.startswith("bracket") and number(r.get("betas")) and number(r.get("gap"))]
    if len(found) < 3:
        raise Absent("fewer than three runs bracket-*.result.json (jobs/bracket.sh makes them)")
    return sorted(found, key=lambda x: x[:2])


def sides(result, name):
    """Mean over conditions of ais or rais, and its error."""
    one = result["conditions"]
    return (np.mean([c[name] for c in one]),
            np.sqrt(np.sum([c[name + "_error"] ** 2 for c in one])) / len(one))


def study(run):
    found = studies(run)
    best = max(found, key=lambda x: x[0] * x[1])[2]
    exact = next((r["exact"] for *_, r in found if number(r.get("exact"))), None)
    truth = exact if exact is not None else 0.5 * (sides(best, "ais")[0] + sides(best, "rais")[0])
    what = "the exact value" if exact is not None else "the middle of the largest run"
    figure, axes = page(1, 2, 3.4)
    steps = sorted({k for k, *_ in found})
    poor = []
    for i, k in enumerate(steps):
        mine = [(n * k, r) for kk, n, r in found if kk == k]
        work = np.array([w for w, _ in mine], float)
        colour = DECADES[i % len(DECADES)]
        for name, mark, aside in (("ais", "^", 0.97), ("rais", "v", 1.03)):
            value, error = np.array([sides(r, name) for _, r in mine]).T
            axes[0].errorbar(work * aside, value - truth, 2 * error, fmt=mark, color=colour, ms=5, capsize=2, lw=1)
        width = np.array([abs(r["gap"]) + 2 * r["gap_error"] for _, r in mine])
        axes[1].plot(work, width, "o-", color=colour, ms=5, lw=1, label=f"{k:,} steps")
        poor += [(w, y) for w, y, (_, r) in zip(work, width, mine) if r["verdict"].startswith("not")]
    if poor:
        axes[1].plot(*zip(*poor), "x", color=INK, ms=10, mew=1.2, zorder=5, label="not converged")
    ends = np.array([min(n * k for k, n, _ in found), max(n * k for k, n, _ in found)], float)
    last = abs(best["gap"]) + 2 * best["gap_error"]
    axes[1].plot(ends, last * np.sqrt(ends[1] / ends), ":", color=GREY, lw=1.2, label="falls as work$^{-1/2}$")
    axes[0].axhline(0, color=GREEN if exact is not None else GREY, lw=1.2)
    reach = max(abs(sides(r, name)[0] - truth) for *_, r in found for name in ("ais", "rais"))
    if reach > 2:
        axes[0].set_yscale("symlog", linthresh=0.1)
    axes[0].set_ylabel("distance  [nat]")
    axes[0].set_title(f"AIS (△) and reverse AIS (▽) from {what}", loc="left")
    axes[1].set_ylabel("|gap| + 2 errors  [nat]")
    axes[1].set_title("Width of the bracket", loc="left")
    axes[1].set_yscale("log")
    axes[1].legend(fontsize=8)
    for ax in axes:
        ax.set_xscale("log")
        ax.set_xlabel("chains × steps")
    return figure


def by_epoch(run):
    """Figures of runs logz-epoch-N: {name: (epochs, values, errors)}."""
    rows = []
    for name, r in run.results.items():
        at = re.fullmatch(r"logz-epoch-(\d+)", name)
        if at and r.get("conditions"):
            rows.append((int(at.group(1)), r))
    found = {}
    for epoch, r in sorted(rows, key=lambda x: x[0]):
        for key in ("ais", "rais"):
            if key in r["conditions"][0]:
                value, error = sides(r, key)
                found.setdefault(key, []).append((epoch, -value, error))
        if number(r.get("log_likelihood")):
            found.setdefault("ll", []).append((epoch, r["log_likelihood"], r.get("log_likelihood_error") or 0.0))
            found.setdefault("energy", []).append((epoch, r["log_likelihood"] + r["logz"], 0.0))
    return {k: np.array(v, float).T for k, v in found.items()}


def epochs(run):
    found = by_epoch(run)
    trajectory = [(phase, step, y) for phase, step, y in curves(run, "lnz_trajectory")]
    if not found and not trajectory:
        raise Absent("neither runs logz-epoch-N (jobs/likelihood.sh makes them) nor lnz_trajectory in metrics.jsonl "
                     "(rbm.trajectory)")
    figure, axes = page(1, 3, 3.0)
    style = {"ais": (DATA, "^", "AIS"), "rais": (CHAINS, "v", "reverse AIS")}
    for key, (colour, mark, name) in style.items():
        if key in found:
            axes[0].errorbar(found[key][0], found[key][1], 2 * found[key][2], fmt=mark + "-", color=colour, ms=5,
                             lw=1.2, capsize=2, label=name, zorder=3)
    if "energy" in found:
        axes[1].plot(found["energy"][0], found["energy"][1], "s-", color=GREEN, ms=4, lw=1.2, label="data", zorder=3)
    if "ll" in found:
        axes[2].errorbar(found["ll"][0], found["ll"][1], 2 * found["ll"][2], fmt="o-", color=INK, ms=4, lw=1.2,
                         capsize=2, label="with ln Z of AIS", zorder=3)
    for phase, step, y in trajectory:
        m = run.metrics[phase]
        epoch = step * np.nanmax(m["epoch"]) / np.nanmax(m["step"])  # lines tell whole epochs alone
        axes[0].plot(epoch, -y, color=GREY, lw=1.2, label="along the training")
        energy = dict(zip(m["step"], m["energy_data"])) if "energy_data" in m else {}
        minus = np.array([-energy.get(s, np.nan) for s in step])
        if np.isfinite(minus).any():
            axes[1].plot(epoch, minus, color=GREY, lw=1, label="batches of the training")
            axes[2].plot(epoch, minus - y, color=GREY, lw=1, label="along the training")
    for ax, title in zip(axes, ("-ln Z", "LL + ln Z: minus the energy of the data", "Log-likelihood LL")):
        ax.set_title(title, loc="left")
        ax.set_ylabel("nat")
        ax.set_xlabel("epoch")
        if ax.has_data():
            ax.legend(fontsize=8)
    blank([ax for ax in axes if not ax.has_data()])
    return figure
