#!/usr/bin/env python3
"""from_torch.py MODEL.pth [--group NAME] OUT.h5

A PyTorch checkpoint {submodule: state_dict} as plain HDF5 for `caloq import`: /encoder/..., /decoder/...,
/prior/... A file that is one state_dict goes into the group NAME. Needs PyTorch; only tensors are read
(no pickled code is run).
"""
import argparse
import collections.abc
import sys

import h5py
import numpy as np


def say(text):
    sys.exit(f"from_torch: {text}")


def read(path):
    """What torch.save wrote, tensors and containers of them alone."""
    try:
        import torch
    except ImportError:
        say("PyTorch is not installed for this Python: expected the module torch")
    try:
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except TypeError:
            say(f"PyTorch {torch.__version__} cannot read without running pickled code: expected 1.13 or later")
    except SystemExit:
        raise
    except Exception as why:
        say(f"{path} cannot be read as a checkpoint of tensors: {why}")


def is_state(x):
    return isinstance(x, collections.abc.Mapping) and all(hasattr(v, "detach") for v in x.values())


def groups_of(content, path, group):
    """{group: {name: array}}"""
    if not isinstance(content, collections.abc.Mapping):
        say(f"{path} holds a {type(content).__name__}, expected a dictionary")
    if is_state(content) and content:
        if not group:
            say(f"{path} is one state_dict, expected --group encoder, decoder or prior")
        content = {group: content}
    wrong = [k for k, v in content.items() if not is_state(v)]
    if wrong:
        say(f"{path}: {wrong[0]} is no state_dict")
    return {g: {k: v.detach().numpy() for k, v in s.items()} for g, s in content.items() if s}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--group", default="")
    a = parser.parse_args()
    found = groups_of(read(a.model), a.model, a.group)
    count = 0
    with h5py.File(a.out, "w") as f:
        for group, state in found.items():
            for name, x in state.items():
                x = x.reshape(1) if x.ndim == 0 else x
                f[f"{group}/{name}"] = x if x.dtype.kind in "iu" else x.astype(np.float32)
                count += x.size
    print(f"{a.out}: {', '.join(found)}, {count} numbers")


if __name__ == "__main__":
    main()
