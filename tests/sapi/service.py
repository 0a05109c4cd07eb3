"""The service itself: solvers, problems and what they cost. No HTTP in here.

What is asked for comes back as a Reply; faults (faults.py) may change it before it is sent.
Every duration of the protocol is multiplied by `scale`, as the client does with anneal.time_scale.
"""
import collections
import datetime
import hashlib
import json
import os
import threading
import time
import uuid
import zlib

from . import problems

TERMINAL = ("COMPLETED", "FAILED", "CANCELLED")
PREFIX = "application/vnd.dwave.sapi."


class Reply:
    """A status, a JSON value or text, and the word for it in Content-Type (None: plain text)."""

    def __init__(self, status, value, kind=None, headers=None):
        self.status, self.value, self.kind, self.headers = status, value, kind, headers or {}


class Record:
    """A problem that was accepted, and so is paid for."""

    def __init__(self, job, problem, solver, ready):
        self.id = str(uuid.uuid4())
        self.label, self.type, self.params = job.get("label"), job.get("type"), problem.params
        self.job = zlib.compress(json.dumps(job).encode(), 1) # decoded again when the answer is asked for
        self.solver, self.ready, self.accepted = solver, ready, time.monotonic()
        self.reads, self.charge = problem.reads, problem.access_time()
        self.status, self.message, self.frozen, self.lag = "PENDING", None, False, 0.0
        self.submitted = self.solved = stamp()
        self.salt = f"{self.label}" # the same bits when the same job is sent again


def stamp():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def error(code, message):
    return {"error_code": code, "error_msg": message}


def choose(solver, terms):
    """The filter of solvers/remote: all or none, then +field and -field."""
    if not terms:
        return solver
    words = terms.split(",")
    out = json.loads(json.dumps(solver)) if words[0] == "all" else {}
    for word in words[1:]:
        sign, path = word[:1], word[1:].split(".")
        source, target = solver, out
        for name in path[:-1]:
            source = source.get(name, {})
            target = target.setdefault(name, {}) if sign == "+" else target.get(name, {})
        if sign == "+" and path[-1] in source:
            target[path[-1]] = source[path[-1]]
        elif sign == "-":
            target.pop(path[-1], None)
    return out


class Service:
    def __init__(self, solvers, folder, scale=1.0, latency=0.0, inline=False, child=None):
        self.solvers = {s["identity"]["name"]: s for s in solvers}
        self.folder, self.scale, self.child = folder, scale, child
        self.latency, self.inline, self.label_lag = latency, inline, 0.0
        self.problems = collections.OrderedDict()
        self.answers = collections.OrderedDict() # the last few
        self.changed = threading.Condition()
        self.times = collections.deque(maxlen=100000) # operation, begin and end of each request, s
        self.ledger = open(os.path.join(folder, "ledger.jsonl"), "a", buffering=1)

        self.first = {name: (s["status"], s["identity"]["version"]) for name, s in self.solvers.items()}

    def reset(self):
        """As at the start."""
        with self.changed:
            self.problems.clear()
            self.answers.clear()
            self.times.clear()
            self.latency, self.label_lag, self.inline = 0.0, 0.0, False
            for name, s in self.solvers.items():
                s["status"], s["identity"]["version"] = self.first[name]

    def note(self, **line):
        self.ledger.write(json.dumps(line) + "\n")

    # --- solvers -------------------------------------------------------------------------------
    def solver_list(self, query, name=None, tag=None):
        found = [s for s in self.solvers.values() if name in (None, s["identity"]["name"])]
        if not found:
            return Reply(404, error(404, f"Solver {name} does not exist or apitoken does not have access"), "solver-definition+json")
        value = [choose(s, query.get("filter")) for s in found]
        etag = 'W/"' + hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32] + '"'
        headers = {"ETag": etag, "Cache-Control": "private, max-age=60"}
        if tag == etag:
            return Reply(304, None, None, headers)
        if name:
            return Reply(200, value[0], "solver-definition+json", headers)
        return Reply(200, value, "solver-definition-list+json", headers)

    # --- problems ------------------------------------------------------------------------------
    def accept(self, job):
        """The status of one job: a record, or what is wrong."""
        try:
            name, version = job["solver"]["name"], job["solver"].get("version")
            solver = self.solvers.get(name)
            if solver is None:
                raise problems.Refused(f"Solver {name} does not exist or apitoken does not have access")
            if solver["status"] != "ONLINE":
                raise problems.Refused("solver is offline")
            if version and version != solver["identity"]["version"]:
                raise problems.Refused(f"Solver {name} has no version {json.dumps(version)}")
            if len(job.get("label") or "") > 1024:
                raise problems.Refused("label is too long")
            problem = problems.Problem(job, solver)
        except problems.Refused as why:
            return None, error(400, str(why))
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as why:
            return None, error(400, f"malformed problem: {why!r}")
        record = Record(job, problem, dict(solver["identity"]), time.monotonic() + self.latency * self.scale)
        with self.changed:
            self.problems[record.id] = record
            self.note(id=record.id, label=record.label, reads=record.reads, charge=record.charge, solver=name)
            self.changed.notify_all()
        return record, None

    def submit(self, jobs, touch=None):
        """touch: what a fault does to each new record."""
        single = isinstance(jobs, dict)
        if not single and not isinstance(jobs, list):
            return Reply(400, error(400, "expected a problem or a list of them"), "problems+json")
        out = []
        for job in [jobs] if single else jobs:
            record, wrong = self.accept(job)
            if record and touch:
                touch(record)
            out.append(wrong or self.state(record, answer=self.inline and self.settle(record)))
        if single and "error_code" in out[0]:
            return Reply(400, out[0], "problems+json")
        return Reply(200, out[0] if single else out, "problem+json" if single else "problems+json")

    def settle(self, record):
        """Is it at its end by now?"""
        if record.status not in TERMINAL and not record.frozen and time.monotonic() >= record.ready:
            record.status, record.solved = "COMPLETED", stamp()
        return record.status in TERMINAL

    def answer_of(self, record):
        if record.id not in self.answers:
            job = json.loads(zlib.decompress(record.job))
            problem = problems.Problem(job, self.solvers[record.solver["name"]])
            self.answers[record.id] = problem.answer(record.salt, self.child)
            while len(self.answers) > 4:
                self.answers.popitem(last=False)
        return self.answers[record.id]

    def state(self, record, answer=False):
        out = {"id": record.id, "status": record.status, "type": record.type, "solver": record.solver,
               "submitted_on": record.submitted}
        if record.label is not None:
            out["label"] = record.label
        if record.status in TERMINAL:
            out["solved_on"] = record.solved
        if record.message:
            out["error_message"] = record.message
        if answer and record.status == "COMPLETED":
            out["answer"] = self.answer_of(record)
        return out

    def wait(self, records, seconds):
        """Until one of them is at its end, or so long."""
        end = time.monotonic() + seconds * self.scale
        with self.changed:
            while not any([self.settle(r) for r in records]):
                now = time.monotonic()
                if now >= end:
                    return
                soon = [r.ready for r in records if not r.frozen and r.ready > now]
                self.changed.wait(max(0.0, min([end] + soon) - now))

    @staticmethod
    def timeout(query):
        t = int(query.get("timeout", 0))
        if not 0 <= t <= 30:
            raise ValueError(f"timeout {t}: expected 1 to 30")
        return t

    def list(self, query):
        """GET problems/?id=a,b&timeout=T, or by label, status and solver."""
        if "id" in query:
            ids = query["id"].split(",")
            if len(ids) > 1000:
                return Reply(400, error(400, "too many ids"), "problems+json")
            records = [self.problems[i] for i in ids if i in self.problems]
            self.wait(records, self.timeout(query))
        else:
            now = time.monotonic()
            with self.changed:
                records = [r for r in reversed(self.problems.values()) if r.accepted + max(self.label_lag, r.lag) * self.scale <= now
                           and query.get("label", "") in (r.label or "")
                           and query.get("status", r.status) == r.status
                           and query.get("solver", r.solver["name"]) == r.solver["name"]]
            records = records[:min(1000, int(query.get("max_results", 1000)))]
        for r in records:
            self.settle(r)
        return Reply(200, [self.state(r) for r in records], "problems+json")

    def one(self, name, query, part=""):
        record = self.problems.get(name)
        if record is None:
            return Reply(404, error(404, f"Problem {name} does not exist or apitoken does not have access"), "problem+json")
        self.wait([record], self.timeout(query))
        done = self.settle(record) and record.status == "COMPLETED"
        if part == "answer":
            if not done:
                return Reply(404, error(404, "Answer is not available"), "problem-answer+json")
            return Reply(200, {"answer": self.answer_of(record)}, "problem-answer+json")
        if part == "messages":
            return Reply(200, [], "problem-message+json")
        if part == "info":
            job = json.loads(zlib.decompress(record.job))
            about = dict(submitted_by="stand-in", solver=record.solver, type=record.type, submitted_on=record.submitted,
                         solved_on=record.solved if done else None, status=record.status, messages=[], label=record.label)
            value = {"id": record.id, "data": job["data"], "params": record.params, "metadata": about}
            return Reply(200, {**value, **({"answer": self.answer_of(record)} if done else {})}, "problem-data+json")
        return Reply(200, self.state(record, answer=True), "problem+json")

    def end(self, record, status, message=None, surely=False):
        """A terminal status other than COMPLETED costs nothing. Surely: even if it could be done by now."""
        with self.changed:
            if not surely and self.settle(record):
                return False
            record.status, record.message, record.solved = status, message, stamp()
            self.note(id=record.id, ended=status)
            self.changed.notify_all()
        return True

    def cancel(self, ids, single=False):
        out = []
        for name in ids:
            record = self.problems.get(name)
            if record is None:
                out.append(error(404, f"Problem {name} does not exist or apitoken does not have access"))
            elif self.end(record, "CANCELLED"):
                out.append(self.state(record))
            else:
                out.append(error(409, "Problem has been finished."))
        if single:
            return Reply(out[0].get("error_code", 200), out[0], "problem+json")
        return Reply(200, out, "problems+json")
