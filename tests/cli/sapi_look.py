"""sapi_look.py LOOK FOLDER - one look at the stand-in of D-Wave's service (tests/cli/sapi.sh)."""
import hashlib
import http.client
import json
import os
import random
import sys
import time
import urllib.parse
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from sapi import chips, faults, problems, talk

FOLDER = sys.argv[2]
LISTED = urllib.parse.quote("none,+identity,+status,+properties.num_qubits")


def plain_energy(h, J, row):
    return sum(v * row[q] for q, v in h.items()) + sum(v * row[a] * row[b] for (a, b), v in J.items())


def machine(solver, n, seed):
    r, p = random.Random(seed), solver["properties"]
    active = set(p["qubits"][:n])
    return {q: r.uniform(-2, 2) for q in active}, {tuple(e): r.uniform(-1, 1) for e in p["couplers"] if set(e) <= active}


def graphs():
    """The server's own generators against the sums that D-Wave's generators gave."""
    names = {"chimera": "chimera", "pegasus_fabric": "pegasus", "zephyr": "zephyr"}
    seen = 0
    for line in open("tests/vectors/topologies.txt"):
        part = [p.strip() for p in line.split("|")]
        kind, _, size = part[0].partition(" ")
        if kind not in names or int(size) > 12:
            continue
        qubits, couplers = chips.graph(names[kind], int(size))
        total = lambda lines: hashlib.sha256("".join(lines).encode()).hexdigest()
        assert [total(f"{q}\n" for q in qubits), total(f"{u} {v}\n" for u, v in couplers)] == part[4:6], part[0]
        seen += 1
    assert seen == 12 + 11 + 12, seen


def reads():
    """Energies by lanes against plain sums; rows as packed; histograms."""
    solver = chips.solver("Z", "zephyr", 4, dead=9)
    h, J = machine(solver, 333, 1)
    for kind in "ising", "qubo":
        problem = problems.Problem(talk.job(solver, h, J, kind=kind, num_reads=70, answer_mode="raw"), solver)
        rows, energies, counts = talk.samples(problem.answer("a"), kind == "ising")
        assert len(rows) == 70 and counts is None and set(rows[0]) == set(h)
        # 40 bits after the point, and the rounding of a sum of 1,500 doubles
        assert max(abs(plain_energy(h, J, r) - e) for r, e in zip(rows, energies)) < 1e-8
        mean = sum(sum(r.values()) for r in rows) / 70 / 333
        assert abs(mean - (0 if kind == "ising" else 0.5)) < 5 / (70 * 333) ** 0.5, mean
    small = problems.Problem(talk.job(solver, {0: 0.5, 1: -0.25}, {}, num_reads=900), solver)
    rows, energies, counts = talk.samples(small.answer("b"))
    assert len(rows) == 4 and sum(counts) == 900 and min(counts) > 225 - 5 * 13 and list(energies) == [-0.75, -0.25, 0.25, 0.75]
    assert small.answer("b") == small.answer("b") != small.answer("c")


def protocol():
    """Solvers, filters, 304; submit, long poll, look-up, cancel; what the words are."""
    with talk.StandIn(FOLDER, "--solver", "Z2=zephyr,2-3", "--solver", "C2=chimera,2", "--time-scale", "0.05") as s:
        status, said, listed = s.call("GET", "solvers/remote/?filter=" + LISTED, kind="solver-definition-list")
        assert status == 200 and said["Content-Type"] == "application/vnd.dwave.sapi.solver-definition-list+json; version=3.0.0; charset=utf-8"
        assert [sorted(x) for x in listed] == [["identity", "properties", "status"]] * 2 and listed[1]["properties"] == {"num_qubits": 32}
        assert float(said["Server-Timing"].split("dur=")[1]) < 1000
        again = s.call("GET", "solvers/remote/?filter=" + LISTED, headers={"If-None-Match": said["ETag"]})
        assert again[0] == 304 and "Content-Type" not in again[1]
        z2 = s.call("GET", "solvers/remote/Z2?filter=all%2C-status")[2]
        assert "status" not in z2 and len(z2["properties"]["qubits"]) == 157 and z2["identity"]["version"]
        assert s.call("GET", "solvers/remote/none")[0] == 404
        assert s.call("GET", "solvers/remote/", headers={"X-Auth-Token": None})[0::2] == (401, "Invalid token.")
        assert s.call("GET", "solvers/remote/", headers={"Accept": "application/json"})[0] == 415
        assert s.call("GET", "/metadata/v1/regions/")[2][0]["endpoint"] == s.url

        h, J = machine(z2, 40, 2)
        s.set(latency=6) # 0.3 s
        jobs = [talk.job(z2, h, J, f"job-{i}", num_reads=5, answer_mode="raw") for i in range(3)]
        status, said, out = s.call("POST", "problems/", raw=zlib.compress(json.dumps(jobs).encode()), headers={"Content-Encoding": "deflate"})
        assert status == 200 and [x["label"] for x in out] == ["job-0", "job-1", "job-2"] and {x["status"] for x in out} == {"PENDING"}
        ids = [x["id"] for x in out]
        t = time.monotonic()
        polled = s.call("GET", f"problems/?id={','.join(ids)}&timeout=2")[2]
        assert [x["id"] for x in polled] == ids and 0.05 < time.monotonic() - t < 0.28 and polled[0]["status"] == "PENDING"
        one = s.call("GET", f"problems/{ids[1]}/?timeout=30")[2]
        assert one["status"] == "COMPLETED" and time.monotonic() - t < 1.2
        rows, energies, _ = talk.samples(one["answer"])
        assert max(abs(plain_energy(h, J, r) - e) for r, e in zip(rows, energies)) < 1e-9 and len(rows) == 5
        assert s.call("GET", f"problems/{ids[0]}/answer")[2]["answer"]["solutions"] != one["answer"]["solutions"]
        assert s.call("GET", f"problems/{ids[0]}/info")[2]["metadata"]["label"] == "job-0"
        assert [x["id"] for x in s.call("GET", "problems/?label=job-1&max_results=10")[2]] == [ids[1]]
        assert s.call("GET", "problems/?id=" + ids[0] + "&timeout=31")[0] == 400 and s.call("GET", "problems/none")[0] == 404
        late = s.call("POST", "problems/", talk.job(z2, h, {}, "late"))[2]["id"]
        assert s.call("DELETE", "problems/", [late])[2][0]["status"] == "CANCELLED"
        assert s.call("DELETE", "problems/" + late)[0] == 409
        s.set(inline=True, latency=0)
        assert s.call("POST", "problems/", [talk.job(z2, h, {}, "now")])[2][0]["answer"]["num_variables"] == 160
        ledger = s.ledger()
        assert [x["label"] for x in ledger] == ["job-0", "job-1", "job-2", "late", "now"] and ledger[3]["status"] == "CANCELLED"
        assert sum(1 for _ in open(s.folder + "/ledger.jsonl")) == 6 and all(x["charge"] > 33600 for x in ledger)
        assert not any(s.token in json.dumps(x) or x["body_has_token"] for x in s.requests())


def refusals():
    """The service refuses what D-Wave's would."""
    with talk.StandIn(FOLDER, "--solver", "Z2=zephyr,2") as s:
        z2 = s.call("GET", "solvers/remote/Z2")[2]
        (u, v), params = z2["properties"]["couplers"][0], dict(auto_scale=False)
        cases = [
            ("Unknown parameter", {u: 1}, {}, dict(speed=1)), ("num_reads", {u: 1}, {}, dict(num_reads=10001)),
            ("num_reads", {u: 1}, {}, dict(num_reads=1.5)), ("h value", {u: 4.5}, {}, params), ("J value", {}, {(u, v): 1.5}, params),
            ("annealing_time must", {u: 1}, {}, dict(annealing_time=0.1)), ("linear", {u: 1}, {}, dict(fast_anneal=True)),
            ("flux_biases must have", {u: 1}, {}, dict(flux_biases=[0.0], **params)),
            ("auto_scale", {u: 1}, {}, dict(flux_biases=[0.0] * 160)), ("answer_mode", {u: 1}, {}, dict(answer_mode="all")),
            ("exclusive", {u: 1}, {}, dict(annealing_time=5, anneal_schedule=[[0, 0], [20, 1]])),
            ("invalid points", {u: 1}, {}, dict(anneal_schedule=[[0, 0], [20, 0.5], [20, 1]])),
            ("invalid fractions", {u: 1}, {}, dict(anneal_schedule=[[0, 0], [20, 0.5], [30, 0.4], [40, 1]])),
            ("initial_state", {u: 1}, {}, dict(anneal_schedule=[[0, 1], [20, 0.5], [40, 1]])),
            ("readout_thermalization", {u: 1}, {}, dict(readout_thermalization=20000)),
            ("Upper limit on user-specified timing related parameters exceeded", {u: 1}, {}, dict(num_reads=10000, annealing_time=100)),
        ]
        for words, h, J, p in cases:
            out = s.call("POST", "problems/", [talk.job(z2, h, J, **p)])[2][0]
            assert out.get("error_code") == 400 and words in out["error_msg"], (words, out)
        p3, z3 = chips.solver("P", "pegasus", 3), chips.solver("Z", "zephyr", 3)
        for chip, most in ((z3, 13), (p3, 18)): # -2 on all couplers of one group, or qubit, are too much; on 6 or 9 of them not
            couplers = [tuple(e) for e in chip["properties"]["couplers"]]
            ends = [q for e in couplers for q in e]
            node = max(sorted(set(ends)), key=ends.count)
            near = [e for e in couplers if node in e]
            if chip is z3: # a group is the half of the wire that its odd neighbour lies beside: both cross the same 8
                near = [e for e in near if problems.group(node, sum(e) - node, [3, 4])]
                by = {sum(e) - 2 * node: sum(e) - node for e in near}
                odd = [n for step, n in by.items() if abs(step) in (2, 3)] # 3 j + z; one ahead: 1
                across = [n for step, n in by.items() if abs(step) > 3]
                assert len(odd) == 1 and len(across) == 8 and len(near) in (9, 10), by
                assert all((min(n, odd[0]), max(n, odd[0])) in couplers for n in across)
            for n, fits in ((most // 2, True), (most // 2 + 1, False)):
                try:
                    problems.Problem(talk.job(chip, {}, dict.fromkeys(near[:n], -2.0), **params), chip)
                    assert fits
                except problems.Refused as why:
                    assert not fits and "coupling sum" in str(why), why
        good = talk.job(z2, {u: 4.0}, {(u, v): -2.0}, num_reads=1000, **params)
        for words, bad in (("expected 160", {"lin": good["data"]["lin"][:-12]}), ("expected 1", {"quad": ""}), ("format", {"format": "bq"}), ("lin", {"lin": "?"})):
            out = s.call("POST", "problems/", [{**good, "data": {**good["data"], **bad}}, good])[2]
            assert words in out[0]["error_msg"] and out[1]["status"] == "COMPLETED" or out[1]["status"] == "PENDING", out
        for solver in ({"name": "Z3"}, {"name": "Z2", "version": {"graph_id": "other"}}):
            assert s.call("POST", "problems/", [{**good, "solver": solver}])[2][0]["error_code"] == 400
        s.set(status="OFFLINE")
        assert "offline" in s.call("POST", "problems/", [good])[2][0]["error_msg"] and len(s.ledger()) == 4
        assert s.call("POST", "problems/", raw=b"{")[0] == 400


def answers():
    """Access times by the published model (spec/annealer.md 6.4); a rule a fault of answers."""
    p16 = chips.solver("P16", "pegasus", 16)
    few = dict.fromkeys(p16["properties"]["qubits"][:2048], 0.0)
    big = problems.Problem(talk.job(p16, few, {}, num_reads=1000), p16)
    assert abs(big.readout - 235) < 1 and abs(big.access_time() / 1e6 - 0.291) < 5e-4, (big.readout, big.access_time())
    small = problems.Problem(talk.job(p16, {q: 0.0 for q in list(few)[:512]}, {}, num_reads=1000), p16)
    assert abs(small.readout - 215) < 1 and abs(small.access_time() / 1e6 - 0.270) < 5e-4
    with talk.StandIn(FOLDER, "--solver", "Z2=zephyr,2") as s:
        z2 = s.call("GET", "solvers/remote/Z2")[2]
        h, J = machine(z2, 40, 3)
        ids = [s.call("POST", "problems/", talk.job(z2, h, J, f"job-{i}", num_reads=8, answer_mode="raw"))[2]["id"] for i in range(2)]
        get = lambda: s.call("GET", f"problems/{ids[0]}/")[2]
        right = get()
        for rule in [{"fault": "bits", "how": how} for how in ("order", "one")] + [{"fault": "energies"}]:
            s.rules(rule)
            rows, energies, _ = talk.samples(get()["answer"])
            assert max(abs(plain_energy(h, J, r) - e) for r, e in zip(rows, energies)) > 1e-3
            assert get() == right # once
        for rule in ({"fault": "bits", "how": "short"}, {"fault": "bits", "how": "long"}, {"fault": "bits", "how": "base64"}, {"fault": "active"}, {"fault": "rows"}):
            s.rules(rule)
            assert get()["answer"] != right["answer"] and get() == right
        s.rules({"fault": "swap", "name": True}, {"fault": "swap", "skip": 1})
        named, other = get(), get()
        assert named["id"] == ids[0] and other["id"] == ids[1] and named["answer"] == other["answer"] != right["answer"]
        s.rules({"fault": "graph"})
        assert get()["solver"]["version"]["graph_id"] == "01deadbeef"


CHILD = """
import base64, json, sys
for line in sys.stdin:
    ask = json.loads(line)
    n, best = len(ask["h"]), [0] * len(ask["h"])
    for i, h in enumerate(ask["h"]): # against its field and those of the spins before it
        field = h + sum(j * (2 * best[a] - 1) for (a, b), j in zip(ask["couplers"], ask["J"]) if b == i)
        best[i] = int(field < 0)
    row = [best[k] << (7 - k % 8) for k in range(n)]
    packed = bytes(sum(row[k:k + 8]) for k in range(0, n, 8)) * ask["reads"]
    print(json.dumps({"id": ask["id"], "solutions": base64.b64encode(packed).decode(), "energies": ""}), flush=True)
"""


def child():
    """Samples from a program at the other end of a pipe: each spin against the field of those before it."""
    path = os.path.join(FOLDER, "child.py")
    with open(path, "w") as f:
        f.write(CHILD)
    with talk.StandIn(FOLDER, "--solver", "Z2=zephyr,2", "--child", f"{sys.executable} {path}") as s:
        z2 = s.call("GET", "solvers/remote/Z2")[2]
        h, J = machine(z2, 40, 4)
        out = s.call("POST", "problems/", [talk.job(z2, h, J, kind=kind, num_reads=3, answer_mode="raw") for kind in ("ising", "qubo")])[2]
        for kind, status in zip(("ising", "qubo"), out):
            rows, energies, _ = talk.samples(s.call("GET", f"problems/{status['id']}/?timeout=5")[2]["answer"], kind == "ising")
            a, b = (h, J) if kind == "ising" else ( # s = 2 x - 1, up to a constant
                {q: h[q] / 2 + sum(w for e, w in J.items() if q in e) / 4 for q in h}, {e: w / 4 for e, w in J.items()})
            spin = lambda x: x if kind == "ising" else 2 * x - 1
            for q in sorted(h):
                field = a[q] + sum(w * spin(rows[0][e[0]]) for e, w in b.items() if e[1] == q)
                assert (field < 0) == (rows[0][q] == 1), q
            assert rows[0] == rows[2] and abs(plain_energy(h, J, rows[1]) - energies[1]) < 1e-9


def tried(s, method, path, value=None, **more):
    try:
        return s.call(method, path, value, **more)
    except (OSError, http.client.HTTPException, ValueError, json.JSONDecodeError) as why:
        return (type(why).__name__, {}, None)


def faults_alone():
    """Each does what it says, once; sequences of chaos are a function of the seed."""
    with talk.StandIn(FOLDER, "--solver", "Z2=zephyr,2", "--time-scale", "0.01") as s:
        z2 = s.call("GET", "solvers/remote/Z2")[2]
        new = lambda: [talk.job(z2, {0: 1.0}, {}, "label")]
        count = lambda: len(s.ledger())
        one = s.call("POST", "problems/", new())[2][0]["id"]
        look = lambda: tried(s, "GET", f"problems/{one}/")
        right = look()
        for rule, want in (
                ({"fault": "status", "status": 503, "retry_after": 7}, lambda r: r[0] == 503 and r[1]["Retry-After"] == "7"),
                ({"fault": "status", "status": 429, "retry_date": 60}, lambda r: r[0] == 429 and "GMT" in r[1]["Retry-After"]),
                ({"fault": "reset"}, lambda r: r[0] == "ConnectionResetError"),
                ({"fault": "hangup"}, lambda r: r[0] == "RemoteDisconnected"),
                ({"fault": "truncate"}, lambda r: r[0] == "IncompleteRead"), ({"fault": "short"}, lambda r: r[0] == "JSONDecodeError"),
                ({"fault": "freeze", "seconds": 10}, lambda r: r[0] == "IncompleteRead"),
                ({"fault": "type", "type": "text/html"}, lambda r: r[1]["Content-Type"] == "text/html"),
                ({"fault": "type", "type": None}, lambda r: r[0] == 200 and "Content-Type" not in r[1]),
                ({"fault": "page"}, lambda r: "html" in r[2]), ({"fault": "garbage", "text": "[1,"}, lambda r: r[0] == "JSONDecodeError"),
                ({"fault": "redirect", "status": 302}, lambda r: r[0] == 302 and r[1]["Location"].endswith(f"/moved/sapi/v2/problems/{one}/")),
                ({"fault": "abroad", "status": 307}, lambda r: r[0] == 307 and s.host not in r[1]["Location"]),
                ({"fault": "clock", "shift": 1e9}, lambda r: r[0] == 200 and r[1]["Date"] > "" and "205" in r[1]["Date"]),
                ({"fault": "status_word"}, lambda r: r[2]["status"] == "SLEEPING"),
                ({"fault": "drip", "pieces": 4, "seconds": 20}, lambda r: r[2] == right[2]),
                ({"fault": "stall", "seconds": 20, "late": True}, lambda r: r[2] == right[2])):
            s.rules(rule)
            t = time.monotonic()
            got = look()
            assert want(got), (rule, got)
            assert rule.get("seconds", 0) == 0 or 0.08 < time.monotonic() - t < 5, rule
            assert look()[2] == right[2], rule
        s.rules({"fault": "status", "status": 500, "times": -1})
        assert look()[0] == look()[0] == 500 and not s.rules() and look()[0] == 200
        for fault, more in (("status", 0), ("accepted", 1), ("reset", 0), ("hangup", 0)):
            before = count()
            s.rules({"fault": fault, "status": 500, "on": "submit"})
            assert tried(s, "POST", "problems/", new())[0] != 200 and count() == before + more, fault
        for fault in "reset", "hangup":
            before = count()
            s.rules({"fault": fault, "on": "submit", "late": True})
            assert tried(s, "POST", "problems/", new())[0] != 200 and count() == before + 1, fault
        for rule, size in (({"fault": "omit"}, 1), ({"fault": "double"}, 3), ({"fault": "extra"}, 3), ({"fault": "swap"}, 2)):
            s.rules(rule)
            out = s.call("POST", "problems/", new() + [{**new()[0], "label": "second"}])[2]
            assert len(out) == size and (rule["fault"] != "swap" or out[0]["label"] == "second")
        for rule, status in (({"fault": "failed", "message": "broken"}, "FAILED"), ({"fault": "cancelled"}, "CANCELLED"), ({"fault": "forever"}, "PENDING")):
            s.rules(rule)
            out = s.call("POST", "problems/", new())[2][0]
            assert s.call("GET", f"problems/{out['id']}/?timeout=10")[2]["status"] == status
        s.rules({"fault": "lag", "seconds": 20})
        s.call("POST", "problems/", [{**new()[0], "label": "lagging"}])
        find = lambda: s.call("GET", "problems/?label=lagging")[2]
        assert find() == [] and not time.sleep(0.25) and len(find()) == 1
        packed = faults.bomb()
        unpacker, size = zlib.decompressobj(31), 0
        while packed and size < 64 << 20:
            size += len(unpacker.decompress(packed, 1 << 20))
            packed = unpacker.unconsumed_tail
        assert size == 64 << 20 and len(faults.bomb()) < 2 << 20
        s.rules({"fault": "oversize"})
        c = http.client.HTTPConnection(s.host)
        c.request("GET", f"/sapi/v2/problems/{one}/", headers={"X-Auth-Token": s.token, "Accept": "version=3"})
        reply = c.getresponse()
        assert len(reply.read(50 << 20)) == 50 << 20
        c.close()
    draw = lambda seed: [r.match(op) for r in [faults.Rules([{"chaos": seed, "p": 0.5}])] for op in faults.EVERY * 20]
    assert draw(1) == draw(1) != draw(2) and sum(len(x) for x in draw(3)) == 10


looks = {"graphs": graphs, "reads": reads, "protocol": protocol, "refusals": refusals, "answers": answers, "child": child, "faults": faults_alone}
looks[sys.argv[1]]()
