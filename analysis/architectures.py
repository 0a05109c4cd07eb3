"""Architectures side by side: what jobs/architectures.slurm left in FOLDER/architectures.jsonl."""
import json
import os

from look import BLUE, GREY, INK, ORANGE, page
from source import Absent, number
from tables import table


def has(run):
    return os.path.exists(os.path.join(run.folder, "architectures.jsonl"))


def rows(run):
    """The lines of the file, the best first."""
    path = os.path.join(run.folder, "architectures.jsonl")
    if not os.path.exists(path):
        raise Absent(f"no file {path}")
    with open(path, encoding="utf-8") as f:
        found = [json.loads(line) for line in f if line.strip()]
    if not found:
        raise Absent(f"{path} is empty")
    return sorted(found, key=lambda r: r["evaluate"]["fpd"] if number(r["evaluate"].get("fpd")) else float("inf"))


def pair(result, key):
    x, error = result.get(key), result.get(key + "_error")
    return f"{x:.4g}" + (f" ± {error:.1g}" if number(error) else "") if number(x) else "not measured"


def auc(result):
    x = result.get("auc_high")
    return f"{x:.3f}" if number(x) else "not measured"


def summary(run):
    head = ["architecture", "width", "parameters", "MFLOP a shower", "showers/s", "steps", "AE", "hit", "entropy", "FPD",
            "KPD", "AUC", "ln Z", "verdict", "ms a drawn shower"]
    body = []
    for r in rows(run):
        t, e, z, g = r["train"], r["evaluate"], r["logz"], r["generate"]
        body.append([r["name"], r["width"], t.get("parameters"), round(1e3 * t.get("gflop_per_shower", float("nan")), 2),
                     round(t.get("showers_per_second", float("nan"))), t.get("step"), round(t["ae"], 1), round(t["hit"], 1),
                     round(t["entropy"], 1), pair(e, "fpd"), pair(e, "kpd"), auc(e), pair(z, "logz"), z.get("verdict", ""),
                     round(g.get("milliseconds_per_shower", float("nan")), 3)])
    return table(head, body)


def distances(run):
    """FPD of each, and the floor that the reference shows against itself."""
    found = rows(run)
    figure, (left, right) = page(1, 2, height=max(2.6, 0.34 * len(found) + 1.0))
    names = [r["name"] for r in found]
    place = range(len(found))[::-1]
    left.barh(place, [r["evaluate"]["fpd"] for r in found], xerr=[r["evaluate"].get("fpd_error", 0.0) for r in found],
              color=BLUE, height=0.66, error_kw={"ecolor": INK, "elinewidth": 1})
    floors = [r["evaluate"]["fpd_floor"] for r in found if number(r["evaluate"].get("fpd_floor"))]
    if floors:
        left.axvline(floors[0], color=GREY, linestyle="--")
        left.annotate("reference against itself", (floors[0], len(found) - 0.45), xytext=(4, 0), textcoords="offset points",
                      color=GREY, fontsize=8, va="bottom")
    left.set_yticks(place, names)
    left.set_ylim(-0.6, len(found) + 0.1)
    if max(r["evaluate"]["fpd"] for r in found) > 20 * min(r["evaluate"]["fpd"] for r in found):
        left.set_xscale("log")
    left.set_xlabel("FPD")
    left.grid(axis="y", visible=False)
    for r in found:
        t = r["train"]
        right.plot(1e3 * t.get("gflop_per_shower", float("nan")), t["ae"] + t["hit"], "o", color=ORANGE)
        right.annotate(r["name"], (1e3 * t.get("gflop_per_shower", float("nan")), t["ae"] + t["hit"]), xytext=(4, 3),
                       textcoords="offset points", fontsize=7.5)
    right.set_xscale("log")
    right.set_yscale("log")
    right.margins(x=0.18)
    right.set_xlabel("MFLOP of a shower's step")
    right.set_ylabel("AE + hit after the same time")
    return figure
