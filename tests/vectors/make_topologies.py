"""Write topologies.txt from a JSON file of topology facts (made with dwave-networkx's generators).

usage: make_topologies.py VECTORS.json > topologies.txt
"""
import json
import sys

facts = json.load(open(sys.argv[1]))
print("# Facts about D-Wave's graphs, made with dwave-networkx (dwave-graphs), git 043f7257.")
print("# kind size | qubits couplers least greatest number | degree:qubits ... | class sizes")
print("# | SHA-256 of 'q\\n' for every qubit | of 'u v\\n' for every coupler, u < v, sorted | of 'q class\\n', or -")
for kind in ("chimera", "pegasus_fabric", "pegasus_full", "pegasus_nice", "zephyr"):
    for size, f in facts[kind].items():
        colours = f.get("two_color") or f.get("four_color") or f.get("four_color_scheme1")
        degrees = " ".join(f"{d}:{n}" for d, n in sorted(f["degree_histogram"].items(), key=lambda x: int(x[0])))
        sizes = " ".join(map(str, colours["class_sizes"])) if colours else "-"
        print(f"{kind} {size} | {f['nodes']} {f['edges']} {f['node_min']} {f['node_max']} | {degrees} | {sizes} | "
              f"{f['node_sha256']} | {f['edge_sha256']} | {colours['sha256'] if colours else '-'}")
