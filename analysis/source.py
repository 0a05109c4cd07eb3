"""What a run folder holds. Reads only what the program writes; says in words what is not there."""
import functools
import glob
import json
import os
import re

import h5py
import numpy as np


class Absent(Exception):
    """The data of a figure are not there; the text says which."""


class Run:
    def __init__(self, folder):
        if not os.path.isdir(folder):
            raise SystemExit(f"report: {folder}: no such run folder")
        self.folder = folder
        self.results = {name: content for name, content in self._named("result.json", json.loads)}
        self.configs = {name: content for name, content in self._named("config.yaml", config)}
        self.metrics = self._metrics()

    def _named(self, ending, parse):
        for path in sorted(glob.glob(os.path.join(self.folder, "*." + ending))):
            with open(path, encoding="utf-8") as f:
                try:
                    yield os.path.basename(path)[:-len(ending) - 1], parse(f.read())
                except ValueError as why:
                    print(f"report: {path} left out: {why}")

    def _metrics(self):
        """{phase: {key: array}}; a figure that a line does not have is NaN there."""
        lines = {}
        path = os.path.join(self.folder, "metrics.jsonl")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                for text in f:
                    try:
                        line = json.loads(text)
                    except ValueError:
                        continue  # half a last line of a run under way
                    lines.setdefault(line.get("phase", "?"), []).append(line)
        return {phase: columns(some) for phase, some in lines.items()}

    def runs_of(self, command):
        """The names of this command's runs: its own, then name by name; chains of the model first."""
        names = [n for n in self.configs if n == command or n.startswith(command + "-")]
        return sorted(names, key=lambda n: (n != command, self.configs[n].get("generate.prior") != "rbm",
                                            self.configs[n].get("generate.latents", "") != "", n))

    def key(self, name):
        """A config key as its section's command used it, or None."""
        for run in self.runs_of(name.split(".")[0]):
            if self.configs[run].get(name) not in (None, "", []):
                return self.configs[run][name]
        return None

    def find(self, *paths):
        """The first of the paths that is a file: as it stands, from the run folder, or in it."""
        tried = [p for p in paths if isinstance(p, str) and p]
        for path in tried:
            for place in (path, os.path.join(self.folder, path),
                          os.path.join(self.folder, os.path.basename(path))):
                if os.path.isfile(place):
                    return place
        raise Absent("no file " + " or ".join(dict.fromkeys(tried)))

    def read(self, *paths):
        """{dataset: array, dataset@attribute: value} of the first file that is there."""
        return everything(self.find(*paths))

    def bits(self, which):
        """The Bits file of encoded data or of generated chains."""
        if which == "data":
            return self.read(self.key("encode.output"), "encode.h5", "encoded.h5")
        return self.read(self.key("generate.states"), "latents.h5", "states.h5", "generate.h5")

    def showers(self, which, rows=None):
        """(incident energies [N] MeV, showers [N, V] MeV) of `reference` or `generated`."""
        preset = {"generated": "generated.h5", "reference": "reference.h5"}[which]
        path = self.find(first(self.key("evaluate." + which)), preset)
        with h5py.File(path, "r") as f:
            for name in ("incident_energies", "showers"):
                if name not in f:
                    raise Absent(f"no /{name} in {path}")
            energy = f["incident_energies"][:].reshape(-1)
            if rows is None:
                return energy, None
            rows = np.unique(rows)
            return energy[rows], f["showers"][rows]

    @functools.lru_cache(maxsize=1)
    def evaluation(self):
        return self.read(self.key("evaluate.output"), "evaluate.h5")

    def checkpoint(self):
        paths = glob.glob(os.path.join(self.folder, "checkpoint-*.h5"))
        paths.sort(key=lambda p: int(re.search(r"(\d+)\.h5$", p).group(1)))
        return self.find(os.path.join(self.folder, "best.h5"), *paths[::-1])


def first(x):
    return x[0] if isinstance(x, list) and x else x


def columns(lines):
    keys = dict.fromkeys(k for line in lines for k, v in line.items() if number(v))
    return {k: np.array([line[k] if number(line.get(k)) else np.nan for line in lines], float)
            for k in keys}


def number(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def everything(path, below="/"):
    found = {}
    try:
        with h5py.File(path, "r") as f:
            if below not in f:
                raise Absent(f"no {below} in {path}")

            def visit(name, item):
                if isinstance(item, h5py.Dataset):
                    found[name] = item[()]
                for k, v in item.attrs.items():
                    found[f"{name}@{k}"] = v.decode() if isinstance(v, bytes) else v
            visit("", f[below])
            f[below].visititems(visit)
    except OSError as why:
        raise Absent(f"{path} cannot be read ({why})") from why
    return found


def config(text):
    """{section.key: value} of a config file as the program writes it back: two levels, one line a
    key, comments behind. Lists of mappings stay text."""
    keys, section = {}, ""
    for line in text.splitlines():
        top = re.match(r"([A-Za-z_]\w*):\s*(#.*)?$", line)
        inner = re.match(r"  ([A-Za-z_]\w*):\s+(.*?)\s*(?:\s#.*)?$", line)
        if top:
            section = top.group(1)
        elif inner:
            keys[f"{section}.{inner.group(1)}"] = value(inner.group(2))
    return keys


def value(text):
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        inside = text[1:-1].strip()
        return [value(x) for x in inside.split(",")] if inside and "{" not in inside else []
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {"true": True, "false": False}.get(text, text)
