#!/usr/bin/env python3
"""train_torch.py CALOQ - a training step of the published model in PyTorch, beside caloq's, in one run.

Encoder 3Dv3 with three levels, decoder hierarchy0, 4 x 302 units, 132,382,236 parameters, written from
the description of the model alone; losses of reconstruction, hits and entropy; Adam; float32. Both
take the same number of showers a step on one thread. Rates are by processor time, which neighbours on
the machine hardly change; the ones by the clock stand beside them. PyTorch's rate is that of this
build: Debian's has no BLAS, and multiplies matrices slowly.

The last line on stdout is one object of JSON. Without PyTorch it has "skipped" with the reason; the
exit status is 0.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time

UNITS, PARTS = 302, 4
LATENTS = UNITS * PARTS
Z, PHI, R = 45, 16, 9
PARAMETERS = 9776820 + 122605416


def options():
    o = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    o.add_argument("caloq", nargs="?", default="build/caloq")
    o.add_argument("--batch", type=int, default=16)
    o.add_argument("--steps", type=int, default=2, help="steps that are timed; the fastest counts")
    o.add_argument("--threads", type=int, default=1)
    return o.parse_args()


def wrap(torch, x):
    """One ring within r = 0, seen across the axis, then a plane of phi on either side."""
    inner = torch.roll(x[..., :1], x.shape[3] // 2, dims=3)
    x = torch.cat([inner, x], dim=4)
    return torch.cat([x[:, :, :, -1:], x, x[:, :, :, :1]], dim=3)


def modules(torch):
    nn = torch.nn

    class Wrap(nn.Module):
        def forward(self, x):
            return wrap(torch, x)

    class LinearAttention(nn.Module):
        def __init__(self, channels, dim=32):
            super().__init__()
            self.dim = dim
            self.qkv = nn.Conv3d(channels, 3 * dim, 1, bias=False)
            self.out = nn.Conv3d(dim, channels, 1)
            self.norm = nn.GroupNorm(1, channels)

        def forward(self, x):
            q, k, v = self.qkv(x).flatten(2).chunk(3, dim=1)
            q = q.softmax(dim=1) / math.sqrt(self.dim)
            context = torch.einsum("bdn,ben->bde", k.softmax(dim=2), v)
            y = torch.einsum("bde,bdn->ben", context, q)
            return self.norm(self.out(y.reshape(x.shape[0], self.dim, *x.shape[2:])))

    def conv(a, b, stride, padded, out=0.02):
        pad = [Wrap()] if padded else []
        return nn.Sequential(*pad, nn.Conv3d(a, b, 3, stride), nn.BatchNorm3d(b), nn.PReLU(b, out))

    class Level(nn.Module):
        def __init__(self):
            super().__init__()
            self.front = nn.Sequential(conv(1, 32, (2, 1, 1), True), conv(32, 64, (2, 1, 1), True),
                                       conv(64, 128, (1, 2, 1), True))
            self.back = nn.Sequential(conv(129, 256, (2, 2, 1), False),
                                      nn.Conv3d(256, UNITS, 3, (1, 2, 2)), nn.PReLU(UNITS, 1.0))

        def forward(self, u, t, bits):
            M = bits.shape[1]
            at = math.pi * torch.arange(M) / M
            place = (torch.cos(at) * bits + torch.sin(at) * (1.0 - bits)).sum(1) / ((M - 1) * math.sqrt(M))
            x = self.front(u.view(-1, 1, Z, PHI, R) + place.view(-1, 1, 1, 1, 1))
            t = t.view(-1, 1, 1, 1, 1).expand(-1, 1, *x.shape[2:])
            return self.back(torch.cat([x, t], dim=1)).flatten(1)

    def up(a, b, kernel, slope):
        return [nn.ConvTranspose3d(a, b, kernel, (2, 1, 1)), *([Wrap()] if b < 128 else []),
                *([nn.BatchNorm3d(b), nn.PReLU(b, slope)] if slope else [nn.GroupNorm(1, b), nn.SiLU(),
                                                                        LinearAttention(b)])]

    class Stage(nn.Module):
        def __init__(self, inputs, layers):
            super().__init__()
            last = lambda: [nn.ConvTranspose3d(32, 1, (5, 3, 3)), nn.Conv3d(1, 1, (Z + 1 - layers, 1, 1))]
            self.trunk = nn.Sequential(*up(inputs, 512, (3, 3, 2), 0.02), *up(512, 128, (5, 4, 2), 0.02))
            self.hits = nn.Sequential(*up(129, 64, (3, 3, 2), 0.02), *up(64, 32, (5, 3, 2), 1.0), *last(),
                                      nn.PReLU(1, 1.0))
            self.act = nn.Sequential(*up(129, 64, (3, 3, 2), 0), *up(64, 32, (5, 3, 2), 0), *last(),
                                     nn.SiLU())

        def forward(self, x, t):
            x = self.trunk(x.view(*x.shape, 1, 1, 1))
            x = torch.cat([x, t.view(-1, 1, 1, 1, 1).expand(-1, 1, *x.shape[2:])], dim=1)
            return self.hits(x).flatten(1), self.act(x).flatten(1)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            part = 15 * PHI * R
            self.levels = nn.ModuleList(Level() for _ in range(PARTS - 1))
            self.stages = nn.ModuleList([Stage(LATENTS, 15)] + [Stage(LATENTS + part, 15) for _ in range(2)]
                                        + [Stage(LATENTS + part, Z)])
            self.skips = nn.ModuleList(nn.Linear(2 * UNITS, LATENTS + part) for _ in range(PARTS - 1))

        def forward(self, u, t, code, beta):
            bits, logits = code, []
            for level in self.levels:
                logit = level(u, t, bits).clamp(-88.0, 88.0)
                rho = torch.rand_like(logit).clamp(1e-6, 1.0 - 1e-6)
                bits = torch.cat([bits, torch.sigmoid(beta * (logit + torch.log(rho) - torch.log1p(-rho)))], 1)
                logits.append(logit)
            x = bits
            for i, stage in enumerate(self.stages):
                hits, act = stage(x, t)
                if i == PARTS - 1:
                    return bits, torch.cat(logits, 1), hits, act
                k = PARTS - 1 - i
                skip = self.skips[i](torch.cat([x[:, :UNITS], x[:, k * UNITS : (k + 1) * UNITS]], 1))
                x = skip + torch.cat([bits, hits * act], 1)

    return Model


def torch_step(o):
    """Rates of PyTorch, showers a second: by processor time, and by the clock."""
    import torch

    torch.set_num_threads(o.threads)
    torch.manual_seed(1)
    model = modules(torch)()
    count = sum(p.numel() for p in model.parameters())
    if count != PARAMETERS:
        sys.exit(f"train_torch.py: {count} parameters, expected {PARAMETERS}")
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    u = torch.zeros(o.batch, Z * PHI * R)
    u[:, ::4] = 6.0
    t = torch.linspace(0.2, 0.9, o.batch)
    code = (torch.rand(o.batch, UNITS) > 0.5).float()
    best = [math.inf, math.inf]
    for step in range(1 + o.steps):
        start = time.process_time(), time.perf_counter()
        adam.zero_grad(set_to_none=True)
        bits, logit, hits, act = model(u, t, code, 1.0)
        out = torch.nn.functional.leaky_relu(act, 0.05) * (u > 0)
        loss = (0.01 * ((u - out) ** 2 * torch.exp(0.5 * u)).sum()
                + bce(hits, (u > 0).float(), reduction="sum")
                - bce(logit, bits[:, UNITS:], reduction="sum")) / o.batch
        loss.backward()
        adam.step()
        took = time.process_time() - start[0], time.perf_counter() - start[1]
        if step > 0:
            best = [min(a, b) for a, b in zip(best, took)]
    return {"pytorch": torch.__version__, "parameters": count, "loss": float(loss.detach()),
            "pytorch_showers_per_second": o.batch / best[0], "pytorch_by_the_clock": o.batch / best[1]}


def caloq_step(o):
    """The same of caloq bench, which names its figures."""
    name = "cnn-hierarchy.yaml"
    with tempfile.TemporaryDirectory() as work:
        run = subprocess.run([o.caloq, "bench", "configs/bench.yaml", "bench.what=train", "bench.seconds=0.01",
                              f"bench.architectures=[configs/architectures/{name}]", f"bench.batch={o.batch}",
                              "bench.floats=1000", f"run.dir={work}/run"],
                             stdout=subprocess.PIPE, check=True, text=True)
    figures = {f["name"]: f for f in json.loads(run.stdout.splitlines()[-1])["figures"]}
    step = f"train step {name}, batch {o.batch}"
    out = {"caloq_showers_per_second": figures[step + ", processor time"]["showers_per_second"],
           "caloq_by_the_clock": figures[step]["showers_per_second"]}
    half = figures.get(step + ", bfloat16, processor time")
    if half is not None:
        out["caloq_bfloat16_showers_per_second"] = half["showers_per_second"]
    return out


def main():
    o = options()
    try:
        import torch  # noqa: F401
    except ImportError:
        print(json.dumps({"name": "train_torch", "skipped": "no PyTorch for this Python (apt: python3-torch)"}))
        return
    result = {"name": "train_torch", "batch": o.batch, "threads": o.threads, "load": os.getloadavg()[0]}
    result.update(torch_step(o))
    result.update(caloq_step(o))
    result["ratio"] = result["caloq_showers_per_second"] / result["pytorch_showers_per_second"]
    print(f"caloq {result['caloq_showers_per_second']:.3g} showers a processor second, PyTorch "
          f"{result['pytorch_showers_per_second']:.3g}: {result['ratio']:.2f} times", file=sys.stderr)
    print(json.dumps(result))


main()
