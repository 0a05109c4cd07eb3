"""Figures of the CaloChallenge's kind: by incident energy, resolution, and beside the published table."""
import numpy as np

from histograms import histograms, panels
from look import BLUE, GENERATED, GREEN, GREY, INK, PURPLE, REFERENCE, SKY, page, plt
from source import Absent, number
from tables import table

# Published for data set 2 against 100,000 showers of dataset_2_2 (final_results of the homepage):
# FPD, KPD, AUC low, AUC high, separations: E_layer, E_tot, cell, EC eta, EC phi, width eta, width phi, sparsity
METRICS = ["fpd", "kpd", "auc_low", "auc_high", "separation.layer_energy", "separation.response",
           "separation.voxel_energy", "separation.ec_eta", "separation.ec_phi", "separation.width_eta",
           "separation.width_phi", "separation.sparsity"]
LABELS = ["FPD", "KPD", "AUC low", "AUC high", "E layer", "E total", "voxel", "EC eta", "EC phi", "width eta",
          "width phi", "sparsity"]
PUBLISHED = {
    "GEANT4": [10.78e-3, 0.0276e-3, .4996, .4993, .236e-3, .442e-3, .000878e-3, .501e-3, .5e-3, .488e-3, .474e-3, .0925e-3],
    "CaloDREAM": [24.65e-3, .0231e-3, .5308, .5208, 1.39e-3, .703e-3, 2.07e-3, .614e-3, .625e-3, .56e-3, .537e-3, .117e-3],
    "CaloDiffusion": [146.93e-3, .1741e-3, .5766, .5910, 1.42e-3, 11.8e-3, 14.2e-3, .64e-3, .629e-3, .803e-3, .77e-3, 10e-3],
    "Calo-VQ": [1315.72e-3, 8.5212e-3, .9858, .9941, 8.78e-3, 3.68e-3, 51.5e-3, 14.7e-3, 14.7e-3, 16.5e-3, 16.3e-3, 28.2e-3],
    "CaloVAE+INN": [5443.43e-3, 45.6091e-3, .9070, .9999, 7.14e-3, 1.76e-3, 101e-3, 45e-3, 43.8e-3, 27.5e-3, 27e-3, 237e-3],
}
# milliseconds a shower on a CPU at batch 1, 100 and 10,000
TIMES = {"CaloVAE+INN": [64.1, 4.599, 3.384], "MDMA": [14.32, 19.87, 32.44], "Calo-VQ": [168.4, 26.13, 36.19],
         "DeepTree": [67.54, 38.26, 48.39], "CaloINN": [387.7, 59.71, 46.18], "conv. L2LFlows": [1969, 121.2, 89.24],
         "CaloPointFlow": [154.6, 161.1, 132.6], "CaloDREAM": [16940, 5052, 5727], "CaloDiffusion": [36500, 23320, np.nan]}
FLOOR = 1e-5  # of a distance: below it all are equal


def by_energy(run):
    found = histograms(run)
    shown = [found[n] for n in sorted(found) if n.rsplit("_E", 1)[-1].isdigit() and found[n].counts[0].sum() > 0]
    if not shown:
        raise Absent("no histograms by decade of the incident energy in the evaluation file")
    decades = len({n.rsplit("_E", 1)[-1] for n in found if n.rsplit("_E", 1)[-1].isdigit()})
    return panels(shown, max(decades, 2), 2.0)


def resolution(run):
    """Resolution and response against the incident energy, with the fit a / sqrt(E) + b + c / E."""
    result = run.results.get("evaluate", {})
    if not isinstance(result.get("resolution.reference"), dict):
        raise Absent("no resolution in evaluate.result.json")
    figure, (left, right) = page(1, 2, 3.2)
    for name, colour in (("reference", REFERENCE), ("generated", GENERATED)):
        r = result[f"resolution.{name}"]
        bins = r.get("bins", [])
        if not bins:
            continue
        E, s, e, mu = (np.array([b[k] for b in bins], float) for k in ("energy_gev", "resolution", "error", "response"))
        left.errorbar(E, s, e, fmt="o", ms=4, color=colour, lw=1)
        right.errorbar(E, mu, s * mu / np.sqrt([b["showers"] for b in bins]), fmt="o", ms=4, color=colour, lw=1, label=name)
        if number(r.get("constant")):
            a, b, c = r["stochastic_sqrt_gev"], r["constant"], r["noise_gev"]
            x = np.geomspace(E.min(), E.max(), 200)
            left.plot(x, np.sqrt(a * a / x + b * b + c * c / x ** 2), color=colour,
                      label=f"{name}: {a:.2f}/√E ⊕ {b:.3f} ⊕ {c:.2f}/E")
    for ax, text in ((left, "resolution  σ / μ"), (right, "response  μ = E_tot / E_inc")):
        ax.set_xscale("log")
        ax.set_xlabel("incident energy E [GeV]")
        ax.set_ylabel(text)
        ax.legend()
    left.set_yscale("log")
    return figure


def metrics_of(result):
    return [result.get(k, np.nan) if number(result.get(k)) else np.nan for k in METRICS]


def floor_of(result):
    """Metrics of two samples of the reference of this size, as far as this run knows them."""
    keys = ["fpd_floor", "", "", "", *(k.replace("separation.", "separation_floor.") for k in METRICS[4:])]
    return [result.get(k, np.nan) if number(result.get(k)) else np.nan for k in keys]


def distance(values, milliseconds=np.nan):
    """What the radar shows: an AUC by its distance from one half, all above FLOOR; then the time of a shower."""
    x = np.array([*values, milliseconds], float)
    x[2:4] = np.abs(x[2:4] - 0.5)
    return np.log10(np.maximum(np.abs(x), FLOOR))


def own_times(run):
    """{showers in the file: milliseconds a shower}"""
    own = {}
    for name in run.runs_of("generate"):
        r = run.results.get(name, {})
        if number(r.get("milliseconds_per_shower")) and number(r.get("showers")):
            own.setdefault(int(r["showers"]), r["milliseconds_per_shower"])
    return own


def least_time(name):
    """The published milliseconds at the best batch, on a CPU."""
    return np.nanmin(TIMES[name]) if name in TIMES else np.nan


def radar(run):
    result = run.results.get("evaluate", {})
    own = metrics_of(result)
    if not np.isfinite(own[0]):
        raise Absent("no evaluate.result.json with a key fpd")
    floor = distance(PUBLISHED["GEANT4"], min(map(least_time, TIMES)))
    far = distance(PUBLISHED["CaloVAE+INN"], max(map(least_time, TIMES)))
    low, high = np.minimum(floor, far) - 0.3, np.maximum(floor, far) + 0.3
    angle = np.linspace(0, 2 * np.pi, len(METRICS) + 1, endpoint=False)
    figure, ax = plt.subplots(figsize=(8.6, 5.6), subplot_kw={"projection": "polar"}, constrained_layout=True)
    lines = [(k, distance(v, least_time(k)), c, 1.2, "-") for (k, v), c in
             zip(PUBLISHED.items(), (INK, BLUE, GREEN, PURPLE, SKY))]
    lines.append(("two samples of this\nrun's reference", distance(floor_of(result)), GREY, 1.6, "--"))
    lines.append(("this run", distance(own, min(own_times(run).values(), default=np.nan)), GENERATED, 2.4, "-"))
    for name, x, colour, width, style in lines:
        r = np.clip((x - low) / (high - low), 0, 1.15)
        ax.plot(np.append(angle, angle[0]), np.append(r, r[0]), color=colour, lw=width, ls=style, marker=".", label=name)
    ax.set_xticks(angle, [*LABELS, "CPU time"])
    ax.set_yticks([0.25, 0.5, 0.75, 1.0], [])
    ax.set_ylim(0, 1.15)
    ax.legend(loc="center left", bbox_to_anchor=(1.12, 0.5))
    return figure


def published(run):
    own = metrics_of(run.results.get("evaluate", {}))
    if not np.isfinite(own[0]):
        raise Absent("no evaluate.result.json with a key fpd")
    rows = [("this run", *own), *((k, *v) for k, v in PUBLISHED.items())]
    return table(["", *LABELS], [[x if isinstance(x, str) or np.isfinite(x) else "not measured" for x in row] for row in rows])


def times(run):
    """Milliseconds a shower on one machine against the published ones."""
    own = own_times(run)
    if not own:
        raise Absent("no generate.result.json with a key milliseconds_per_shower")
    figure, (ax,) = page(1, 1, 3.4)
    batch = [1, 100, 10000]
    for (name, t), shade in zip(TIMES.items(), plt.cm.cividis(np.linspace(0, 0.9, len(TIMES)))):
        ax.plot(batch, t, marker=".", color=shade, lw=1, label=name)
    ax.plot(list(own), list(own.values()), "D", color=GENERATED, ms=8, label="this run")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("showers in a batch (this run: in the file)")
    ax.set_ylabel("ms a shower, CPU")
    ax.axhline(1, color=GREY, lw=0.8, ls=":")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure
