#!/usr/bin/env python3
"""binning_to_yaml.py BINNING.xml PARTICLE [--threshold MEV] [--thickness MM[,MM...]] > geometry.yaml

A geometry file from the CaloChallenge's XML: <Bin name="PARTICLE"> with <Layer id r_edges n_bin_alpha>.
Layers without rings are left out. The XML knows no depths: --thickness gives one for every layer that
stays (or one number for all); the default of 1 mm serves everything but `caloq synth`.
"""
import argparse
import sys
import xml.etree.ElementTree as tree

THRESHOLD = {"1": 1.0, "2": 0.5e-3 / 0.033}  # MeV: data set 1; data sets 2 and 3


def say(text):
    sys.exit(f"binning_to_yaml: {text}")


def layers_of(path, particle):
    """[(id, sectors, [edges])] of one particle."""
    try:
        root = tree.parse(path).getroot()
    except (OSError, tree.ParseError) as why:
        say(f"{path} cannot be read: {why}")
    bins = [b for b in root.iter("Bin") if b.get("name") == particle]
    if len(bins) != 1:
        names = sorted({b.get("name", "?") for b in root.iter("Bin")})
        say(f"{path} has {len(bins)} entries for '{particle}', expected one; it names {', '.join(names) or 'none'}")
    found = []
    for layer in bins[0].iter("Layer"):
        try:
            number, sectors = int(layer.get("id")), int(layer.get("n_bin_alpha"))
            edges = [float(x) for x in layer.get("r_edges").split(",")]
        except (AttributeError, TypeError, ValueError):
            say(f"{path}: layer {layer.get('id')} has no numbers in id, n_bin_alpha or r_edges")
        if len(edges) < 2 or sectors < 1:
            continue
        if any(b <= a for a, b in zip(edges, edges[1:])) or edges[0] < 0:
            say(f"{path}: the r_edges of layer {number} do not rise from 0")
        found.append((number, sectors, edges))
    if not found:
        say(f"{path}: no layer of '{particle}' has a ring")
    return sorted(found)


def groups_of(layers, depth):
    """Runs of equal layers with ids that follow one another: [(id, count, sectors, thickness, edges)]."""
    groups = []
    for (number, sectors, edges), thickness in zip(layers, depth):
        last = groups[-1] if groups else None
        if last and last[2:] == [sectors, thickness, edges] and number == last[0] + last[1]:
            last[1] += 1
        else:
            groups.append([number, 1, sectors, thickness, edges])
    return groups


def main():
    p = argparse.ArgumentParser(usage=__doc__.split("\n")[0])
    p.add_argument("xml")
    p.add_argument("particle")
    p.add_argument("--threshold", type=float)
    p.add_argument("--thickness", default="1")
    a = p.parse_args()
    layers = layers_of(a.xml, a.particle)
    depth = [float(x) for x in a.thickness.split(",")]
    if len(depth) not in (1, len(layers)):
        say(f"--thickness has {len(depth)} numbers for {len(layers)} layers, expected one or {len(layers)}")
    depth *= len(layers) if len(depth) == 1 else 1
    threshold = a.threshold if a.threshold is not None else THRESHOLD["2" if len(layers) == 45 else "1"]
    voxels = sum(s * (len(e) - 1) for _, s, e in layers)
    print(f"# From the CaloChallenge's binning: {a.particle}, {len(layers)} layers, {voxels} voxels.")
    print(f"name: {a.particle}\nparticle: {a.particle}\nthreshold: {threshold!r} # MeV\nlayers:")
    for number, count, sectors, thickness, edges in groups_of(layers, depth):
        print(f"  - id: {number}")
        if count > 1:
            print(f"    count: {count}")
        print(f"    alpha_bins: {sectors}\n    thickness: {thickness:g} # mm")
        print(f"    r_edges: [{', '.join(f'{x:g}' for x in edges)}] # mm")


if __name__ == "__main__":
    main()
