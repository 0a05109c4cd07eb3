"""torch_graph.py - an architecture file in PyTorch, layer by layer, from the file's own definitions.

Nothing here is shared with the C: a layer's meaning is what include/nn/graph.h and the heads of src/nn
say. A value is a tensor [rows, z, phi, r, channels], as the rows lie in caloq's memory, so that a
reshape is a view; a plain layer of n units is [rows, 1, 1, 1, n]. Tensors of parameters have the
names, shapes and order of a checkpoint (kernels of convolutions may lie flat).

    values = run(list, inputs, parameters, sizes, prefix="decoder", blocks=..., training=True)
    values["hits"]

A new kind of layer is one function of (Layer, inputs) in KINDS.
"""
import math

import torch
import torch.nn.functional as F


class Scope:
    """Names inside a list of layers: its own first, then those of the list around it."""

    def __init__(self, outer=None, read=None):
        self.outer, self.read, self.values, self.sizes, self.places = outer, read, {}, {}, {}

    def value(self, name):
        if name == "input" and self.read is not None:
            return self.read
        if name in self.values:
            return self.values[name]
        return self.outer.value(name)

    def size(self, text):
        if "+" in text:
            return sum(self.size(t.strip()) for t in text.split("+"))
        if text in self.sizes:
            return self.sizes[text]
        return self.outer.size(text) if self.outer is not None else int(text)

    def place(self, name):
        """The prefix of the tensors of a layer of that name."""
        return self.places[name] if name in self.places else self.outer.place(name)


class Net:
    """What all layers of a call share."""

    def __init__(self, parameters, blocks, training, dtype, width):
        self.parameters, self.blocks, self.training, self.dtype = parameters, blocks or {}, training, dtype
        self.width = width  # of channels given as numbers
        self.moved = {}  # moving averages after a step, by tensor name


class Layer:
    """One entry of a list, with the tensors and sizes it may ask for."""

    def __init__(self, entry, prefix, scope, net):
        self.entry, self.prefix, self.scope, self.net = entry, prefix, scope, net
        self.training = net.training

    def tensor(self, name, *shape):
        return self.net.parameters[f"{self.prefix}/{name}"].reshape(shape)

    def has(self, name):
        return f"{self.prefix}/{name}" in self.net.parameters

    def size(self, key, preset=None):
        return self.scope.size(self.entry[key]) if key in self.entry else preset

    def width(self, key, preset=None):
        text = str(self.entry.get(key, preset))
        n = self.scope.size(text)
        return max(1, int(n * self.net.width + 0.5)) if text.isdigit() and n > 1 else n

    def triple(self, key, preset=None):
        x = self.entry.get(key, preset)
        x = x if isinstance(x, list) else [x] * 3
        return [self.scope.size(str(i)) for i in x]

    def real(self, key, preset):
        return float(self.entry.get(key, preset))

    def word(self, key, preset):
        return self.entry.get(key, preset)


def numbers(x):
    return x[0].numel()


def flat(x):
    return x.reshape(x.shape[0], -1)


def units(x):
    return x.reshape(x.shape[0], 1, 1, 1, -1)


def first(x):  # channels first, as PyTorch's layers want them
    return x.permute(0, 4, 1, 2, 3)


def last(x):
    return x.permute(0, 2, 3, 4, 1)


def spread_over(xs):
    """Inputs of one place stand at every place of the widest."""
    places = max((x.shape[1:4] for x in xs), key=math.prod)
    return [x.expand(x.shape[0], *places, x.shape[4]) for x in xs]


# --- layers with weights ----------------------------------------------------------------------


def linear(l, xs):
    x = torch.cat([flat(x) for x in xs], 1)
    n = l.width("units")
    return units(F.linear(x, l.tensor("weight", n, x.shape[1]), l.tensor("bias", n) if l.has("bias") else None))


def conv3d(l, xs):
    n, k, c = l.width("units"), l.triple("kernel"), xs[0].shape[4]
    w = l.tensor("weight", n, *k, c).permute(0, 4, 1, 2, 3)
    return last(F.conv3d(first(xs[0]), w, l.tensor("bias", n) if l.has("bias") else None, l.triple("stride", "1")))


def conv_transpose3d(l, xs):
    n, k, c = l.width("units"), l.triple("kernel"), xs[0].shape[4]
    w = l.tensor("weight", c, *k, n).permute(0, 4, 1, 2, 3)
    bias = l.tensor("bias", n) if l.has("bias") else None
    return last(F.conv_transpose3d(first(xs[0]), w, bias, l.triple("stride", "1")))


def linear_attention(l, xs):
    x, d = xs[0], l.width("dim", 32)
    c = x.shape[4]
    tokens = x.reshape(x.shape[0], -1, c)
    q, k, v = (tokens @ l.tensor("qkv", 3 * d, c).T).split(d, -1)
    summary = torch.einsum("bnd,bne->bde", k.softmax(1), v)
    y = torch.einsum("bnd,bde->bne", q.softmax(2) * d**-0.5, summary)
    return (y @ l.tensor("out", c, d).T + l.tensor("bias", c)).reshape(x.shape)


def attention(l, xs):
    """PyTorch's own module with projections that do nothing, where queries and values are as wide."""
    q, k, v = xs * 3 if len(xs) == 1 else xs
    heads, (c, d) = l.size("heads", 1), (q.shape[4], v.shape[4])
    tokens = [x.reshape(x.shape[0], -1, x.shape[4]) for x in (q, k, v)]
    if c == d:
        own = torch.nn.MultiheadAttention(c, heads, bias=False, batch_first=True, dtype=q.dtype)
        one = torch.eye(c, dtype=q.dtype)
        own.load_state_dict({"in_proj_weight": torch.cat([one] * 3), "out_proj.weight": one})
        y = own(*tokens)[0]
    else:
        cut = [x.reshape(*x.shape[:2], heads, -1).transpose(1, 2) for x in tokens]
        weight = (cut[0] @ cut[1].transpose(2, 3) / math.sqrt(c // heads)).softmax(3)
        y = (weight @ cut[2]).transpose(1, 2)
    return y.reshape(*q.shape[:4], d)


def gain(l, xs):
    return l.tensor("gain", 1) * xs[0]


def prelu(l, xs):
    return last(F.prelu(first(xs[0]), l.tensor("slope", xs[0].shape[4])))


def bias(l, xs):
    return xs[0] + l.tensor("bias", numbers(xs[0])).reshape(xs[0].shape[1:])


# --- norms ------------------------------------------------------------------------------------


def batch_norm(l, xs):
    c = xs[0].shape[4]
    mean, variance = l.tensor("mean", c).detach().clone(), l.tensor("variance", c).detach().clone()
    y = F.batch_norm(first(xs[0]), mean, variance, l.tensor("gain", c), l.tensor("shift", c), l.training,
                     l.real("momentum", 0.1), l.real("epsilon", 1e-5))
    if l.training:
        l.net.moved[f"{l.prefix}/mean"], l.net.moved[f"{l.prefix}/variance"] = mean, variance
    return last(y)


def group_norm(l, xs):
    c = xs[0].shape[4]
    return last(F.group_norm(first(xs[0]), l.size("groups", 1), l.tensor("gain", c), l.tensor("shift", c), 1e-5))


def layer_norm(l, xs):
    c = xs[0].shape[4]
    if l.word("over", "row") == "channels":
        return F.layer_norm(xs[0], (c,), l.tensor("gain", c), l.tensor("shift", c), 1e-5)
    n = numbers(xs[0])
    return F.layer_norm(flat(xs[0]), (n,), l.tensor("gain", n), l.tensor("shift", n), 1e-5).reshape(xs[0].shape)


def normalise(l, xs):
    n = numbers(xs[0])
    return ((flat(xs[0]) - l.tensor("centre", n)) * l.tensor("scale", n)).reshape(xs[0].shape)


# --- places -----------------------------------------------------------------------------------


def pad_cylinder(l, xs):
    x, phi, outer = xs[0], l.size("phi", 1), l.size("outer", 0)
    centre, half = l.size("centre", 0 if outer else 1), x.shape[2] // 2
    rings = [torch.roll(x[:, :, :, i : i + 1], -half, 2) for i in range(max(centre, outer))]
    x = torch.cat([*reversed(rings[:centre]), x, *rings[:outer]], 3)
    return torch.cat([x[:, :, x.shape[2] - phi :], x, x[:, :, :phi]], 2) if phi else x


def fold_cylinder(l, xs):
    """The adjoint of the padding, by the transpose of its derivative (it is linear)."""
    x, phi, centre = xs[0], l.size("phi", 1), l.size("centre", 1)
    b, z, p, r, c = x.shape
    bare = torch.zeros(b, z, p - 2 * phi, r - centre, c, dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(pad_cylinder(l, [bare]), bare, x, create_graph=True)[0]


def pad_zeros(l, xs):
    z, p, r = l.triple("size", "1")
    return F.pad(xs[0], (0, 0, r, r, p, p, z, z))


def max_pool(l, xs):
    kernel = l.triple("kernel")
    stride = l.triple("stride") if "stride" in l.entry else kernel
    return last(F.max_pool3d(first(xs[0]), kernel, stride, l.size("pad", 0)))


def up_sample(l, xs):
    """On a circle: three turns, of which the one in the middle knows its neighbours."""
    x, mode = first(xs[0]), l.word("mode", "nearest")
    factor = l.triple("factor", "2")
    size = l.triple("size") if "size" in l.entry else [n * f for n, f in zip(x.shape[2:], factor)]
    around = l.word("periodic", "false") == "true"
    if around:
        x, size = torch.cat([x] * 3, 3), [size[0], 3 * size[1], size[2]]
    y = F.interpolate(x, size, mode=mode, align_corners=False if mode == "trilinear" else None)
    return last(y.chunk(3, 3)[1] if around else y)


def transpose(l, xs):
    b, c = xs[0].shape[0], xs[0].shape[4]
    return xs[0].reshape(b, -1, c).transpose(1, 2).reshape(b, c, 1, 1, -1)


def mean_pool(l, xs):
    return xs[0].mean((1, 2, 3), keepdim=True)


def reshape(l, xs):
    c, z, p, r = l.triple("shape")
    return xs[0].reshape(xs[0].shape[0], z, p, r, c)


def broadcast(l, xs):
    return xs[0].expand(xs[0].shape[0], *l.triple("places"), xs[0].shape[4])


def slice_(l, xs):
    if "partition" in l.entry:
        k = int(l.entry["partition"])
        begin = l.size("first", 0) + sum(l.scope.size(f"p{i}") for i in range(k))
        return xs[0][..., begin : begin + l.scope.size(f"p{k}")]
    begin = l.size("first", 0)
    return xs[0][..., begin : begin + l.size("units")]


# --- several inputs ---------------------------------------------------------------------------


def concat(l, xs):
    return torch.cat(spread_over(xs), 4)


def add(l, xs):
    return sum(xs[1:], xs[0])


def multiply(l, xs):
    return xs[0] * xs[1]


def dropout(l, xs):
    if l.training and l.real("rate", 0.1) > 0.0:
        raise ValueError("what dropout draws is caloq's own: nothing to compare with in training")
    return xs[0]


def noise(l, xs):
    if (l.training or l.word("when", "training") == "always") and l.real("deviation", 1.0) > 0.0:
        raise ValueError("what noise draws is caloq's own: nothing to compare with")
    return xs[0]


# --- encodings --------------------------------------------------------------------------------


def sinusoids(l, xs):
    n, longest = l.size("units", 16), l.real("longest", 64.0)
    pairs = (n + 1) // 2
    waves = []
    for i in range(n):
        w = math.pi * longest ** (i // 2 / (pairs - 1) if pairs > 1 else 0.0)
        waves.append(torch.sin(w * xs[0]) if i % 2 == 0 else torch.cos(w * xs[0]))
    return units(flat(torch.stack(waves, -1)))


def latent_encoding(l, xs):
    c = flat(xs[0])
    M, n = c.shape[1], l.size("units", 1)
    m = torch.arange(M, dtype=c.dtype)
    made = []
    for i in range(1, n + 1):
        a = math.pi * i * m / M
        made.append((torch.cos(a) * c + torch.sin(a) * (1 - c)).sum(1) / (4 * math.sqrt(M)))
    return units(torch.stack(made, 1))


def voxel_encoding(l, xs):
    x, modes, amplitude = xs[0], l.size("modes", 8), l.real("amplitude", 1.0)

    def line(n):
        u = torch.arange(n, dtype=x.dtype)
        w = [10.0 ** (-4.0 * i / modes) for i in range(modes)]
        return sum(torch.sin(w[i] * u) if i % 2 == 0 else torch.cos(w[i] * u) for i in range(modes)) / modes

    def circle(n):
        u = 2 * math.pi * torch.arange(n, dtype=x.dtype) / n
        return sum(torch.sin((i // 2 + 1) * u) if i % 2 == 0 else torch.cos((i // 2 + 1) * u) for i in range(modes)) / modes

    _, z, p, r, _ = x.shape
    wave = line(z).reshape(z, 1, 1, 1) + circle(p).reshape(p, 1, 1) + line(r).reshape(r, 1)
    return x + amplitude / 3 * wave


KINDS = {
    "linear": linear,
    "conv3d": conv3d,
    "conv_transpose3d": conv_transpose3d,
    "linear_attention": linear_attention,
    "prelu": prelu,
    "attention": attention,
    "gain": gain,
    "bias": bias,
    "batch_norm": batch_norm,
    "group_norm": group_norm,
    "layer_norm": layer_norm,
    "normalise": normalise,
    "pad_cylinder": pad_cylinder,
    "fold_cylinder": fold_cylinder,
    "pad_zeros": pad_zeros,
    "max_pool": max_pool,
    "mean_pool": mean_pool,
    "up_sample": up_sample,
    "transpose": transpose,
    "reshape": reshape,
    "broadcast": broadcast,
    "slice": slice_,
    "concat": concat,
    "add": add,
    "multiply": multiply,
    "dropout": dropout,
    "noise": noise,
    "sinusoids": sinusoids,
    "latent_encoding": latent_encoding,
    "voxel_encoding": voxel_encoding,
    "relu": lambda l, xs: F.relu(xs[0]),
    "leaky_relu": lambda l, xs: F.leaky_relu(xs[0], l.real("slope", 0.01)),
    "silu": lambda l, xs: F.silu(xs[0]),
    "gelu": lambda l, xs: F.gelu(xs[0], approximate="tanh"),
    "sigmoid": lambda l, xs: torch.sigmoid(xs[0]),
    "tanh": lambda l, xs: torch.tanh(xs[0]),
    "softplus": lambda l, xs: F.softplus(xs[0]),
    "softmax": lambda l, xs: xs[0].softmax(4),
    "scale": lambda l, xs: l.real("factor", 1.0) * xs[0] + l.real("shift", 0.0),
    "detach": lambda l, xs: xs[0].detach(),
}
SEVERAL = {"linear", "concat", "add", "multiply", "attention"}  # of others, `concat: [NAMES]` joins first


def walk(entries, prefix, scope, before, net):
    """The list's layers in order; before: what the first one reads. Returns the last value."""
    for i, entry in enumerate(entries):
        names = entry.get("inputs") or entry.get("concat") or ([entry["input"]] if "input" in entry else [])
        xs = [scope.value(n) for n in names] or [before]
        at = f"{prefix}/{i}"
        layer = Layer(entry, scope.place(entry["weights"]) if "weights" in entry else at, scope, net)
        kind = entry.get("kind")
        if "concat" in entry and kind not in SEVERAL:
            xs = [concat(layer, xs)]
        if "block" in entry:
            inner = Scope(scope, xs[0])
            inner.sizes = {k: scope.size(v) for k, v in entry.get("with", {}).items()}
            before = walk(net.blocks[entry["block"]], at, inner, xs[0], net)
            if "name" in entry:
                scope.values.update({f"{entry['name']}.{k}": v for k, v in inner.values.items()})
        else:
            before = KINDS[kind](layer, xs)
        if "name" in entry:
            scope.values[entry["name"]] = before
            if "block" not in entry:
                scope.sizes[entry["name"]] = numbers(before)
                scope.places[entry["name"]] = at
    return before


def run(entries, inputs, parameters, sizes, prefix, blocks=None, training=False, width=1.0):
    """Values by name. inputs: name -> [rows, numbers]; sizes: name -> number; a file's texts are words
    as yaml.BaseLoader gives them. Returns (values, moving averages after the step)."""
    scope = Scope()
    scope.sizes = dict(sizes)
    scope.values = {name: units(x) for name, x in inputs.items()}
    net = Net(parameters, blocks, training, next(iter(inputs.values())).dtype, width)
    walk(entries, prefix, scope, next(iter(scope.values.values())), net)
    return scope.values, net.moved
