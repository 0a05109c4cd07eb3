"""The course of training, from metrics.jsonl."""
import numpy as np

from look import BLUE, CHAINS, DATA, GENERATED, GREY, ORANGE, blank, page, rows_for
from source import Absent

TERMS = {"loss": "all terms, weighted", "ae": "reconstruction error", "hit": "cross-entropy of hits [nat]",
         "entropy": "negative entropy of the posterior [nat]", "positive": "energy of encoded showers",
         "negative": "minus energy of the chains"}


def curves(run, key, phases=("ae", "vae", "rbm")):
    """(phase, step, value) of each training phase that has this key."""
    found = []
    for phase in phases:
        m = run.metrics.get(phase, {})
        if key in m and np.isfinite(m[key]).any():
            keep = np.flatnonzero(np.isfinite(m[key]))
            steps, first = np.unique(m["step"][keep], return_index=True)  # an epoch's last step may have two lines
            found.append((phase, steps, m[key][keep][first]))
    return found


def need(run, *keys):
    if not run.metrics:
        raise Absent("no metrics.jsonl in the run folder")
    if not any(curves(run, k, tuple(run.metrics)) for k in keys):
        raise Absent("metrics.jsonl has none of " + ", ".join(keys))


def smooth(y, n=15):
    """A running mean over n points, narrower at the ends."""
    n = max(1, min(n, len(y) // 8))
    total = np.cumsum(np.insert(y, 0, 0.0))
    low = np.maximum(np.arange(len(y)) - n // 2, 0)
    high = np.minimum(np.arange(len(y)) + n - n // 2, len(y))
    return (total[high] - total[low]) / (high - low)


def course(ax, run, key, colour, label):
    """What was measured, pale, and its running mean; a line where a new phase begins."""
    for i, (_, step, y) in enumerate(curves(run, key)):
        ax.plot(step, y, color=colour, alpha=0.25, lw=0.8)
        ax.plot(step, smooth(y), color=colour, label=label if i == 0 else None)
        if i > 0:
            ax.axvline(step[0], color=GREY, lw=0.8, ls=":")


def scale(ax, y):
    """A logarithmic axis where all is positive and spans more than a decade."""
    y = np.concatenate(y)
    if len(y) and y.min() > 0 and y.max() > 12 * y.min():
        ax.set_yscale("log")


def losses(run):
    need(run, *TERMS)
    keys = [k for k in TERMS if curves(run, k, tuple(run.metrics))]
    figure, axes = page(rows_for(len(keys), 3), 3)
    for ax, key in zip(axes, keys):
        course(ax, run, key, BLUE, "training")
        for _, step, y in curves(run, key, ("validation",)):
            ax.plot(step, y, "o-", color=ORANGE, ms=4, lw=1.2, label="validation")
        scale(ax, [y for _, _, y in curves(run, key, tuple(run.metrics))])
        ax.set_title(f"{key}: {TERMS[key]}", loc="left")
        ax.set_xlabel("step")
    axes[0].set_ylabel("mean per shower")
    axes[0].legend()
    blank(axes[len(keys):])
    return figure


def energies(run):
    need(run, "energy_data", "energy_chains")
    figure, axes = page(1, 2, 3.0)
    course(axes[0], run, "energy_data", DATA, "encoded showers")
    course(axes[0], run, "energy_chains", CHAINS, "persistent chains")
    axes[0].set_ylabel("mean energy E  [kT]")
    axes[0].set_title("Energies of data and chains", loc="left")
    axes[0].legend()
    chains = {phase: (step, y) for phase, step, y in curves(run, "energy_chains")}
    for phase, step, y in curves(run, "energy_data"):
        if phase in chains:
            both, i, j = np.intersect1d(step, chains[phase][0], return_indices=True)
            gap = y[i] - chains[phase][1][j]
            axes[1].plot(both, gap, color=GREY, alpha=0.4, lw=0.8)
            axes[1].plot(both, smooth(gap), color=GENERATED)
    axes[1].axhline(0, color=GREY, lw=1)
    axes[1].set_title("Data minus chains: 0 when the machine has learnt the bits", loc="left")
    axes[1].set_ylabel("difference of mean energies  [kT]")
    for ax in axes:
        ax.set_xlabel("step")
    return figure


def throughput(run):
    need(run, "showers_per_second")
    figure, axes = page(1, 2, 2.6)
    for phase, step, y in curves(run, "showers_per_second"):
        axes[0].plot(step, y, label=f"phase {phase}")
        time = dict(zip(run.metrics[phase]["step"], run.metrics[phase]["time"]))
        axes[1].plot([time[s] / 60 for s in step], step)
    axes[0].set_ylim(bottom=0)
    axes[0].set_ylabel("showers per second")
    axes[0].set_xlabel("step")
    axes[0].set_title("Speed of training", loc="left")
    axes[0].legend()
    axes[1].set_xlabel("working time  [min]")
    axes[1].set_ylabel("step")
    axes[1].set_title("Progress", loc="left")
    return figure


def schedules(run):
    keys = {"learning_rate": "learning rate", "beta": "sharpness of the relaxation",
            "gradient_norm": "norm of the networks' gradient",
            "rbm_gradient_norm": "norm of the machine's gradient"}
    need(run, *keys)
    keys = {k: text for k, text in keys.items() if curves(run, k)}
    figure, axes = page(1, max(2, len(keys)), 2.4)
    for ax, (key, text) in zip(axes, keys.items()):
        if "norm" in key:
            course(ax, run, key, BLUE, None)
            scale(ax, [y for _, _, y in curves(run, key)])
        else:
            for _, step, y in curves(run, key):
                ax.plot(step, y, color=BLUE)
            ax.set_ylim(bottom=0)
        ax.set_title(text, loc="left")
        ax.set_xlabel("step")
    blank(axes[len(keys):])
    return figure
