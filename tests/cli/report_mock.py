"""A run folder as caloq leaves it, with invented numbers: report_mock.py FOLDER."""
import json
import os
import sys

import h5py
import numpy as np

LAYERS, SECTORS, RINGS, N = 45, 16, 9, 400
SIZES = [57, 64, 64, 64]
rng = np.random.default_rng(7)
folder = sys.argv[1]
os.makedirs(folder)


def at(name):
    return os.path.join(folder, name)


def write(name, datasets, attributes=()):
    with h5py.File(at(name), "w") as f:
        for path, x in datasets.items():
            f[path] = x
        for path, key, v in attributes:
            f[path].attrs[key] = v


# --- showers: a gamma profile along the axis, exponential across, Poisson hits -------------------
def showers(stretch):
    energy = np.exp(rng.uniform(np.log(1e3), np.log(1e6), N))
    z = np.arange(LAYERS) + 0.5
    a = 2.5 + 0.5 * np.log(energy / 1e3) * stretch + 0.2 * rng.standard_normal(N)
    along = z ** a[:, None] * np.exp(-0.45 * z)
    along /= along.sum(1, keepdims=True)
    r = np.arange(RINGS) + 0.5
    across = r * np.exp(-r / (0.7 + 0.03 * z[:, None]))
    across /= across.sum(1, keepdims=True)
    mean = (energy * 0.78)[:, None, None, None] * along[:, :, None, None] * np.repeat(across[None, :, None, :], SECTORS, 2) / SECTORS
    return energy, rng.poisson(mean / 4) * rng.gamma(4, 1, mean.shape) * stretch


samples = {"reference": showers(1.0), "generated": showers(1.03)}
for which, (energy, x) in samples.items():
    write(f"{which}.h5", {"incident_energies": energy[:, None], "showers": x.reshape(N, -1).astype("f4")})


# --- evaluate.h5 -----------------------------------------------------------------------------------
def observables(energy, x):
    alpha = -np.pi + (np.arange(SECTORS) + 0.5) * 2 * np.pi / SECTORS
    r = 4.65 * (np.arange(RINGS) + 0.5)
    place = {"eta": np.cos(alpha)[:, None] * r, "phi": np.sin(alpha)[:, None] * r, "r": np.ones((SECTORS, 1)) * r}
    layer = x.sum((2, 3))
    out = {"E_tot_over_E_inc": layer.sum(1) / energy, "voxel_energy": x.reshape(-1), "E_layer": layer,
           "sparsity_layer": (x == 0).mean((2, 3))}
    for k, p in place.items():
        centre = (x * p).sum((2, 3)) / (layer + 1e-16)
        out[f"EC_{k}_layer"] = centre
        out[f"width_{k}_layer"] = np.sqrt(np.maximum((x * p * p).sum((2, 3)) / (layer + 1e-16) - centre ** 2, 0))
    return out


EDGES = {"E_tot_over_E_inc": np.linspace(0.5, 1.5, 101), "voxel_energy": np.geomspace(0.015, 3e4, 50),
         "E_layer": np.geomspace(0.015, 1e5, 40), "sparsity_layer": np.linspace(0, 1, 21),
         "EC_r_layer": np.linspace(0, 42, 101), "width_r_layer": np.linspace(0, 20, 101)}
UNITS = {"E_tot_over_E_inc": "1", "voxel_energy": "MeV", "E_layer": "MeV", "sparsity_layer": "1"}
seen = {which: observables(*s) for which, s in samples.items()}
datasets, attributes = {}, []
for kind, x in seen["reference"].items():
    y = seen["generated"][kind]
    edges = EDGES.get(kind, np.linspace(-30, 30, 101) if kind.startswith("EC") else np.linspace(0, 30, 101))
    per_layer = x.ndim == 2
    for i in range(LAYERS if per_layer else 1):
        p, q = (np.histogram(v[:, i] if per_layer else v, edges)[0] for v in (x, y))
        name = "histograms/" + (f"{kind}_{i}" if per_layer else kind)
        a, b = p / max(p.sum(), 1), q / max(q.sum(), 1)
        datasets.update({name + "/edges": edges, name + "/reference": p, name + "/generated": q})
        units = UNITS.get(kind, "mm")
        attributes += [(name, "title", kind.replace("_", " ") + (f" {i}" if per_layer else "")),
                       (name, "xlabel", kind.replace("_layer", "") + ("" if units == "1" else f" [{units}]")),
                       (name, "units", units), (name, "separation", 0.5 * ((a - b) ** 2 / (a + b + 1e-16)).sum()),
                       (name, "floor", ((p + q > 0).sum() - 1) / (2.0 * N)),
                       (name, "logarithmic", int(kind in ("voxel_energy", "E_layer")))]
decades = np.array([1e3, 1e4, 1e5, 1e6])
for d in 3, 4, 5:  # quantities of the whole shower by decade
    for kind, edges, of in (("hits", np.linspace(0, 6480, 101), lambda x: (x > 0).sum((1, 2, 3))),
                            ("depth", np.linspace(0, 44, 101), lambda x: (x.sum((2, 3)) * np.arange(45)).sum(1) / x.sum((1, 2, 3)))):
        p, q = (np.histogram(of(x[(E >= 10 ** d) & (E < 10 ** (d + 1))]), edges)[0] for E, x in samples.values())
        name = f"histograms/{kind}_E{d}"
        datasets.update({name + "/edges": edges, name + "/reference": p, name + "/generated": q})
        attributes += [(name, "title", f"{kind}, 10^{d} to 10^{d + 1} MeV"), (name, "separation", 0.1)]
datasets.update({"profiles/energy_edges": decades, "profiles/depth": 3.4 * (np.arange(LAYERS) + 0.5),
                 "profiles/radius": 4.65 * (np.arange(RINGS) + 0.5)})
for which, (energy, x) in samples.items():
    inside = [(energy >= lo) & (energy < hi) for lo, hi in zip(decades[:-1], decades[1:])]
    mean = np.array([x[k].mean(0).sum(1) for k in inside])
    datasets.update({f"profiles/showers_{which}": np.array([k.sum() for k in inside]),
                     f"profiles/mean_shower_{which}": mean, f"profiles/longitudinal_{which}": mean.sum(2),
                     f"profiles/longitudinal_std_{which}": 0.3 * mean.sum(2), f"profiles/radial_{which}": mean.sum(1)})
write("evaluate.h5", datasets, attributes)

# --- latent bits, the machine, ln Z ----------------------------------------------------------------
total = sum(SIZES)
ends = np.cumsum([0] + SIZES)
mix = rng.standard_normal((6, total)) * 0.9
bias = rng.standard_normal(total)


def bits(which, n, shift):
    energy = np.exp(rng.uniform(np.log(1e3), np.log(1e6), n))
    field = rng.standard_normal((n, 6)) @ mix + bias + shift * rng.standard_normal(total)
    states = (rng.random((n, total)) < 1 / (1 + np.exp(-field))).astype("u1")
    write(which, {"states": states, "incident_energies": energy[:, None],
                  "energies": -120 - 6 * np.log(energy / 1e3) + (6 + shift) * rng.standard_normal(n)})


bits("encode.h5", 1500, 0.0)
bits("latents.h5", 1500, 0.1)
weights = {f"rbm/weight_{a}{b}": 0.05 * rng.standard_normal((SIZES[a], SIZES[b])).astype("f4")
           + np.outer(mix[0, ends[a]:ends[a + 1]], mix[0, ends[b]:ends[b + 1]]).astype("f4") * 0.05
           for a in range(4) for b in range(a + 1, 4)}
write("checkpoint-10.h5", {"rbm/partition_sizes": np.array(SIZES, "i4"), "rbm/bias": bias.astype("f4"), **weights})
energies = np.array([1e3, 1e4, 1e5, 1e6])
truth = np.array([161.0, 170.2, 181.7, 195.3])
beta = np.linspace(0, 1, 101)


def annealed(sign):
    """Log-weights [4, 256] and the path's points [4 tiles, 4, 101, 6] of 100 steps with variance 0.0064."""
    at = beta[:-1] if sign > 0 else beta[:0:-1]
    slope = (truth[:, None, None] - 150) * (0.5 + at) - sign * 0.32 + 8 * rng.standard_normal((4, 256, 100))
    d = sign * 0.01 * slope
    w = np.cumsum(np.concatenate([np.zeros((4, 256, 1)), d], 2), 2)
    slope = np.concatenate([slope, slope[:, :, -1:]], 2).reshape(4, 4, 64, 101)
    step = np.concatenate([d, np.zeros((4, 256, 1))], 2).reshape(4, 4, 64, 101)
    arrived = w.reshape(4, 4, 64, 101)
    point = np.stack([np.log(np.exp(step).sum(2)), slope.mean(2), slope.var(2) * 64, 0 * slope.mean(2),
                      np.log(np.exp(arrived).sum(2)), np.log(np.exp(2 * arrived).sum(2))], -1)
    return w[:, :, -1], point.transpose(1, 0, 2, 3).reshape(16, -1)


(up, up_point), (down, down_point) = annealed(1), annealed(-1)
write("logz.h5", {"log_weights": np.concatenate([up.ravel(), down.ravel()]), "log_z0": np.full(4, 150.0),
                  "condition": np.tile(np.repeat(np.arange(4), 256), 2), "direction": np.repeat([0, 1], 1024),
                  "chain": np.tile(np.arange(256), 8), "conditions": energies, "betas": beta, "up/point": up_point,
                  "down/point": down_point})
small = 20 + 0.3 * rng.standard_normal(100) - 0.045
write("logz-small.h5", {"log_weights": small, "log_z0": np.zeros(1), "chain": np.arange(100),
                        "condition": np.zeros(100, int), "direction": np.zeros(100, int)})

# --- metrics, results, configs ---------------------------------------------------------------------
with open(at("metrics.jsonl"), "w", encoding="utf-8") as f:
    for step in range(20, 2001, 20):
        phase = "ae" if step <= 600 else "vae"
        fall = np.exp(-step / 500)
        line = {"step": step, "epoch": 1 + step // 200, "time": 0.05 * step, "phase": phase, "ae": 40 + 300 * fall,
                "hit": 900 + 2500 * fall, "entropy": -100 - 30 * (1 - fall)}
        if phase == "vae":
            line.update(positive=-120 - 40 * (1 - fall), negative=115 + 45 * (1 - fall))
        line = {k: v * (1 + 0.02 * rng.standard_normal()) if isinstance(v, float) and k != "time" else v
                for k, v in line.items()}
        line["loss"] = sum(line.get(k, 0) for k in ("ae", "hit", "entropy", "positive", "negative"))
        course = dict(line, beta=1 + 7 * step / 2000, learning_rate=1e-3 * (0.5 + 0.5 * np.cos(np.pi * step / 2000)),
                      gradient_norm=50 * (0.2 + fall) * rng.gamma(9) / 9,
                      showers_per_second=2300 + 60 * rng.standard_normal())
        if phase == "vae":
            course.update(energy_data=line["positive"], energy_chains=-line["negative"], rbm_gradient_norm=3 * fall,
                          lnz_trajectory=180 - 10 * fall)
        f.write(json.dumps(course) + "\n")
        if step % 200 == 0:
            f.write(json.dumps(dict(line, phase="validation", ae=line["ae"] * 1.05, hit=line["hit"] * 1.03)) + "\n")
    f.write('{"step": 2020, "epo')  # a run under way

RESULTS = {
    "train": {"command": "train", "epoch": 10, "best_epoch": 9, "loss": 812.5, "showers_per_second": 2312.0},
    "generate": {"command": "generate", "showers": N, "showers_per_second": 5120.0, "milliseconds_per_shower": 0.2},
    "logz": {"command": "logz", "target": "conditional", "logz": 177.05, "error": 0.03, "lower": 176.98,
             "upper": 177.2, "verdict": "bracketed within 0.22 nats", "ess": 130.0,
             "conditions": [{"energy": e, "logz": z} for e, z in zip(energies, truth)]},
    "logz-small": {"command": "logz", "target": "joint", "logz": 20.01, "error": 0.03, "conditions": [{"exact": 20.02}]},
    "evaluate": {"command": "evaluate", "fpd": 0.412, "fpd_error": 0.006, "kpd": 0.0021, "fpd_floor": 0.088,
                 "fpd_floor_error": 0.002, "fpd_independent": 3.71, "fpd_independent_error": 0.04,
                 "separation.response": 0.03, "auc_high": 0.93, "separation.layer_energy": 0.01,
                 **{f"resolution.{s}": {"stochastic_sqrt_gev": a, "constant": 0.01, "noise_gev": 0.1, "bins": [
                     {"showers": 200, "energy_gev": e, "response": 0.75 + 0.02 * np.log10(e),
                      "resolution": float(np.hypot(a / e ** 0.5, 0.01)), "error": 0.05 * a / e ** 0.5}
                     for e in (1.5, 5, 15, 50, 150, 500)]} for s, a in (("reference", 0.3), ("generated", 0.35))}},
    "evaluate-coins": {"command": "evaluate", "fpd": 7.02, "fpd_error": 0.08},
    "evaluate-uncoupled": {"command": "evaluate", "fpd": 1.93, "fpd_error": 0.02},
}
for steps in (100, 1000):  # how the bracket closes, and along the training
    for chains in (64, 256):
        error = 30 / np.sqrt(steps * chains)
        one = {"ais": 20 - 100 / steps, "rais": 20 + 100 / steps, "ais_error": error, "rais_error": error}
        RESULTS[f"bracket-{chains}-{steps}"] = {
            "command": "logz", "betas": steps, "chains": chains, "gap": 200 / steps, "gap_error": 1.4 * error, "exact": 20.0,
            "verdict": "bracketed within 0.3 nats" if steps > 100 else "not converged: ESS 4 of 64", "conditions": [one]}
for epoch in (1, 5, 10):
    one = {"ais": 170 + epoch, "rais": 170.3 + epoch, "ais_error": 0.1, "rais_error": 0.1}
    RESULTS[f"logz-epoch-{epoch}"] = {"command": "logz", "logz": 170.0 + epoch, "log_likelihood": -40.0 + 2 * epoch,
                                      "log_likelihood_error": 0.1, "conditions": [one, one]}
spread = [{"showers": N, "mean": 0.0, "std": 0.3, "q05": -0.4, "q16": -0.2, "median": 0.01, "q84": 0.2,
           "q95": 0.5 + 0.01 * i} for i in range(LAYERS)]
RESULTS["evaluate-reconstructed"] = {"command": "evaluate", "fpd": 0.2, "fpd_error": 0.01,
                                     "paired": {"total": {"mean": 0.004, "std": 0.05}, "layers": dict(enumerate(spread)),
                                                "error_law": {"constant": {"factor": 0.5, "rms": 1.5}, "linear": {"factor": 0.1, "rms": 1.3},
                                                              "sqrt": {"factor": 0.2, "rms": 1.1},
                                                              "power": {"factor": 0.2, "rms": 1.1, "delta": 0.52, "delta_error": 0.02}}}}
true = rng.uniform(10, 1000, 300) * 1e3
write("evaluate-reconstructed.h5", {"paired/incident": true / 0.8, "paired/reference": true,
                                    "paired/generated": true * rng.normal(1, 0.1, 300)})
for name, heat in ("once", 0.0), ("single", 0.6):  # an annealer
    windows = [{"time_us": 1e6 * (t + 1), "programmings": 3 * t, "reads": 200, "scale": 8.5, "beta": 8.5 - heat + 0.1 * rng.standard_normal(),
                "beta_error": 0.1, "energy_mean": -30.0} for t in range(8)]
    RESULTS[f"anneal-{name}"] = {"command": "anneal", "reads": 1600, "scale": 8.5, "solver": "invented", "protocol": {
        "name": name, "programmings": 24, "windows": windows, "beta_mean": 8.5 - heat, "beta_mean_error": 0.04}}
RESULTS["anneal-once"]["estimators"] = {"mpl": {"beta": 8.4, "error": 0.05, "converged": True}, "method1": {
    "beta": 16.0, "error": None, "converged": False, "why": "its step is too long"}}
with h5py.File(at("latents.h5")) as f:
    E, given = f["energies"][:], f["incident_energies"][:]
write("anneal.h5", {"energies": 1.1 * E, "log_weights": 0.1 * E - 0.1 * E.mean(), "incident_energies": 10 ** np.round(np.log10(given))})
for name, result in RESULTS.items():
    with open(at(name + ".result.json"), "w", encoding="utf-8") as f:
        f.write(json.dumps(result) + "\n")
CONFIGS = {"train": "run:\n  dir: runs/mock # folder\n  seed: 1 # every number\n\ntraining:\n  epochs: 10 # passes\n",
           "evaluate": "run:\n  dir: runs/mock\n  seed: 2\n\nevaluate:\n  generated: \"generated.h5\" # file\n"
                       "  reference: [reference.h5]\n",
           "encode": "encode:\n  output: encode.h5\n", "generate": "generate:\n  states: latents.h5\n"}
for name, text in CONFIGS.items():
    with open(at(name + ".config.yaml"), "w", encoding="utf-8") as f:
        f.write(text)
