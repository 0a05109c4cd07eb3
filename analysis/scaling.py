#!/usr/bin/env python3
"""scaling.py FOLDER - the table and the plot of jobs/scaling.slurm's runs, from FOLDER/scaling.jsonl.

Strong scaling: the same chains on more ranks, efficiency t(1) / (n t(n)). Weak: the same chains a
rank, efficiency t(1) / t(n). The time is that of a thousand steps of annealed importance sampling,
from a barrier until the last rank is done; the last column is the same by processor time of all ranks
together, which tells what a rank's work costs beside the others even where other programs run.
"""
import json
import os
import sys


def read(folder):
    """(study, machine, path and precision) -> rows of ranks, chains, seconds a thousand steps, updates/ns a rank, disturbed."""
    found = {}
    with open(os.path.join(folder, "scaling.jsonl")) as f:
        for line in f:
            run = json.loads(line)
            for x in run["result"]["figures"]:
                if x["name"] == "ais":
                    found.setdefault((run["study"], f"{x['topology']} {x['path']} {x['precision']}"), []).append(
                        {"ranks": x["ranks"], "chains": x["chains"], "seconds": x["seconds_per_1000_steps"],
                         "cpu": x["cpu_seconds_per_1000_steps"], "rate": x["updates_per_ns"], "disturbed": x["disturbed"]})
    for rows in found.values():
        rows.sort(key=lambda r: r["ranks"])
    return found


def efficiency(study, rows):
    """Against the smallest number of ranks."""
    first = rows[0]
    for r in rows:
        times = first["seconds"] / r["seconds"]
        more = r["ranks"] / first["ranks"]
        r["efficiency"] = times / more if study == "strong" else times
        r["by_cpu"] = first["cpu"] / r["cpu"] * (1.0 if study == "strong" else more)


def table(found):
    yield f"{'study':<7} {'machine, path, precision':<33} {'ranks':>6} {'chains':>8} {'s / 1000 steps':>15} {'updates/ns/rank':>16} {'efficiency':>11} {'by cpu':>7}"
    for (study, what), rows in sorted(found.items()):
        for r in rows:
            yield (f"{study:<7} {what:<33} {r['ranks']:>6} {r['chains']:>8} {r['seconds']:>15.4g} {r['rate']:>16.4g} "
                   f"{r['efficiency']:>11.1%} {r['by_cpu']:>7.1%}{'  disturbed' if r['disturbed'] else ''}")


def plot(found, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 6))
    for (study, what), rows in sorted(found.items()):
        axes.plot([r["ranks"] for r in rows], [100 * r["efficiency"] for r in rows], "o-" if study == "strong" else "s--",
                  label=f"{what}, {study}")
    axes.axhline(100, color="grey", linewidth=0.5)
    axes.set(xlabel="ranks", ylabel="efficiency (%)", xscale="log", ylim=(0, None))
    axes.legend(fontsize="xx-small", ncol=2)
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main(folder):
    found = read(folder)
    if not found:
        print(f"scaling.py: {folder}/scaling.jsonl holds no figure of annealed importance sampling", file=sys.stderr)
        return 1
    for (study, _), rows in found.items():
        efficiency(study, rows)
    print("\n".join(table(found)))
    plot(found, os.path.join(folder, "scaling.png"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
