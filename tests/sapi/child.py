"""Samples drawn by another program over a pipe: a problem a line in, its samples a line out."""
import base64
import json
import shlex
import subprocess
import threading
import zlib

from . import problems

PASSED = """annealing_time anneal_schedule h_gain_schedule programming_thermalization readout_thermalization auto_scale
flux_drift_compensation reduce_intersample_correlation""".split()


class Child:
    def __init__(self, command, beta):
        self.beta, self.lock = beta, threading.Lock()
        self.process = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def columns(self, problem, salt):
        """The bits of every active qubit, a byte of 0 or 1 a read."""
        at = {q: i for i, q in enumerate(problem.active)}
        ising = problem.type == "ising"
        h = [problem.h[q] / (1 if ising else 2) for q in problem.active]
        J = [v / (1 if ising else 4) for v in problem.J.values()]
        couplers = [[at[u], at[v]] for u, v in problem.J]
        if not ising: # x = (1 + s) / 2
            for (u, v), w in zip(couplers, J):
                h[u] += w
                h[v] += w
        ask = {"id": salt, "h": h, "couplers": couplers, "J": J, "reads": problem.reads, "beta": self.beta,
               "seed": zlib.crc32(problem.key + salt.encode()), "qubits": problem.active,
               "params": {"auto_scale": True, **{k: problem.params[k] for k in PASSED if k in problem.params}}}
        if "flux_biases" in problem.params:
            ask["flux_biases"] = [problem.params["flux_biases"][q] for q in problem.active]
        with self.lock:
            self.process.stdin.write(json.dumps(ask).encode() + b"\n")
            self.process.stdin.flush()
            said = json.loads(self.process.stdout.readline() or '{"error": "the child has ended"}')
        if "error" in said or said.get("id") != salt:
            raise problems.Refused(f"child: {said.get('error', 'another problem')}")
        packed, width = base64.b64decode(said["solutions"]), (len(h) + 7) // 8
        if len(packed) != width * problem.reads:
            raise problems.Refused("child: samples of another length")
        return [packed[k // 8::width].translate(bytes(b >> (7 - k % 8) & 1 for b in range(256))) for k in range(len(h))]

    def close(self):
        """It ends with its input."""
        try:
            self.process.stdin.close()
        except BrokenPipeError: # it has ended before
            pass
        self.process.stdout.read()
        self.process.wait()
