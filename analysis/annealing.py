"""Reads of an annealer: its temperature over time and by protocol, estimators, energies."""
import numpy as np

from look import BLUE, CHAINS, DATA, GREEN, GREY, INK, ORANGE, PALE, PURPLE, SKY, blank, page
from source import Absent

PROTOCOLS = {"none": INK, "waits": SKY, "once": BLUE, "before": GREEN, "single": ORANGE}


def results(run, key):
    """{name: result} of the anneal commands of this folder whose result has the key."""
    return {n: r for n, r in run.results.items() if r.get("command") == "anneal" and r.get(key)}


def column(windows, name):
    return np.array([w[name] if isinstance(w.get(name), (int, float)) else np.nan for w in windows], float)


def training(run):
    """Steps and temperatures that a training found, from every phase of the metrics."""
    found = [m for m in run.metrics.values() if "anneal_beta" in m]
    if not found:
        return None
    return tuple(np.concatenate([m[k] for m in found]) for k in ("step", "anneal_beta", "anneal_beta_error", "anneal_scale"))


def temperature(run):
    """Inverse temperature against the device's time, one line a protocol, its mean, and while training."""
    sets, learned = results(run, "protocol"), training(run)
    order = list(PROTOCOLS)
    sets = dict(sorted(sets.items(), key=lambda x: order.index(x[1]["protocol"]["name"])))
    if not sets and learned is None:
        raise Absent("no anneal.protocol was run, and no training estimated the temperature")
    panels = 2 * bool(sets) + (learned is not None)
    figure, axes = page(1, max(panels, 2), 3.2, gridspec_kw={"width_ratios": [1.6, 1, 1.2][:panels] if panels > 1 else [1.6, 1]})
    at = 0
    for k, (name, result) in enumerate(sets.items()):
        p = result["protocol"]
        t, beta, error = (column(p["windows"], c) for c in ("time_us", "beta", "beta_error"))
        colour = PROTOCOLS.get(p["name"], PURPLE)
        several = sum(r["protocol"]["name"] == p["name"] for r in sets.values()) > 1
        label = f"{p['name']} ({name})" if several else p["name"]
        axes[0].errorbar(t * 1e-6, beta, error, fmt="o-", ms=4, lw=1, capsize=2, color=colour, label=label)
        axes[0].step(t * 1e-6, column(p["windows"], "scale"), where="mid", lw=0.8, ls=":", color=colour)
        axes[1].errorbar(k, p["beta_mean"], p.get("beta_mean_error") or 0.0, fmt="o", ms=6, capsize=4, color=colour)
    if sets:
        axes[0].set_xlabel("time of the device  [s]")
        last = [max(column(r["protocol"]["windows"], "time_us")) for r in sets.values()]
        if max(last) > 30 * min(last):
            axes[0].set_xscale("log")
        axes[0].set_ylabel("inverse temperature β")
        axes[0].set_title("β while reads are drawn", loc="left")
        axes[0].legend(ncols=2)
        axes[1].set_xticks(range(len(sets)))
        axes[1].set_xticklabels([f"{r['protocol']['name']}\n{r['protocol']['programmings']:,}" for r in sets.values()], fontsize=8.5)
        axes[1].set_xlabel("and its programmings")
        axes[1].set_xlim(-0.5, len(sets) - 0.5)
        axes[1].set_title("Mean β by protocol", loc="left")
        at = 2
    if learned is not None:
        step, beta, error, scale = learned
        axes[at].errorbar(step, beta, error, fmt=".", ms=4, lw=0.8, color=BLUE, label="β of the reads")
        axes[at].plot(step, scale, lw=1, color=ORANGE, label="scale of the next problems")
        axes[at].set_xlabel("step")
        axes[at].set_title("β while a machine is trained on reads", loc="left")
        axes[at].legend()
        at += 1
    blank(axes[at:])
    return figure


def estimators(run):
    found = results(run, "estimators")
    if not found:
        raise Absent("no anneal.estimators were asked for")
    figure, axes = page(1, len(found), 2.8, min(11.2, 6.2 * len(found)))
    for ax, (name, result) in zip(axes, found.items()):
        rows = list(result["estimators"].items())
        sound = [x["beta"] for _, x in rows if x["converged"]]
        for k, (_, x) in enumerate(rows):
            if x["converged"]:
                ax.errorbar(x["beta"], k, xerr=x["error"], fmt="o", ms=5, capsize=3, color=BLUE)
        low, high = ax.get_xlim() if sound else (0, 1)
        for k, (_, x) in enumerate(rows):
            if not x["converged"]:
                text = f"× not converged ({x['beta']:.3g})" if x["beta"] is not None else "× not converged"
                ax.text(0.5 * (low + high), k, text, color=ORANGE, ha="center", va="center", fontsize=8.5)
        ax.set_xlim(low, high)
        ax.axvline(result["scale"], color=GREY, lw=0.8, ls=":")
        ax.set_yticks(range(len(rows)))
        ax.set_yticklabels([n for n, _ in rows])
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_xlabel("inverse temperature β (dotted: the scale of the reads)")
        ax.set_title(f"{result.get('solver', 'annealer')}, {result['reads']:,} reads", loc="left")
    blank(axes[len(found):])
    return figure


def energies(run):
    """The machine's energies of encoded showers, of its chains and of the reads, as drawn and weighed."""
    reads = run.read(run.key("anneal.output"), "anneal.h5")
    if "energies" not in reads:
        raise Absent("no /energies in the Bits file of the annealer")
    E = np.asarray(reads["energies"], float).reshape(-1)
    sides = [("reads", E, None, GREEN)]
    if "log_weights" in reads:
        sides.append(("reads, weighed", E, np.exp(np.asarray(reads["log_weights"], float)), PURPLE))
    for which, text, colour in (("data", "encoded showers", DATA), ("chains", "chains", CHAINS)):
        try:
            sides.append((text, np.asarray(run.bits(which)["energies"], float).reshape(-1), None, colour))
        except (Absent, KeyError):
            pass
    given = reads.get("incident_energies")
    figure, axes = page(1, 2, 3.0)
    edges = np.histogram_bin_edges(np.concatenate([x for _, x, _, _ in sides]), 50)
    for text, x, w, colour in sides:
        mean = np.average(x, weights=w)
        axes[0].hist(x, edges, weights=w, density=True, histtype="step", lw=1.5, color=colour,
                     label=f"{text}: {mean:.1f} ± {np.sqrt(np.average((x - mean) ** 2, weights=w)):.1f}")
    axes[0].set_xlabel("energy of the machine, E(s)  [kT]")
    axes[0].set_ylabel("density")
    axes[0].set_title("Energies of data, chains and annealer", loc="left")
    axes[0].set_ylim(top=axes[0].get_ylim()[1] * 1.3)
    axes[0].legend(loc="upper left", fontsize=8.5)
    if given is None:
        blank(axes[1:])
        return figure
    given = np.asarray(given, float).reshape(-1)
    for text, x, w, colour in sides[:1 + ("log_weights" in reads)]:
        at = np.unique(given)
        mean = [np.average(x[given == v], weights=None if w is None else w[given == v]) for v in at]
        axes[1].errorbar(at / 1e3 * (1.05 if w is not None else 1), mean, [x[given == v].std() for v in at], fmt="o", ms=5,
                         capsize=3, color=colour, label=text + ": mean and width")
    for text, colour in (("chains", CHAINS), ("data", DATA)):
        try:
            bits = run.bits(text)
            axes[1].plot(np.asarray(bits["incident_energies"]).reshape(-1)[:1500] / 1e3, np.asarray(bits["energies"])[:1500], ".", ms=2,
                         alpha=0.4, color=colour, zorder=0, label=text)
        except (Absent, KeyError):
            pass
    axes[1].set_xscale("log")
    axes[1].set_xlabel("incident energy  [GeV]")
    axes[1].set_ylabel("E(s)  [kT]")
    axes[1].set_title("... against the incident energy", loc="left")
    axes[1].legend(markerscale=2, fontsize=8.5)
    axes[1].grid(color=PALE, lw=0.5)
    return figure
