#!/usr/bin/env python3
"""to_torch.py STATE.h5 OUT.pth

The plain HDF5 of `caloq export` as a PyTorch checkpoint {submodule: state_dict}, for load_state_dict.
Names that the architecture does not publish keep caloq's slashes. Needs PyTorch.
"""
import collections
import sys

import h5py


def say(text):
    sys.exit(f"to_torch: {text}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        import torch
    except ImportError:
        say("PyTorch is not installed for this Python: expected the module torch")
    out = {}
    try:
        f = h5py.File(sys.argv[1])
    except OSError as why:
        say(f"{sys.argv[1]} cannot be read: {why}")
    with f:
        if f.attrs.get("format") not in ("caloq-state", b"caloq-state"):
            say(f"{sys.argv[1]} holds no state of caloq export")
        for group in f:
            state = out[group] = collections.OrderedDict()

            def take(name, x):
                if isinstance(x, h5py.Dataset):
                    t = torch.from_numpy(x[()])
                    state[name] = t.reshape(()) if name.endswith("num_batches_tracked") else t

            f[group].visititems(take)
    torch.save(out, sys.argv[2])
    print(f"{sys.argv[2]}: {', '.join(f'{g} {len(s)} tensors' for g, s in out.items())}")


if __name__ == "__main__":
    main()
