"""What the tests of `caloq anneal` share: a machine, a stand-in and a folder of one's own, the
program in its surroundings, and the verdict on what it did: nothing lost, nothing paid twice, no
wrong sample, no token anywhere.
"""
import base64
import collections
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import h5py
import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from sapi import chips, talk

SCALE = 0.01 # of all waits, on both sides
NUMBER = itertools.count(1)


def machine(path, size, units, seed, weight=0.05):
    """An RBM file on a Zephyr chip of this size: `units` qubits of each of its four classes, the first ones."""
    qubits, couplers = chips.graph("zephyr", size)
    width = 2 * size + 1
    classes = [[] for _ in range(4)]
    for q in qubits: # (((u M + w) 4 + k) 2 + j) m + z
        u, w, j, z = q // (8 * size * width), q // (8 * size) % width, q // size % 2, q % size
        classes[(2 * u + w + 2 * z + j) % 4].append(q)
    chosen = [q for c in classes for q in c[:units]]
    at = {q: i for i, q in enumerate(chosen)}
    edges = sorted(tuple(sorted((at[u], at[v]))) for u, v in couplers if u in at and v in at)
    r = numpy.random.default_rng(seed)
    with h5py.File(path, "w") as f:
        f.attrs["format"], f.attrs["version"] = "caloq-rbm", 1
        f["partition_sizes"] = numpy.full(4, units, "i4")
        f["clamped"] = numpy.array([-1], "i4")
        f["bias"] = r.normal(0, weight, 4 * units).astype("f4")
        f["edges"], f["weight"] = numpy.array(edges, "i4"), r.normal(0, weight, len(edges)).astype("f4")
        f["qubits"] = numpy.array(chosen, "i4")


def conditional(path, size, units, seed):
    """An RBM file on a Zephyr chip: 57 qubits of the first class that an energy's code holds, `units` of each other one."""
    qubits, couplers = chips.graph("zephyr", size)
    width = 2 * size + 1
    classes = [[] for _ in range(4)]
    for q in qubits:
        u, w, j, z = q // (8 * size * width), q // (8 * size) % width, q // size % 2, q % size
        classes[(2 * u + w + 2 * z + j) % 4].append(q)
    chosen = [q for i, c in enumerate(classes) for q in c[:units if i else 57]]
    at = {q: i for i, q in enumerate(chosen)}
    edges = sorted(tuple(sorted((at[u], at[v]))) for u, v in couplers if u in at and v in at)
    r = numpy.random.default_rng(seed)
    with h5py.File(path, "w") as f:
        f.attrs["format"], f.attrs["version"] = "caloq-rbm", 1
        f["partition_sizes"] = numpy.array([57] + 3 * [units], "i4")
        f["clamped"] = numpy.array([0], "i4")
        f["bias"] = r.normal(0, 0.5, len(chosen)).astype("f4")
        f["edges"], f["weight"] = numpy.array(edges, "i4"), r.normal(0, 0.5, len(edges)).astype("f4")
        f["qubits"] = numpy.array(chosen, "i4")


class Run:
    """One start of the program, watched: status (None: it hung and was killed), words, seconds, threads, descriptors.
    stop: when, in seconds or as a condition, and which signal."""

    def __init__(self, command, env, folder, limit, stop=None, watch=0.05):
        out, err = (open(os.path.join(folder, f"{next(NUMBER)}.{name}"), "w+") for name in ("out", "err"))
        start = time.monotonic()
        p = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.threads, self.files, self.rss, self.lines = [], [], [], b""
        self.status, stop = None, list(stop or [])
        while True:
            now = time.monotonic() - start
            if stop and (stop[0]() if callable(stop[0]) else now >= stop[0]):
                p.send_signal(stop[1])
                stop = None
            try:
                p.wait(watch if not stop or callable(stop[0]) else min(watch, max(0.001, stop[0] - now)))
                self.status = p.returncode
                break
            except subprocess.TimeoutExpired:
                self.look(p.pid, err)
            if now > limit:
                p.kill()
                p.wait()
                break
        self.seconds = time.monotonic() - start
        self.out, self.err = (self.text(f) for f in (out, err))
        last = self.out.strip().split("\n")[-1]
        self.result = json.loads(last) if self.status == 0 and last.startswith("{") else {}

    @staticmethod
    def text(f):
        f.seek(0)
        with f:
            return f.read()

    def look(self, pid, err):
        try:
            self.lines += open(f"/proc/{pid}/cmdline", "rb").read()
            files = {os.readlink(f"/proc/{pid}/fd/{n}") for n in os.listdir(f"/proc/{pid}/fd")}
            memory = int(re.search(r"VmRSS:\s*(\d+)", open(f"/proc/{pid}/status").read())[1])
            self.threads.append(len(os.listdir(f"/proc/{pid}/task")))
            self.files.append(len(files))
            self.rss.append((os.fstat(err.fileno()).st_size, memory)) # kB, by how much was said so far
        except (OSError, TypeError): # it has ended
            pass


class Desk:
    """A stand-in, a machine and what surrounds the program. `with` ends the server."""

    def __init__(self, caloq, folder, name="desk", size=2, units=10, weight=0.05, scale=SCALE, server=()):
        self.caloq, self.folder, self.scale = caloq, os.path.join(folder, name), scale
        os.makedirs(self.folder)
        self.token = "token-" + os.urandom(12).hex()
        self.model = os.path.join(self.folder, "machine.h5")
        machine(self.model, size, units, 11, weight)
        self.server = talk.StandIn(self.folder, "--solver", f"Z=zephyr,{size}", "--time-scale", str(scale), *server, token=self.token)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("DWAVE_") and not k.lower().endswith("_proxy")}
        session = os.path.join(self.folder, "mpi")
        os.makedirs(session)
        self.env = {**clean, "DWAVE_API_TOKEN": self.token, "HOME": self.folder, "XDG_CONFIG_HOME": self.folder,
                    "XDG_CONFIG_DIRS": self.folder, "OMPI_MCA_orte_tmpdir_base": session}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def fresh(self, reads=40, per=10, **keys):
        """A new folder, a server as at the start; `reads` in problems of `per`."""
        self.server.reset()
        self.server.forget()
        self.work = os.path.join(self.folder, str(next(NUMBER)))
        os.makedirs(self.work)
        self.reads = reads
        self.output = os.path.join(self.work, "samples.h5")
        self.keys = {"anneal.model": self.model, "anneal.endpoint": self.server.url, "anneal.solver": "Z", "anneal.reads": reads,
                     "anneal.max_reads": per, "anneal.output": self.output, "anneal.time_scale": self.scale, "anneal.backend": "sapi",
                     "anneal.in_flight": 2, "anneal.label_wait": 10, "anneal.unseen": "resubmit", "anneal.deadline": 600, "anneal.scale": 1,
                     "run.dir": os.path.join(self.work, "run"), **keys}

    def run(self, limit=30, stop=None, watch=0.05, ranks=1, **keys):
        words = [f"{k}={v}" for k, v in {**self.keys, **keys}.items()]
        several = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
        return Run([*several, self.caloq, "anneal", *words], self.env, self.work, limit, stop, watch)

    def waiting(self, problems=2):
        """The condition that so many problems were accepted."""
        return lambda: len(self.server.ledger()) >= problems

    # --- verdicts: each raises an AssertionError ------------------------------------------------
    def paid(self):
        """The problems that cost something, each once and no more reads than asked for."""
        lines = [x for x in self.server.ledger() if x["status"] not in ("FAILED", "CANCELLED")]
        twice = [k for k, n in collections.Counter(x["label"] for x in lines).items() if n > 1]
        assert not twice, f"paid twice: {twice}"
        total = sum(x["reads"] for x in lines)
        assert total <= self.reads, f"{total} reads were paid, {self.reads} asked for"
        return lines

    def whole(self, run):
        """It ended well: as many samples as asked for, those of the paid problems and no others."""
        assert run.status == 0, f"exit status {run.status} after {run.seconds:.1f} s: {run.err[-900:]}"
        lines = self.paid()
        assert sum(x["reads"] for x in lines) == self.reads, f"{lines} do not make {self.reads} reads"
        want = collections.Counter()
        self.server.rules()
        for x in lines:
            answer = self.server.call("GET", f"problems/{x['id']}/answer")[2]["answer"]
            width = len(base64.b64decode(answer["solutions"])) // x["reads"]
            raw = numpy.frombuffer(base64.b64decode(answer["solutions"]), "u1").reshape(x["reads"], width)
            active = numpy.frombuffer(base64.b64decode(answer["active_variables"]), "<i4")
            bits = numpy.unpackbits(raw, axis=1)[:, :len(active)]
            want.update(map(bytes, bits))
        with h5py.File(self.output) as f, h5py.File(self.model) as m:
            states, order = f["states"][()], numpy.argsort(m["qubits"][()])
            assert states.shape == (self.reads, order.size) and states.dtype == numpy.uint8, states.shape
            assert numpy.array_equal(m["qubits"][()][order], active), "other qubits"
            have = collections.Counter(map(bytes, numpy.ascontiguousarray(states[:, order])))
            assert have == want, f"{sum((have - want).values())} samples are not the service's"
            if "energies" in f:
                x, e, w = states.astype("f8"), m["edges"][()], m["weight"][()].astype("f8")
                energy = -x @ m["bias"][()].astype("f8") - (x[:, e[:, 0]] * x[:, e[:, 1]]) @ w
                assert abs(f["energies"][()] - energy).max() < 1e-5, "energies" # sums of some hundred float products
        for key, value in (("reads", self.reads), ("solver", "Z")):
            assert run.result.get(key) == value, (key, run.result)
        return lines

    def orderly(self, run, *words):
        """It gave up as it should: status 1, one sentence at the end that says these words."""
        assert run.status == 1, f"exit status {run.status} after {run.seconds:.1f} s: {run.err[-900:]}"
        said = [line for line in run.err.strip().split("\n") if line.startswith("caloq: ")]
        assert said, f"no sentence: {run.err[-900:]}"
        for word in words:
            assert word in said[-1], f"{word!r} is not in {said[-1]!r}"
        self.paid()

    def silent(self, *runs, but=None):
        """The token is nowhere (but in this file): not in what was said, written, asked for, or in the list of processes."""
        secret = self.token.encode()
        for run in runs:
            assert secret not in (run.out + run.err).encode() and secret not in run.lines, "the token was said"
        for folder, _, names in os.walk(self.work):
            for name in names:
                if os.path.join(folder, name) == but:
                    continue
                with open(os.path.join(folder, name), "rb") as f:
                    assert secret not in f.read(), f"the token is in {name}"
        for line in self.server.requests():
            assert not line["body_has_token"] and self.token not in json.dumps(line), f"the token is in {line}"
            assert not (line["elsewhere"] and line["token"]), "the token went to another host"


def in_turns(tasks, desks):
    """Each task with a desk of its own, side by side: [(name, what went wrong or None, seconds)]."""
    lock, left, out = threading.Lock(), list(reversed(tasks)), []

    def work(desk):
        while True:
            with lock:
                if not left:
                    return
                name, task = left.pop()
            start, wrong = time.monotonic(), None
            try:
                task(desk)
            except Exception as why:
                wrong = f"{type(why).__name__}: {why}" if not isinstance(why, AssertionError) else str(why)
            with lock:
                out.append((name, wrong, time.monotonic() - start))

    threads = [threading.Thread(target=work, args=(d,)) for d in desks]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return out
