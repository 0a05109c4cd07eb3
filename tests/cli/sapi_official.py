"""sapi_official.py FOLDER - D-Wave's own client against the stand-in: it lists, samples, waits, cancels, retrieves."""
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import dwave.cloud
from dwave.cloud import exceptions
from sapi import talk

for name in [n for n in os.environ if n.startswith("DWAVE_") or n.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ["XDG_CONFIG_HOME"] = os.environ["XDG_CONFIG_DIRS"] = os.environ["HOME"] = os.environ["XDG_CACHE_HOME"] = sys.argv[1]


def energy(h, J, row):
    return sum(v * row[q] for q, v in h.items()) + sum(v * row[a] * row[b] for (a, b), v in J.items())


def judge(found, h, J, reads):
    rows, energies = list(found.samples), list(found.energies)
    assert sum(found.num_occurrences) == reads, (len(rows), reads)
    # the server's sums have 40 bits after the point
    assert max(abs(energy(h, J, r) - e) for r, e in zip(rows, energies)) < 1e-8


r = random.Random(5)
with talk.StandIn(sys.argv[1], "--solver", "Z3=zephyr,3-5", "--solver", "P3=pegasus,3", "--solver", "C4=chimera,4") as s:
    with dwave.cloud.Client(endpoint=s.url, token=s.token) as client:
        assert sorted(x.name for x in client.get_solvers()) == ["C4", "P3", "Z3"]
        assert client.get_solver(topology__type="pegasus").name == "P3"
        for name in "Z3", "P3", "C4":
            solver = client.get_solver(name=name)
            h = {q: r.uniform(-1, 1) for q in sorted(solver.nodes)[3:90]}
            J = {(a, b): r.uniform(-1, 1) for a, b in solver.undirected_edges if a in h and b in h}
            judge(solver.sample_ising(h, J, num_reads=20, answer_mode="raw", label="raw"), h, J, 20)
            judge(solver.sample_ising(h, {}, num_reads=30), h, {}, 30)
            Q = {**{(q, q): v for q, v in h.items()}, **J}
            judge(solver.sample_qubo(Q, num_reads=20), h, J, 20)
        many = [solver.sample_ising({0: i / 40}, {}, num_reads=2, answer_mode="raw") for i in range(40)]
        assert all(abs(abs(e) - i / 40) < 1e-9 for i, f in enumerate(many) for e in f.energies)
        assert abs(many[0].timing["qpu_access_time"] - s.ledger()[-1]["charge"]) < 1e-6
        again = client.retrieve_answer(many[7].id)
        assert list(again.energies) == list(many[7].energies)
        s.set(latency=20)
        slow = solver.sample_ising({0: 1.0}, {})
        assert slow.wait_id()
        t = time.monotonic()
        slow.cancel()
        try:
            slow.result()
            raise AssertionError("not cancelled")
        except exceptions.CanceledFutureError:
            assert time.monotonic() - t < 15
        s.set(latency=0.5)
        t = time.monotonic()
        list(solver.sample_ising({0: 1.0}, {}).samples)
        assert 0.4 < time.monotonic() - t < 10 # it waited in a long poll, not on the clock
        try:
            solver.sample_ising({0: 1.0}, {}, num_reads=10001).result()
            raise AssertionError("not refused")
        except exceptions.SolverError as why:
            assert "num_reads" in str(why), why
    try:
        with dwave.cloud.Client(endpoint=s.url, token="another") as client:
            client.get_solvers()
        raise AssertionError("a wrong token was taken")
    except exceptions.SolverAuthenticationError:
        pass
    assert not any(x["body_has_token"] for x in s.requests())
