"""Faults on demand: which request meets one, and what it does.

A rule is a JSON object:

  fault    its name, see the lists below
  on       an operation or a list of them: solvers solver submit poll lookup problem cancel regions,
           any, or (not given) wherever the fault makes sense
  skip     so many requests pass unharmed first (0)
  times    so many then meet it (1; -1: all)
  ...      its own arguments

{"chaos": SEED, "p": 0.3, "most": 10} draws faults for requests at random until there were `most`;
the sequence is a function of the seed and of the requests' order alone. "kinds" narrows the choice.
"""
import email.utils
import gzip
import json
import random
import threading
import time
import zlib

from . import problems
from .service import Reply, error

READ = ("solvers", "solver", "poll", "lookup", "problem")
ANSWER = ("submit", "problem") # replies that may have an answer in them
LISTS = ("submit", "poll", "lookup")
EVERY = READ + ("submit", "cancel")

# Where a fault makes sense, and the arguments chaos draws from. All of these pass by themselves.
TRANSIENT = {
    "status": (EVERY, [dict(status=s) for s in (500, 502, 503, 504)] + [dict(status=429, retry_after=1), dict(status=429, retry_date=1),
                                                                       dict(status=429), dict(status=503, retry_after=1)]),
    "accepted": (("submit",), [dict(status=500), dict(status=503), dict(status=504)]),
    "reset": (EVERY, [{}, dict(late=True)]),
    "hangup": (EVERY, [{}, dict(late=True)]),
    "stall": (READ + ("submit",), [dict(seconds=5), dict(seconds=5, late=True), dict(seconds=200, late=True)]),
    "drip": (EVERY, [dict(pieces=8, seconds=4)]),
    "freeze": (EVERY, [dict(seconds=200)]),
    "truncate": (EVERY, [{}]),
    "short": (EVERY, [{}]),
    "oversize": (READ + ("submit",), [{}, dict(announced=True)]),
    "bomb": (READ + ("submit",), [{}]),
    "type": (EVERY, [dict(type="text/html"), dict(type=None), dict(type="application/json")]),
    "page": (EVERY, [{}]),
    "garbage": (EVERY, [dict(text=t) for t in ("{", "[1,", "nonsense", "", "null", "[]", "{}", '[{"id": 1}]', "\x00")]),
    "deep": (EVERY, [dict(depth=100000)]),
    "omit": (("submit", "poll"), [{}]), # on a look-up it would be the label that does not show
    "double": (LISTS, [{}]),
    "extra": (LISTS, [{}]),
    "swap": (("submit", "poll", "problem"), [{}]),
    "redirect": (READ, [dict(status=s) for s in (302, 307, 308)]),
    "abroad": (EVERY, [dict(status=s) for s in (301, 302, 303, 307, 308)]),
    "clock": (EVERY, [dict(shift=s) for s in (86400.0, -86400.0, 1e9)]),
    "energies": (ANSWER, [{}]),
    "bits": (ANSWER, [dict(how=h) for h in ("order", "one", "short", "long", "base64")]),
    "active": (ANSWER, [{}]),
    "rows": (ANSWER, [{}]),
    "lag": (("submit",), [dict(seconds=2)]),
}


class Rules:
    """Who is next? One lock; a request meets every rule that wants it."""

    def __init__(self, rules=()):
        self.lock, self.rules = threading.Lock(), []
        self.add(rules)

    def add(self, rules):
        with self.lock:
            for rule in rules if isinstance(rules, list) else [rules]:
                rule = dict(rule)
                if "chaos" in rule:
                    rule["draw"] = random.Random(rule["chaos"])
                    rule.setdefault("most", 10)
                elif rule["fault"] not in TRANSIENT and rule["fault"] not in LASTING:
                    raise ValueError(f"no such fault: {rule['fault']}")
                self.rules.append(rule)

    def clear(self):
        with self.lock:
            self.rules = []

    def match(self, op):
        with self.lock:
            return [f for rule in self.rules for f in [self.chaos(rule, op) if "chaos" in rule else self.scripted(rule, op)] if f]

    @staticmethod
    def scripted(rule, op):
        on = rule.get("on") or (TRANSIENT.get(rule["fault"]) or LASTING[rule["fault"]])[0]
        if on != "any" and op not in ([on] if isinstance(on, str) else on):
            return None
        if rule.get("skip", 0) > 0:
            rule["skip"] -= 1
            return None
        times = rule.setdefault("times", 1)
        if times == 0:
            return None
        rule["times"] -= times > 0
        return rule

    @staticmethod
    def chaos(rule, op):
        kinds = [k for k in rule.get("kinds", sorted(TRANSIENT)) if op in TRANSIENT[k][0]]
        hit = rule["draw"].random() < rule.get("p", 0.3)
        kind = rule["draw"].choice(kinds or [None])
        if not hit or not kind or rule["most"] <= 0:
            return None
        fault = {"fault": kind, **rule["draw"].choice(TRANSIENT[kind][1])}
        if op == "lookup" and fault.get("text") == "[]": # as above
            return None
        rule["most"] -= 1
        return fault


def pause(handler, seconds):
    time.sleep(seconds * handler.service.scale)


# --- before the service hears of it ------------------------------------------------------------
def refusal(fault, handler):
    status = fault["status"]
    headers = {}
    if "retry_after" in fault:
        headers["Retry-After"] = str(fault["retry_after"])
    if "retry_date" in fault: # by the server's clock, whole seconds
        headers["Retry-After"] = email.utils.formatdate(time.time() + handler.shift + fault["retry_date"], usegmt=True)
    if status == 401:
        return Reply(401, "Invalid token.", None, headers)
    return Reply(status, fault.get("body", error(status, f"stand-in: {status}")), "problems+json", headers)


def before(fault, handler):
    """A reply in place of the service's, or None."""
    kind = fault["fault"]
    if kind == "status":
        return refusal(fault, handler)
    if kind == "reset" and not fault.get("late"):
        handler.reset()
    if kind == "hangup" and not fault.get("late"):
        handler.leave()
    if kind == "stall" and not fault.get("late"):
        pause(handler, fault["seconds"])
    if kind in ("redirect", "abroad"):
        home = handler.other if kind == "abroad" else handler.address()
        path = handler.path if fault.get("loop") else "/moved" + handler.path
        return Reply(fault["status"], error(fault["status"], "moved"), "problems+json", {"Location": home + path})
    return None


# --- what happens to a problem that was accepted -----------------------------------------------
def touch(fault, record, service):
    kind = fault["fault"]
    if kind == "forever":
        record.frozen = True
    elif kind == "late":
        record.ready += fault["seconds"] * service.scale
    elif kind in ("failed", "cancelled"):
        service.end(record, kind.upper(), fault.get("message"), surely=True)
    elif kind == "lag":
        if fault.get("own"): # of this problem alone
            record.lag = fault["seconds"]
        else:
            service.label_lag = max(service.label_lag, fault["seconds"])


LASTING = { # these do not pass by themselves, or change the problem
    "forever": (("submit",), [{}]),
    "late": (("submit",), [dict(seconds=2)]),
    "failed": (("submit",), [dict(message="internal error")]),
    "cancelled": (("submit",), [{}]),
    "graph": (EVERY, [{}]),
    "item": (("submit",), [dict(code=400, message="no")]),
    "status_word": (READ, [{}]),
    "message": (EVERY, [{}]),
}


# --- what the reply says -----------------------------------------------------------------------
def answers(value):
    """The answers somewhere in a reply, each a copy in place."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and isinstance(item.get("answer"), dict):
            item["answer"] = dict(item["answer"])
            yield item["answer"]


def flipped(answer, how):
    raw = bytearray(problems.base64.b64decode(answer["solutions"]))
    if how == "order": # the least significant bit first
        raw = raw.translate(bytes(int(f"{b:08b}"[::-1], 2) for b in range(256)))
    elif how == "one":
        raw[len(raw) // 2] ^= 0x80
    elif how == "short":
        raw = raw[:-1]
    elif how == "long":
        raw += b"\0"
    answer["solutions"] = problems.base64.b64encode(raw).decode()
    if how == "base64":
        answer["solutions"] = "*" + answer["solutions"][1:]


def numbers(answer, key, kind):
    raw = problems.base64.b64decode(answer[key])
    return problems.array.array(kind, raw)


def wrong_answer(fault, answer):
    kind = fault["fault"]
    if kind == "bits":
        flipped(answer, fault["how"])
    elif kind == "energies":
        values = numbers(answer, "energies", "d")
        values[len(values) // 2] += fault.get("by", 0.01)
        answer["energies"] = problems.encoded("d", values)
    elif kind == "active":
        values = numbers(answer, "active_variables", "i")
        values[-1] += 1
        answer["active_variables"] = problems.encoded("i", values)
    elif kind == "rows": # a read is missing
        values = numbers(answer, "energies", "d")
        width = len(problems.base64.b64decode(answer["solutions"])) // len(values)
        answer["energies"] = problems.encoded("d", values[:-1])
        answer["solutions"] = problems.base64.b64encode(problems.base64.b64decode(answer["solutions"])[:-width]).decode()


def wrong_list(kind, value):
    if kind == "omit" and value:
        value.pop(len(value) // 2)
    elif kind == "double" and value:
        value.append(dict(value[0]))
    elif kind == "extra":
        value.append({"id": "00000000-0000-4000-8000-000000000000", "status": "COMPLETED", "type": "ising", "label": "another's",
                      "submitted_on": "2026-01-01T00:00:00.000000Z", "solver": {"name": "another"}})
    elif kind == "swap" and len(value) > 1:
        value.reverse()


def after(fault, reply, handler):
    """Change the service's reply."""
    kind, value, s = fault["fault"], reply.value, handler.service
    if kind == "accepted":
        late = refusal(fault, handler)
        reply.status, reply.value = late.status, late.value
    elif kind in ("bits", "energies", "active", "rows"):
        for answer in answers(value):
            wrong_answer(fault, answer)
    elif kind == "swap" and isinstance(value, dict): # another problem's reply, under this one's name or its own
        others = [r for r in s.problems.values() if r.id != value.get("id") and s.settle(r) and r.status == "COMPLETED"]
        if others and "answer" in value:
            reply.value = {**value, "answer": s.answer_of(others[-1])} if fault.get("name") else s.state(others[-1], answer=True)
    elif kind in ("omit", "double", "extra", "swap") and isinstance(value, list):
        wrong_list(kind, value)
    elif kind == "graph":
        text = json.dumps(value)
        for solver in s.solvers.values():
            text = text.replace(solver["identity"]["version"]["graph_id"], "01deadbeef")
        reply.value = json.loads(text)
    elif kind == "item" and isinstance(value, list):
        value[0] = error(fault["code"], fault["message"])
    elif kind == "status_word":
        for item in value if isinstance(value, list) else [value]:
            item["status"] = "SLEEPING"
    elif kind == "garbage":
        reply.value = fault["text"]
    elif kind == "deep":
        reply.value = "[" * fault["depth"] + "]" * fault["depth"]
    elif kind == "page":
        reply.value, reply.kind = "<html><body>Log in to the network first</body></html>", "text/html"
    elif kind == "message": # the token in a page of the server's must not reach a log
        reply.status, reply.value = fault.get("status", 400), error(fault.get("status", 400), "bad token " + handler.token)


# --- how it travels ----------------------------------------------------------------------------
def bomb():
    """A gigabyte of spaces in 1 MB: one block of deflate, over and over."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b" " * (8 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return gzip.compress(b"")[:10] + block * 128 + b"\x03\x00" + bytes(8)


def pour(handler, status, headers, seconds=0.0):
    """Bytes without end, in chunks or as announced, until nobody listens."""
    handler.head(status, headers)
    for _ in range(4096):
        chunk = b" " * 65536
        handler.wfile.write(b"10000\r\n" + chunk + b"\r\n" if headers.get("Transfer-Encoding") else chunk)
        pause(handler, seconds)
    handler.leave()


def drip(handler, fault, status, headers, text):
    handler.head(status, headers)
    n = max(1, -(-len(text) // fault["pieces"]))
    for i in range(0, len(text), n):
        handler.wfile.write(text[i:i + n])
        handler.wfile.flush()
        pause(handler, fault["seconds"] / fault["pieces"])


def wire(fault, handler, reply, headers, text):
    """True when the reply has been sent, or what was left of it."""
    kind, status = fault["fault"], reply.status
    if kind == "reset" and fault.get("late"):
        handler.reset()
    if kind == "hangup" and fault.get("late"):
        handler.leave()
    if kind == "stall" and fault.get("late"):
        pause(handler, fault["seconds"])
    if kind == "type":
        headers["Content-Type"] = fault["type"]
    if kind == "short":
        text = text[:len(text) // 2]
        headers["Content-Length"] = str(len(text))
        handler.head(status, headers)
        handler.wfile.write(text)
        return True
    if kind in ("truncate", "freeze"):
        handler.head(status, headers)
        handler.wfile.write(text[:len(text) // 2])
        handler.wfile.flush()
        if kind == "freeze":
            pause(handler, fault["seconds"])
        handler.leave()
    if kind == "oversize":
        announced = {"Content-Length": str(1 << 40)} if fault.get("announced") else {"Content-Length": None, "Transfer-Encoding": "chunked"}
        pour(handler, status, {**headers, **announced})
    if kind == "bomb":
        packed = bomb()
        handler.head(status, {**headers, "Content-Encoding": "gzip", "Content-Length": str(len(packed))})
        handler.wfile.write(packed)
        return True
    if kind == "drip":
        drip(handler, fault, status, headers, text)
        return True
    return False
