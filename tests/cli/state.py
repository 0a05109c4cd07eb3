"""Looks at files of caloq export and import, for state.sh."""
import shutil
import sys

import h5py
import numpy as np


def datasets(f):
    found = {}
    f.visititems(lambda n, x: found.__setitem__(n, x) if isinstance(x, h5py.Dataset) else None)
    return found


# What the modules would be in PyTorch, and which of our tensors is which: written down by hand.
def expected():
    pairs = {}
    for level in (0, 1):
        for seq, block in (("seq1", 5), ("seq2", 6)):
            own, module = f"encoder/{level}/{block}", f"encoder/_networks.{level}.{seq}"
            pairs[f"{module}.0.conv.weight"] = f"{own}/0/weight"
            pairs[f"{module}.0.conv.bias"] = f"{own}/0/bias"
            for theirs, ours in zip(("weight", "bias", "running_mean", "running_var"), ("gain", "shift", "mean", "variance")):
                pairs[f"{module}.1.{theirs}"] = f"{own}/1/{ours}"
            pairs[f"{module}.2.weight"] = f"{own}/2/slope"
    pairs["decoder/front.weight"], pairs["decoder/front.bias"] = "decoder/0/weight", "decoder/0/bias"
    pairs["decoder/front_norm.weight"], pairs["decoder/front_norm.bias"] = "decoder/2/gain", "decoder/2/shift"
    pairs["decoder/_layers.1.conv.weight"], pairs["decoder/_layers.1.conv.bias"] = "decoder/3/weight", "decoder/3/bias"
    pairs["decoder/_layers.2.to_qkv.weight"] = "decoder/4/qkv"
    pairs["decoder/_layers.2.to_out.0.weight"], pairs["decoder/_layers.2.to_out.0.bias"] = "decoder/4/out", "decoder/4/bias"
    pairs["decoder/_layers.2.to_out.1.weight"], pairs["decoder/_layers.2.to_out.1.bias"] = "decoder/5/gain", "decoder/5/shift"
    return pairs


def compare(model, state):
    with h5py.File(model) as f, h5py.File(state) as g:
        ours, theirs, pairs = datasets(f["model"]), datasets(g), expected()
        for there, here in pairs.items():
            x, y = ours.pop(here)[()], theirs.pop(there)[()]
            if x.ndim == 5:
                x = np.moveaxis(x, 4, 1)  # channels follow the first axis
            assert x.shape == y.shape and (x == y).all() and y.dtype == np.float32, there
        for name, x in ours.items():  # without a published name: as it is
            y = theirs.pop(name)[()]
            x = np.moveaxis(x[()], 4, 1) if x.ndim == 5 else x[()]
            assert (x == y).all(), name
        counters = [n for n in theirs if n.endswith("num_batches_tracked")]
        assert len(counters) == 4, counters
        sizes, bias = f["rbm/partition_sizes"][()], f["rbm/bias"][()]
        first = np.concatenate([[0], np.cumsum(sizes)])
        for k in range(len(sizes)):
            assert (theirs.pop(f"prior/_bias_dict.{k}")[()] == bias[first[k]:first[k + 1]]).all()
            for j in range(k + 1, len(sizes)):
                assert (theirs.pop(f"prior/_weight_dict.{k}{j}")[()] == f[f"rbm/weight_{k}{j}"][()]).all()
                assert (theirs.pop(f"prior/_weight_mask_dict.{k}{j}")[()] == 1).all()
        assert sorted(theirs) == sorted(counters), sorted(theirs)
        assert f["model/encoder/0/5/0/weight"].shape == (4, 2, 3, 2, 1)


def equal(a, b):
    """The same model, showers or state; what belongs to training apart."""
    with h5py.File(a) as f, h5py.File(b) as g:
        x, y = datasets(f), datasets(g)
        if "architecture" in x:
            keep = lambda d: {n: v for n, v in d.items() if n.split("/")[0] in ("model", "rbm", "architecture", "geometry")}
            x, y = keep(x), keep(y)
            assert dict(f["model"].attrs) == dict(g["model"].attrs)
        assert set(x) == set(y), set(x) ^ set(y)
        for n in x:
            assert x[n].shape == y[n].shape and (x[n][()] == y[n][()]).all(), n


def start(a, b):
    """Parameters that nothing moved: those of a frozen encoder and of the machine."""
    with h5py.File(a) as f, h5py.File(b) as g:
        x, y = datasets(f["model/encoder"]), datasets(g["model/encoder"])
        assert x.keys() == y.keys()
        for n in x:
            assert (x[n][()] == y[n][()]).all(), n


def edges(f):
    return {tuple(e): w for e, w in zip(f["rbm/edges"][()].tolist(), f["rbm/weight"][()])}


def machine(a, b):
    with h5py.File(a) as f, h5py.File(b) as g:
        assert edges(f) == edges(g) and (f["rbm/bias"][()] == g["rbm/bias"][()]).all()
        assert 0 < len(edges(f)) < 57 * 18 + 3 * 36, len(edges(f))


def params(a, b):
    """RBMTorchFull's parameters beside its stale copies."""
    shutil.copy(a, b)
    with h5py.File(b, "r+") as f:
        pairs = sorted(n for n in f["prior"] if n.startswith("_weight_dict"))
        for i, n in enumerate(pairs):
            f[f"prior/_weight_params.{i}"] = f["prior"][n][()] + np.float32(0.25)
        for k in range(4):
            f[f"prior/_bias_params.{k}"] = f[f"prior/_bias_dict.{k}"][()] - np.float32(0.5)


def moved(a, b):
    with h5py.File(a) as f, h5py.File(b) as g:
        x, y = edges(f), edges(g)
        assert x.keys() == y.keys() and all(y[e] == x[e] + np.float32(0.25) for e in x)
        assert (g["rbm/bias"][()] == f["rbm/bias"][()] - np.float32(0.5)).all()


def change(a, b, text):
    shutil.copy(a, b)
    with h5py.File(b, "r+") as f:
        exec(text, {"f": f})


def torch_loads(path):
    import torch
    from torch import nn

    class Wrap(nn.Module):  # a module whose convolution is called conv
        def __init__(self, conv):
            super().__init__()
            self.conv = conv

    class Attention(nn.Module):
        def __init__(self, c, d):
            super().__init__()
            self.to_qkv = nn.Conv3d(c, 3 * d, 1, bias=False)
            self.to_out = nn.Sequential(nn.Conv3d(d, c, 1), nn.GroupNorm(1, c))

    class Level(nn.Module):
        def __init__(self):
            super().__init__()
            part = lambda i, o: nn.Sequential(Wrap(nn.Conv3d(i, o, (2, 3, 2), (1, 2, 1))), nn.BatchNorm3d(o), nn.PReLU(o))
            self.seq1, self.seq2 = part(1, 4), part(5, 6)

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self._networks = nn.ModuleList([Level(), Level()])

    content = torch.load(path)
    own = {k: v for k, v in content["encoder"].items() if not k[0].isdigit()}
    encoder = Encoder()
    encoder.load_state_dict(own, strict=True)
    decoder = nn.Module()
    decoder._layers = nn.Sequential(nn.Identity(), Wrap(nn.ConvTranspose3d(4, 5, (2, 3, 3), (2, 2, 1))), Attention(5, 3))
    decoder.load_state_dict({k: v for k, v in content["decoder"].items() if k.startswith("_layers")}, strict=True)


if __name__ == "__main__":
    what = {"compare": compare, "equal": equal, "start": start, "machine": machine, "params": params, "moved": moved,
            "change": change, "torch": torch_loads}
    what[sys.argv[1]](*sys.argv[2:])
