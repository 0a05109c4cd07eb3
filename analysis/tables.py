"""Figures and tables from the results and configs of the commands."""
import html
import re

import numpy as np

from histograms import separation_rows
from look import GENERATED, GREY, INK, SKY, page, plain
from source import Absent, number


def table(head, rows):
    """Numbers to the right."""
    def cell(tag, x, column):
        kind = " class=n" if number(x) and tag == "td" and right[column] else ""
        return f"<{tag}{kind}>{html.escape(plain(x) if number(x) else str(x))}</{tag}>"
    rows = list(rows)
    right = [bool(rows) and all(number(row[i]) for row in rows) for i in range(len(head))]
    top = "".join(f"<th{' class=n' * r}>{html.escape(h)}</th>" for h, r in zip(head, right))
    return (f"<div class=\"scroll\"><table><tr>{top}</tr>"
            + "".join("<tr>" + "".join(cell("td", x, i) for i, x in enumerate(row)) + "</tr>" for row in rows) + "</table></div>")


def flat(content, prefix=""):
    """[(key.key, value)] of nested objects and lists."""
    for k, v in content.items() if isinstance(content, dict) else enumerate(content):
        name = f"{prefix}{k}"
        if isinstance(v, dict) or (isinstance(v, list) and any(isinstance(x, (dict, list)) for x in v)):
            yield from flat(v, name + ".")
        else:
            yield name, v


# keys of an evaluation's result, and names of further evaluations: what they mean
MEANINGS = [
    (r"floor", "floor: reference against reference"),
    (r"independent|baseline|mean_shower|voxels", "(a) mean shower, independent voxels"),
    (r"coin", "(b) decoder fed fair coins"),
    (r"uncoupled|no_coupling|zero|decoupled", "(c) decoder, couplings set to 0"),
    (r"recon|paired|encoded", "reconstruction of the reference"),
]


def meaning(text):
    for pattern, name in MEANINGS:
        if re.search(pattern, text, re.I):
            return name
    return None


def distances(run, key="fpd"):
    """[(what, value, error)] of the model, the baselines and the floor."""
    found = {}
    for name, result in run.results.items():
        if not name.startswith("evaluate") and key not in result:
            continue
        own = name[len("evaluate"):].strip("-_.") if name.startswith("evaluate") else name
        if number(result.get(key)):
            label = "model" if not own else meaning(own) or own
            found.setdefault(label, (result[key], result.get(key + "_error", 0.0)))
        for k, v in flat(result):
            last = k.replace(".", "_")
            if last.startswith(key + "_") and number(v) and not re.search(r"error|full_sample|seconds|min$|max$", last):
                label = meaning(last) or last[len(key) + 1:]
                found.setdefault(label, (v, result.get(k + "_error", 0.0)))
    rows = [(label, v, e if number(e) else 0.0) for label, (v, e) in found.items()]
    order = {"model": 0, MEANINGS[4][1]: 1, MEANINGS[0][1]: 99}
    return sorted(rows, key=lambda row: (order.get(row[0], 2), row[0]))


def quality(run):
    rows = distances(run)
    if not rows:
        raise Absent("no evaluate.result.json with a key fpd")
    figure, (ax,) = page(1, 1, 0.9 + 0.36 * len(rows), 11.2)
    y = np.arange(len(rows))[::-1]
    values = np.array([v for _, v, _ in rows])
    colours = [GENERATED if i == 0 else GREY if "floor" in row[0] else SKY for i, row in enumerate(rows)]
    low = values[values > 0].min() / 3 if (values > 0).any() else 1e-3
    ax.barh(y, np.maximum(values, low) - low, left=low, color=colours, height=0.62, xerr=[e for *_, e in rows],
            error_kw={"ecolor": INK, "lw": 1})
    for at, (_, v, e) in zip(y, rows):
        ax.annotate(f"{v:.4g}" + (f" ± {e:.2g}" if e else ""), (max(v, low) + e, at), xytext=(6, 0),
                    textcoords="offset points", va="center", fontsize=9)
    ax.set_xscale("log")
    ax.set_xlim(low, values.max() * 4)
    ax.set_yticks(y)
    ax.set_yticklabels([label for label, _, _ in rows], fontsize=9.5)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("FPD (not multiplied by 1000)")
    return figure


def reconstruction(run):
    """Relative errors of reconstructed showers, layer by layer, of the first paired evaluation."""
    paired = next((r["paired"] for r in run.results.values() if isinstance(r.get("paired"), dict)), None)
    if paired is None or not paired.get("layers"):
        raise Absent("no evaluation with evaluate.paired: true")
    layers, total = paired["layers"], paired.get("total", {})
    layers = list(layers.values()) if isinstance(layers, dict) else layers
    figure, (ax,) = page(1, 1, 2.9)
    x = np.arange(len(layers))
    q = {k: np.maximum(1 + np.array([one.get(k, np.nan) for one in layers], float), 1e-3)
         for k in ("q05", "q16", "median", "q84", "q95")}
    ax.fill_between(x, q["q05"], q["q95"], color=SKY, alpha=0.25, lw=0, label="90% of showers")
    ax.fill_between(x, q["q16"], q["q84"], color=SKY, alpha=0.55, lw=0, label="68% of showers")
    ax.plot(x, q["median"], color=INK, label="median")
    ax.axhline(1, color=GREY, lw=1)
    ax.set_yscale("log")
    ax.set_ylim(max(0.05, 0.7 * q["q05"].min()), min(30, 3 * q["q95"].max()))
    ax.set_xlim(-0.5, len(x) - 0.5)
    ax.set_xlabel("layer")
    ax.set_ylabel("reconstructed / true energy")
    ax.legend(ncols=3, loc="upper center")
    if number(total.get("mean")) and number(total.get("std")):
        ax.set_title(f"Energy of each layer (a layer that lost all its energy is below the axis). Error of the "
                     f"total energy: {total['mean']:+.2%} ± {total['std']:.2%}", loc="left")
    return figure


def separation(run):
    return table(["observable", "S", "expected of one law", "worst"], separation_rows(run))


def results(run):
    if not run.results:
        raise Absent("no *.result.json in the run folder")
    rows = []
    for name in ordered(run):
        content = run.results[name]
        for k, v in flat(content):
            if k == "command" or re.search(r"(layers|conditions)\.\d+\.", k):
                continue  # the name says it; figures show them
            if isinstance(v, list) and len(v) > 12:
                v = f"{len(v)} values"
            rows.append((name, k, v if number(v) or isinstance(v, str) else ", ".join(map(plain, v)) if isinstance(v, list)
                         else str(v)))
            name = ""
    return table(["command", "figure", "value"], rows)


def configuration(run):
    if not run.configs:
        raise Absent("no *.config.yaml in the run folder")
    values, rows = {}, []
    for command, keys in run.configs.items():
        for k, v in keys.items():
            section = k.split(".")[0]
            used = run.runs_of(section) if section in ORDER else run.runs_of("train") if section != "run" else []
            if not used or command in used:
                values.setdefault(k, {}).setdefault(str(v), []).append(command)
    for k, different in values.items():
        for v, commands in different.items():
            rows.append((k, v, "" if len(different) == 1 else ", ".join(commands)))
    return table(["key", "value", "command"], rows)


ORDER = ["synth", "train", "encode", "generate", "logz", "evaluate"]


def ordered(run):
    """The results' names, as the commands follow one another."""
    return sorted(run.results, key=lambda n: (ORDER.index(n.split("-")[0]) if n.split("-")[0] in ORDER else 99, n))


def subtitle(run):
    done = ", ".join(dict.fromkeys(name.split("-")[0] for name in ordered(run))) or "no results yet"
    train = run.results.get("train", {})
    facts = [f"{plain(train[k])} {text}" for k, text in (("epoch", "epochs"), ("step", "steps"),
                                                        ("parameters", "parameters")) if number(train.get(k))]
    return html.escape(f"caloq run: {done}. " + ", ".join(facts))


def tiles(run):
    """The few numbers that matter, on top of the page."""
    shown = []
    result = run.results
    e, z, t = (result.get(k, {}) for k in ("evaluate", "logz", "train"))
    g = next((result[n] for n in run.runs_of("generate") if n in result), result.get("generate", {}))
    if number(e.get("fpd")):
        error = f" ± {e['fpd_error']:.2g}" if number(e.get("fpd_error")) else ""
        shown.append((f"{e['fpd']:.4g}{error}", "FPD of generated showers"))
    if number(e.get("kpd")):
        shown.append((f"{e['kpd']:.3g}", "KPD"))
    if number(z.get("logz")):
        error = f" ± {z['error']:.2g}" if number(z.get("error")) else ""
        shown.append((f"{z['logz']:.2f}{error}", f"ln Z ({z.get('target', 'joint')})"))
    if number(t.get("showers_per_second")):
        shown.append((f"{t['showers_per_second']:,.0f} / s", "showers trained on"))
    if number(g.get("showers_per_second")):
        shown.append((f"{g['showers_per_second']:,.0f} / s", "showers generated"))
    return '<div class="tiles">' + "".join(
        f'<div class="tile"><b>{html.escape(a)}</b><span>{html.escape(b)}</span></div>' for a, b in shown) + "</div>"
