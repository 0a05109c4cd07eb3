#!/usr/bin/env python3
"""torch_check.py [--once] FILE... - are a model's outputs, losses and gradients those of PyTorch?

FILE is what build/tests/peers/gradients wrote: the weights as in a checkpoint, six showers, all random
numbers, and what caloq made of them. The networks are built anew from the architecture's text
(torch_graph.py), losses from the definitions in include/vae/loss.h, in double precision. Everything
must agree to 1e-4 of the largest number beside it, gradients through the smooth mask to 1e-3. The
exit status is the verdict; one line a file. --once: one way to train instead of all three.
"""
import math
import sys

import h5py
import torch
import torch.nn.functional as F
import yaml

import torch_graph

# caloq's float sums over some 10^4 numbers are good to a few 1e-6 of their terms; the smooth mask is a
# sigmoid of 60 h, so that it makes 60 times as much of the rounding of h where a hit is undecided
TOLERANCE, STEEP = 1e-4, 1e-3
TERMS = ["ae", "hit", "entropy", "positive", "negative", "spread", "logit", "layer"]
DOUBLE = torch.float64


class Model:
    def __init__(self, file):
        text = lambda name: file[name][()].tobytes().decode()
        self.tree = yaml.load(text("architecture"), yaml.BaseLoader)
        self.geometry = yaml.load(text("geometry"), yaml.BaseLoader)
        self.parameters = {}
        file["model"].visititems(self.take)
        rbm = file["rbm"]
        self.nodes = [int(n) for n in rbm["partition_sizes"]]
        self.first = [sum(self.nodes[:k]) for k in range(len(self.nodes) + 1)]
        n = self.first[-1]
        self.bias = torch.tensor(rbm["bias"][()], dtype=DOUBLE)
        self.couplings = torch.zeros(n, n, dtype=DOUBLE)
        if "edges" in rbm:
            for (i, j), w in zip(rbm["edges"][()], rbm["weight"][()]):
                self.couplings[i, j] = float(w)
        for a in range(len(self.nodes)):
            for b in range(a + 1, len(self.nodes)):
                if f"weight_{a}{b}" in rbm:
                    block = torch.tensor(rbm[f"weight_{a}{b}"][()], dtype=DOUBLE)
                    self.couplings[self.first[a] : self.first[a + 1], self.first[b] : self.first[b + 1]] = block
        self.ranges = file["condition/ranges"][()] if "condition" in file else []
        self.voxels = file["batch/u"].shape[1]
        self.width = float(self.tree.get("width", 1))
        self.levels = int(self.tree.get("levels", len(self.nodes) - 1))

    def take(self, name, node):
        if isinstance(node, h5py.Dataset):
            self.parameters[name] = torch.tensor(node[()], dtype=DOUBLE)

    def energy(self, z):
        return -(z @ self.bias) - ((z @ self.couplings) * z).sum(1)

    def sizes(self, bits, logits=None):
        s = {"voxels": self.voxels, "bits": bits, "partitions": len(self.nodes)}
        s.update({f"p{k}": n for k, n in enumerate(self.nodes)})
        return s if logits is None else {**s, "logits": logits}

    def inputs(self, batch):
        """What both networks read beside showers and bits."""
        e = self.tree.get("energy", {})
        low, high, scale = (float(e.get(k, d)) for k, d in (("low", 6), ("high", 14), ("scale", 1)))
        t = (torch.log(torch.tensor(batch["energy"][()])) - low) / (high - low) * scale
        t = t.reshape(-1, 1)
        return {"energy": t, "conditions": torch.cat([t, *self.others(batch)], 1)}

    def others(self, batch):
        """Each number of the condition beside the energy, 0 to 1 within its range."""
        for k, (low, high, log) in enumerate(self.ranges):
            x = torch.tensor(batch["other"][:, k : k + 1])
            yield torch.log(x / low) / math.log(high / low) if log else (x - low) / (high - low)

    def forward(self, batch, how):
        """Values of the decoder, logits, bits, moving averages; how: an HDF5 group's attributes, or
        None for an evaluation."""
        get = lambda name: torch.tensor(batch[name][()], dtype=DOUBLE)
        u, noise, moved = get("u"), get("noise"), {}
        z, logits, blocks = get("code")[:, : self.nodes[0]], [], self.tree.get("blocks")
        known, extra = self.nodes[0], self.inputs(batch)
        for l in range(self.levels):
            count = self.nodes[l + 1] if l + 1 < self.levels else self.first[-1] - z.shape[1]
            at = z.shape[1] - known
            values, new = torch_graph.run(self.tree["encoder"], {"showers": u, **extra, "bits": z}, self.parameters,
                                          self.sizes(z.shape[1], count), f"encoder/{l}", blocks, how is not None, self.width)
            moved.update(new)
            logit = values["logits"].reshape(len(u), -1).clamp(-88, 88)
            heard = logit + noise[:, at : at + count]
            bit = (heard > 0).to(DOUBLE)
            if how is None:
                drawn = bit
            else:
                drawn = torch.sigmoid(how["beta"] * heard)
                if how["straight"]:
                    drawn = drawn + (bit - drawn).detach()
            logits.append(logit)
            z = torch.cat([z, drawn], 1)
        values, new = torch_graph.run(self.tree["decoder"], {"bits": z, **extra}, self.parameters,
                                      self.sizes(z.shape[1]), "decoder", blocks, how is not None, self.width)
        moved.update(new)
        return values, torch.cat(logits, 1), z, moved


def losses(model, batch, how, values, logit, z):
    """Sums over the showers, by the definitions of include/vae/loss.h."""
    u = torch.tensor(batch["u"][()], dtype=DOUBLE)
    h, a = (values[k].reshape(u.shape) for k in ("hits", "activations"))
    on = (u > 0).to(DOUBLE)
    v = F.leaky_relu(a, float(how["slope"]))
    mask = on if how["mask"] else torch.sigmoid(60 * (h + torch.tensor(batch["hit_noise"][()], dtype=DOUBLE)))
    free = z[:, model.nodes[0] :]
    q = torch.sigmoid(logit) if how["exact_entropy"] else free
    out = dict.fromkeys(TERMS, torch.zeros((), dtype=DOUBLE))
    out["ae"] = (how["c"] * torch.exp(how["w"] * u) * (u - v * mask) ** 2).sum()
    out["hit"] = F.binary_cross_entropy_with_logits(h, on, reduction="sum")
    out["entropy"] = (q * logit - F.softplus(logit)).sum()
    out["positive"] = model.energy(z).sum()
    if "spread" in values:
        s = values["spread"].reshape(u.shape).clamp(-8, 2)
        r = (torch.expm1(u) / torch.expm1(a.detach().clamp(min=0.1))).clamp(max=8)
        out["spread"] = (0.5 * on * ((r - 1) ** 2 * torch.exp(-s) + s)).sum()
    if how["weights"][TERMS.index("logit")] > 0:
        means = torch.cat([z[:, : model.nodes[0]], torch.sigmoid(logit)], 1).detach()
        field = model.bias + means @ (model.couplings + model.couplings.T)
        out["logit"] = ((logit - field[:, model.nodes[0] :]) ** 2).mean(1).sum()
    if how["weights"][TERMS.index("layer")] > 0:
        cut = [(len(y["r_edges"]) - 1) * int(y["alpha_bins"]) for y in model.geometry["layers"] for _ in range(int(y.get("count", 1)))]
        layers = lambda x: torch.stack([part.sum(1) for part in (torch.expm1(x) * on).split(cut, 1)], 1)
        out["layer"] = ((torch.log1p(layers(u)) - torch.log1p(layers(a.clamp(0, 20)))) ** 2).sum()
    return out


class Verdict:
    def __init__(self):
        self.worst, self.where, self.count = 0.0, "", 0  # differences in units of their tolerance

    def near(self, name, got, want, scale=None, tolerance=TOLERANCE):
        got, want = (torch.as_tensor(x, dtype=DOUBLE).detach().reshape(-1) for x in (got, want))
        scale = max(float(want.abs().max()) if scale is None else scale, 1e-6)
        off = float((got - want).abs().max()) / scale / tolerance
        self.count += 1
        if not off <= self.worst:
            self.worst, self.where = (math.inf if math.isnan(off) else off), name


def check_outputs(verdict, group, case, values, logit, z):
    verdict.near(f"{case}: logits", group["logits"][()], logit)
    verdict.near(f"{case}: bits", group["z"][()], z)
    for name in ("hits", "activations", "spread"):
        if name in group:
            verdict.near(f"{case}: {name}", group[name][()], values[name])


def check_case(verdict, model, file, case):
    group, batch = file[case], file["batch"]
    how = {**dict(group.attrs), "weights": group["weights"][()]}
    learn = []
    group["gradient"].visititems(lambda n, x: learn.append(n) if isinstance(x, h5py.Dataset) else None)
    for name in learn:
        model.parameters[name].requires_grad_(True)
    values, logit, z, moved = model.forward(batch, how)
    check_outputs(verdict, group, case, values, logit, z)
    sums = losses(model, batch, how, values, logit, z)
    for i, name in enumerate(TERMS):
        verdict.near(f"{case}: loss {name}", group["losses"][i], sums[name])
    total = sum(float(how["weights"][i]) * sums[name] for i, name in enumerate(TERMS))
    made = torch.autograd.grad(total, [model.parameters[n] for n in learn])
    # of a bias before a batch norm the gradient is 0, and rounding of its layer's: one scale a layer; of
    # a layer whose terms cancel it is rounding of its network's
    largest = {}
    for name, g in zip(learn, made):
        net = name.split("/", 1)[0]
        largest[net] = max(largest.get(net, 0.0), float(g.abs().max()))
    scale = {name.rsplit("/", 1)[0]: 0.05 * largest[name.split("/", 1)[0]] for name in learn}
    for name, g in zip(learn, made):
        layer = name.rsplit("/", 1)[0]
        scale[layer] = max(scale[layer], float(g.abs().max()))
    for name, g in zip(learn, made):
        verdict.near(f"{case}: gradient of {name}", group["gradient"][name][()], g, scale[name.rsplit("/", 1)[0]],
                     TOLERANCE if how["mask"] else STEEP)
    for name, x in moved.items():
        verdict.near(f"{case}: moving average {name}", group["moved"][name][()], x)


def draws(tree):
    """Does a layer draw random numbers in training? They are caloq's own: evaluation alone is compared."""
    lists = [tree["encoder"], tree["decoder"], *(tree.get("blocks") or {}).values()]
    return any(entry.get("kind") in ("dropout", "noise") for entries in lists for entry in entries)


def check(path, cases):
    verdict = Verdict()
    with h5py.File(path) as file:
        model = Model(file)
        values, logit, z, _ = model.forward(file["batch"], None)
        check_outputs(verdict, file["evaluate"], "evaluate", values, logit, z)
        for case in [] if draws(model.tree) else cases:
            check_case(verdict, model, file, case)
    print(f"{path}: {verdict.count} comparisons, the worst is {verdict.worst:.3f} of its tolerance ({verdict.where})")
    return verdict.worst <= 1.0


if __name__ == "__main__":
    torch.set_num_threads(1)
    once = sys.argv[1:2] == ["--once"]
    cases = ["case0"] if once else ["case0", "case1", "case2"]
    sys.exit(0 if all([check(path, cases) for path in sys.argv[1 + once :]]) else 1)
