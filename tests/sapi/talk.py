"""What the tests share: a stand-in of one's own, and requests to it in plain words."""
import base64
import http.client
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse

from . import problems

SERVER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sapi_server.py")
TOKEN = "stand-in-token-5f0c1d"
NAN = float("nan")


class StandIn:
    """A server process with a folder; `with` ends it."""

    def __init__(self, folder, *arguments, token=TOKEN):
        self.folder, self.token = tempfile.mkdtemp(dir=folder), token
        self.process = subprocess.Popen([sys.executable, SERVER, "--dir", self.folder, *arguments], stdout=subprocess.PIPE,
                                        text=True, env={**os.environ, "SAPI_TOKEN": token})
        self.url = self.process.stdout.readline().strip()
        self.seen = 0 # bytes of requests.jsonl that are of no interest any more
        self.host = urllib.parse.urlsplit(self.url).netloc

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def call(self, method, path, value=None, kind="problems", headers=None, connection=None, raw=None):
        """Status, headers and the JSON value or text of a request to sapi/v2/PATH (or /PATH)."""
        c = connection or http.client.HTTPConnection(self.host, timeout=30)
        body = raw if raw is not None else None if value is None else json.dumps(value).encode()
        words = {"X-Auth-Token": self.token, "Accept": f"application/vnd.dwave.sapi.{kind}+json; version=3.0.0", **(headers or {})}
        c.request(method, path if path[0] == "/" else "/sapi/v2/" + path, body, {k: v for k, v in words.items() if v is not None})
        reply = c.getresponse()
        text = reply.read()
        if connection is None:
            c.close()
        said = dict(reply.getheaders())
        return reply.status, said, json.loads(text) if "json" in said.get("Content-Type", "") and text else text.decode()

    def rules(self, *rules):
        self.call("DELETE", "/_test/rules")
        self.call("POST", "/_test/rules", list(rules))

    def set(self, **values):
        self.call("POST", "/_test/set", values)

    def reset(self):
        self.call("POST", "/_test/reset")

    def ledger(self):
        return self.call("GET", "/_test/ledger")[2]

    def requests(self):
        """Since the last forget()."""
        with open(os.path.join(self.folder, "requests.jsonl")) as f:
            f.seek(self.seen)
            return [json.loads(line) for line in f]

    def forget(self):
        self.seen = os.path.getsize(os.path.join(self.folder, "requests.jsonl"))


def job(solver, h, J, label=None, kind="ising", **params):
    """A problem of format qp: h by qubit, J by coupler (u, v), u < v."""
    p = solver["properties"]
    active = set(h) | {q for e in J for q in e}
    pairs = [tuple(e) for e in p["couplers"] if set(e) <= active]
    data = {"format": "qp", "lin": problems.encoded("d", [h.get(q, 0.0) if q in active else NAN for q in p["qubits"]]),
            "quad": problems.encoded("d", [J.get(e, 0.0) for e in pairs])}
    out = {"solver": solver["identity"], "data": data, "type": kind, "params": params}
    return {**out, "label": label} if label else out


def samples(answer, ising=True):
    """Rows of {qubit: value}, energies and counts of an answer, bit by bit."""
    take = lambda kind, key: problems.array.array(kind, base64.b64decode(answer[key]))
    active, energies = take("i", "active_variables"), take("d", "energies")
    packed, width = base64.b64decode(answer["solutions"]), (len(active) + 7) // 8
    assert len(packed) == width * len(energies)
    rows = []
    for i in range(len(energies)):
        bits = [packed[i * width + k // 8] >> (7 - k % 8) & 1 for k in range(len(active))]
        rows.append({q: 2 * b - 1 if ising else b for q, b in zip(active, bits)})
    return rows, energies, take("i", "num_occurrences") if "num_occurrences" in answer else None
