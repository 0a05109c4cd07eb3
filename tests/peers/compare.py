#!/usr/bin/env python3
"""compare.py FOLDER - caloq's figures beside those of its twins, from the JSON lines that bench.sh left.

A table for people on stderr; on stdout one line of JSON: caloq's figures, the twins', and the ratios.
"""
import json
import os
import sys


def read(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return None
    with open(path) as f:
        return json.load(f)


def figures(result, name):
    return [f for f in (result or {}).get("figures", []) if f.get("name") == name]


def sweeps(folder):
    """Gibbs: caloq's best kernel of a topology against each twin, by processor time of one core."""
    own, found = figures(read(folder, "alone.json"), "gibbs"), []
    twins = read(folder, "gibbs.json")
    if "skipped" in twins:
        print(f"gibbs_torch.py: {twins['skipped']}", file=sys.stderr)
    for twin in twins["figures"]:
        rates = [(f["updates_per_ns"], f) for f in own if f["topology"] == twin["topology"]]
        if rates:
            rate, best = max(rates, key=lambda r: r[0])
            found.append({"what": "gibbs, updates/ns of a core", "topology": twin["topology"], "caloq": rate,
                          "kernel": f"{best['kernel']} {best['precision']}", "peer": twin["kernel"],
                          "peer_figure": twin["updates_per_cpu_ns"], "ratio": rate / twin["updates_per_cpu_ns"]})
    return found


def path(what, f, seconds, peer, peer_seconds):
    return {"what": f"ais 100 x 14,500 steps, {what}", "topology": f["topology"], "caloq": seconds,
            "kernel": f"{f['path']} {f['precision']}", "peer": f"numpy {peer['numpy']}", "threads": peer["threads"],
            "peer_figure": peer_seconds, "ratio": peer_seconds / seconds}


def paths(folder):
    """AIS of the 784 x 500 machine: processor time of one core; the clock on the wall for all cores,
    where NumPy may take one thread or all, whichever is faster."""
    one, all_threads, found = read(folder, "ais1.json"), read(folder, "ais2.json"), []
    same = lambda f: (f["topology"], f["chains"]) == (one["topology"], one["chains"])
    for f in filter(same, figures(read(folder, "alone.json"), "ais")):
        scale = f["steps"] / 1000
        found.append(path("s of a core", f, f["cpu_seconds_per_1000_steps"] * scale, one, one["cpu_seconds_per_1000_steps"] * scale))
    for f in filter(same, figures(read(folder, "all.json"), "ais")):
        peer = min((one, all_threads), key=lambda t: t["seconds_per_path"])
        found.append(path(f"s on {f['ranks']} cores", f, f["seconds_per_path"], peer, peer["seconds_per_path"]))
    return found


def training(folder):
    """A training step of the published model, by processor time of one core."""
    r = read(folder, "train.json")
    if r is None or "skipped" in r:
        print(f"train_torch.py: {(r or {}).get('skipped', 'not run')}", file=sys.stderr)
        return []
    return [{"what": f"training, batch {r['batch']}, showers/s of a core", "topology": "cnn-hierarchy",
             "caloq": r["caloq_showers_per_second"], "kernel": "float32", "peer": f"pytorch {r['pytorch']}",
             "peer_figure": r["pytorch_showers_per_second"], "ratio": r["ratio"]}]


def main(folder):
    ratios = sweeps(folder) + paths(folder) + training(folder)
    for r in ratios:
        print(f"{r['what']:<38} {r['topology']:<16} caloq {r['kernel']:<16} {r['caloq']:8.4g}   "
              f"{r['peer']:<14} {r['peer_figure']:8.4g}   {r['ratio']:5.1f} times", file=sys.stderr)
    own = read(folder, "alone.json")
    own["all_cores"] = (read(folder, "all.json") or {}).get("figures", [])
    own["peers"] = ratios
    print(json.dumps(own))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
