"""anneal_faults.py CALOQ FOLDER alone|chaos|kill|long|bench [FIRST COUNT] - `caloq anneal` against a stand-in that fails.

  alone   every fault by itself, where it can strike (`alone 0 1`: in all its variants)
  chaos   sequences of faults, seeds FIRST to FIRST + COUNT - 1; every third is killed on the way, too
  kill    a batch that is killed (KILL) at moments of seed FIRST ..., and started again until it ends
  long    COUNT problems: memory, threads and descriptors stay as they are
  bench   10,000 reads of Zephyr 4 x 302: what a problem costs beyond the server's time (a figure, not a verdict)

Prints a line for each failure, a count at the end; the exit status is the verdict. CALOQ_SLOW=1 tells
the slowest.
"""
import os
import random
import signal
import sys

import anneal_kit
from sapi import faults

DESKS = 3


def again(desk, first):
    """After an orderly end without faults: everything is there, nothing was paid twice."""
    desk.server.rules()
    desk.server.set(label_lag=0, latency=0)
    second = desk.run(**{"anneal.unseen": "resubmit"}) # what was never seen may be sent again now
    desk.whole(second)
    desk.silent(first, second)


def passing(rules, must=True, inline=False, **keys):
    """Faults that pass: the run ends well (must), or orderly and is whole when run again."""
    def task(desk):
        desk.fresh(**keys)
        desk.server.set(inline=inline)
        desk.server.rules(*rules)
        run = desk.run()
        if run.status == 0:
            desk.whole(run)
            desk.silent(run)
        else:
            desk.orderly(run)
            assert not must, f"gave up: {run.err[-600:]}"
            again(desk, run)
    return task


def lasting(rules, words, more=None, rerun=False, **keys):
    """Faults that stay: an orderly end that says these words; then, without them, perhaps a good one."""
    def task(desk):
        desk.fresh(**keys)
        if more:
            desk.server.set(**more)
        desk.server.rules(*rules)
        run = desk.run()
        desk.orderly(run, *words)
        if rerun:
            again(desk, run)
        desk.silent(run)
    return task


LOST = {"fault": "reset", "on": "submit", "late": True} # makes the client look the label up
# a first copy that shows up while the second is worked on, which shows no more
LATE = [{"fault": "lag", "seconds": 80, "own": True}, LOST, {"fault": "lag", "seconds": 10000, "own": True, "skip": 1}, {"fault": "late", "seconds": 200, "skip": 1}]
# what no client can tell from a service that says so: it may give up, but orderly
DOUBTFUL = ("page", "garbage", "deep", "oversize", "bomb", "type", "abroad", "redirect")


def alone(everything):
    turn = 0
    for fault, (places, variants) in sorted(faults.TRANSIENT.items()):
        for place in places:
            if place in ("cancel", "solvers", "poll"): # cancelling has tests of its own; the others go unasked
                continue
            turn += 1 # elsewhere than on submit the variants take turns
            for variant in variants if everything or place == "submit" else [variants[turn % len(variants)]]:
                rule = {"fault": fault, "on": place, **variant}
                rules = [LOST, rule] if place == "lookup" else [rule]
                must = fault not in DOUBTFUL
                yield f"{fault} {variant} on {place}", passing(rules, must)
    for fault in "bits", "active", "rows", "energies":
        for variant in faults.TRANSIENT[fault][1]:
            yield f"{fault} {variant} inline", passing([{"fault": fault, "on": "submit", **variant}], inline=True)
    named = {"fault": "swap", "on": "problem", "name": True, "skip": 2}
    yield "a look-up that sees nothing, once", passing([LOST, {"fault": "omit", "on": "lookup"}])
    yield "another problem's answer under this one's name", passing([named], **{"anneal.in_flight": 1})
    yield "a listing of all solvers", passing([{"fault": "status", "status": 503, "on": "solvers"}], **{"anneal.solver": ""})
    yield "a lost submit twice", passing([{**LOST, "times": 2}])
    yield "a label that shows late", passing([{"fault": "lag", "seconds": 5}, LOST])
    yield "a slow chip", passing([{"fault": "late", "seconds": 40, "times": -1}])
    for status, word in ((401, "token"), (403, "403"), (404, "404")):
        yield f"{status} from the start", lasting([{"fault": "status", "status": status, "on": "any", "times": -1}], [word])
        yield f"{status} on submit", lasting([{"fault": "status", "status": status, "on": "submit", "times": -1}], [word], rerun=True)
    yield "409 on submit", lasting([{"fault": "status", "status": 409, "on": "submit", "times": -1}], ["409"], rerun=True)
    yield "a second copy refused", lasting([{"fault": "lag", "seconds": 10000}, LOST, {"fault": "status", "status": 403, "on": "submit", "skip": 1, "times": -1}],
                                           ["403"], rerun=True, **{"anneal.in_flight": 1})
    yield "a first copy that shows late, and a second that does not", told_twice
    yield "a second copy that the service ends", lasting([{"fault": "lag", "seconds": 10000}, LOST, {"fault": "failed", "message": "no such luck", "skip": 1}],
                                                         ["no such luck"], **{"anneal.in_flight": 1})
    for status in 429, 503:
        yield f"{status} for ever", lasting([{"fault": "status", "status": status, "retry_after": 2, "on": "submit", "times": -1}],
                                            [str(status)], rerun=True, **{"anneal.deadline": 60})
    yield "pending for ever", lasting([{"fault": "forever"}], ["caloq-"], **{"anneal.deadline": 60})
    yield "a label that does not show", lasting([{"fault": "lag", "seconds": 10000}, LOST], ["caloq-"], rerun=True, **{"anneal.unseen": "stop"})
    for fault in "reset", "hangup": # did the service have it? Nobody knows, and nobody guesses
        yield f"a submit's {fault}, never seen", lasting([{"fault": fault, "on": "submit"}], ["caloq-"], rerun=True, **{"anneal.unseen": "stop"})
    yield "failed", lasting([{"fault": "failed", "message": "internal error", "times": -1}], ["internal error"])
    yield "cancelled by another", lasting([{"fault": "cancelled", "times": -1}], ["CANCELLED"])
    yield "refused", lasting([{"fault": "item", "code": 400, "message": "no such chip"}], ["no such chip"])
    yield "offline", lasting([], ["Z"], {"status": "OFFLINE"})
    yield "another graph", lasting([{"fault": "graph", "on": "problem", "times": -1}], ["01deadbeef"])
    yield "another graph than pinned", lasting([], ["01cafe"], **{"anneal.solver": "Z;graph_id=01cafe"})
    yield "the token in an error", lasting([{"fault": "message", "on": "any", "times": -1}], ["400"])
    yield "bits that stay wrong", lasting([{"fault": "bits", "how": "order", "on": "problem", "times": -1}], ["energ"], rerun=True)
    yield "a redirect in a circle", lasting([{"fault": "redirect", "status": 307, "loop": True, "on": "solver", "times": -1}], [])
    for sign in signal.SIGTERM, signal.SIGUSR1:
        yield f"signal {sign} leaves the paid problems", stopped(sign, "leave")
        yield f"signal {sign} cancels them", stopped(sign, "cancel")
    for fault in "status", "reset", "stall", "garbage":
        variant = faults.TRANSIENT[fault][1][0]
        yield f"{fault} while cancelling", stopped(signal.SIGTERM, "cancel", [{"fault": fault, "on": "cancel", **variant}])
    yield "no pause without need", prompt
    yield "three ranks", ranks([{"fault": "status", "status": 503}], 0)
    yield "three ranks leave together", ranks([{"fault": "status", "status": 403, "on": "submit", "times": -1}], 1)
    yield "three ranks stop together", ranks([], 75, signal.SIGUSR1)
    yield "a budget of problems", budget("anneal.max_problems", 2)
    yield "a budget of time", budget("anneal.max_access_time", 80000) # a problem of 10 reads takes 35 ms


def stopped(sign, how, rules=()):
    """A signal while problems wait: status 75, cancelled or left; the next start makes everything whole."""
    def task(desk):
        desk.fresh(**{"anneal.on_stop": how})
        desk.server.set(latency=300)
        desk.server.rules(*rules)
        run = desk.run(stop=(desk.waiting(), sign))
        assert run.status == 75, f"exit status {run.status}: {run.err[-600:]}"
        left = [x["status"] for x in desk.server.ledger()]
        want = "CANCELLED" if how == "cancel" else "PENDING"
        assert left == [want] * 2 or rules and left, f"{left}, expected {want}"
        again(desk, run)
    return task


def ranks(rules, status, stop=None):
    """One of three ranks talks to the service; they end together, whatever comes."""
    def task(desk):
        desk.fresh()
        desk.server.rules(*rules)
        desk.server.set(latency=300 if stop else 0)
        run = desk.run(ranks=3, stop=stop and (desk.waiting(), stop))
        assert run.status == status, f"exit status {run.status} after {run.seconds:.1f} s: {run.err[-900:]}"
        if status == 0:
            desk.whole(run)
        assert run.err.count("caloq: ") <= 1 or status == 0, run.err # one sentence, not one a rank
        desk.paid()
        again(desk, run)
    return task


def told_twice(desk):
    """What it cannot prevent it finds out: the reply to the look-up before the end is about another problem."""
    desk.fresh(reads=10, **{"anneal.in_flight": 1})
    desk.server.rules(*LATE)
    run = desk.run()
    assert run.status == 1 and "two problems" in run.err, f"exit status {run.status}: {run.err[-600:]}"
    desk.silent(run)


def prompt(desk):
    """Every pause is ten times as long as by default, so that one shows; there is none between a reply and the first poll."""
    desk.fresh(per=2, **{"anneal.time_scale": 10, "anneal.in_flight": 1})
    run = desk.run()
    desk.whole(run)
    times = [x for x in desk.server.call("GET", "/_test/times")[2] if x[0] in ("submit", "problem")]
    pauses = [b[1] - a[2] for a, b in zip(times, times[1:])]
    assert sum(p > 0.3 for p in pauses) < 4, pauses # a busy machine has pauses of its own


def budget(key, value):
    """It stops where the money ends, with status 0 or 1 and a word on it; it goes on when there is more."""
    def task(desk):
        desk.fresh()
        first = desk.run(**{key: value})
        assert first.status in (0, 1), f"exit status {first.status}: {first.err[-600:]}"
        assert len(desk.paid()) == 2, f"{len(desk.paid())} problems were paid"
        assert key in first.err + first.out, f"{key} is not named: {first.err[-600:]}"
        again(desk, first)
    return task


def chaos(seed):
    def task(desk):
        r = random.Random(seed)
        desk.fresh(reads=r.choice((24, 40)), per=r.choice((4, 7, 10)), **{"anneal.in_flight": r.choice((1, 2, 4)), "run.seed": seed + 1})
        desk.server.set(latency=r.choice((0, 0, 3, 15)), inline=r.random() < 0.25)
        desk.server.rules({"chaos": seed, "p": r.choice((0.15, 0.3, 0.6)), "most": r.choice((3, 8, 12))})
        runs, killed = [], r.randrange(1, 4) if seed % 3 == 0 else 0
        for turn in range(8):
            stop = (r.uniform(0.1, 1.0), signal.SIGKILL) if turn < killed else None
            runs.append(desk.run(stop=stop))
            assert runs[-1].status in (0, 1, -signal.SIGKILL), f"exit status {runs[-1].status} after {runs[-1].seconds:.1f} s: {runs[-1].err[-600:]}"
            desk.paid()
            if runs[-1].status == 0:
                desk.whole(runs[-1])
                return desk.silent(*runs)
            if runs[-1].status == 1:
                desk.orderly(runs[-1])
            if turn >= killed:
                desk.server.set(label_lag=0)
                if turn > killed:
                    desk.server.rules()
        raise AssertionError(f"not whole after {len(runs)} starts: {runs[-1].err[-600:]}")
    return task


def kill(seed):
    """KILL at random moments, again and again, then to the end."""
    def task(desk):
        r = random.Random(seed)
        desk.fresh(reads=60, per=5, **{"anneal.in_flight": r.choice((1, 3))})
        desk.server.set(latency=r.choice((0, 5, 20)), inline=seed % 4 == 0)
        runs = []
        for _ in range(6):
            runs.append(desk.run(stop=(r.uniform(0.05, 0.6), signal.SIGKILL)))
            desk.paid()
            if runs[-1].status == 0:
                break
            assert runs[-1].status == -signal.SIGKILL, f"exit status {runs[-1].status}: {runs[-1].err[-600:]}"
        last = desk.run() if runs[-1].status else runs[-1]
        desk.whole(last)
        desk.silent(*runs, last)
    return task


def long(desk, problems):
    """Memory, threads and descriptors over many problems."""
    desk.fresh(reads=2 * problems, per=2, **{"anneal.in_flight": 4})
    run = desk.run(limit=60 + problems / 20, watch=0.02)
    desk.whole(run)
    said = max(x for x, _ in run.rss)
    early = [m for x, m in run.rss if said * 0.1 < x < said * 0.3]
    late = [m for x, m in run.rss if said * 0.8 < x < said * 0.97] # before all reads are written and their temperature is found
    assert len(early) > 3 and len(late) > 3, "too few looks"
    print(f"{problems} problems: {max(early)} kB early, {max(late)} kB late, {max(run.threads)} threads, {max(run.files)} descriptors, {run.seconds:.1f} s")
    # what the journal knows of a problem, some 140 bytes, is kept in a block that doubles; the samples have their room from the start
    assert max(late) - max(early) < 1024 + problems * 2 * 96 // 1024, f"{max(early)} kB early, {max(late)} kB late"
    n = len(run.threads)
    threads, before, after = run.threads[n // 4:-n // 10], run.files[n // 4:n // 2], run.files[n // 2:-n // 10]
    assert max(threads) == min(threads), run.threads
    assert max(after) <= max(before), run.files
    desk.silent(run)


def bench(desk):
    """Between the end of a reply and the next request, as the server saw it, one problem at a time; and the program's own
    processor time for one more problem, which a busy machine does not blur as much."""
    for reads, per in ((1000, 10), (10000, 1000)):
        cpu = []
        for n in 1, reads // per:
            desk.fresh(reads=n * per, per=per, **{"anneal.in_flight": 1, "anneal.label_wait": 60})
            run = desk.run(limit=300)
            desk.whole(run)
            cpu.append(run.result["client_cpu_ms"] * n)
        times = sorted(desk.server.call("GET", "/_test/times")[2], key=lambda x: x[1])
        times = [x for x in times if x[0] in ("submit", "problem")][:2 * n]
        pause = sum(max(0.0, b[1] - a[2]) for a, b in zip(times, times[1:]))
        print(f"Zephyr 4 x 302, {n} problems of {per} reads: {(cpu[1] - cpu[0]) / (n - 1):.2f} ms of processor a problem; "
              f"{1e3 * pause / n:.2f} ms between replies and requests; in all {run.seconds:.2f} s, load {os.getloadavg()[0]:.1f}")


def main():
    caloq, folder, what = sys.argv[1:4]
    first, count = (int(x) for x in (sys.argv[4:6] or (0, 1)))
    kinds = {"alone": lambda: list(alone(len(sys.argv) > 4)), "chaos": lambda: [(f"sequence {s}", chaos(s)) for s in range(first, first + count)],
             "kill": lambda: [(f"kill {s}", kill(s)) for s in range(first, first + count)],
             "bench": lambda: [("10,000 reads", bench)],
             "long": lambda: [(f"{count} problems", lambda desk: long(desk, count))]}
    only = os.environ.get("CALOQ_ONLY", "")
    tasks = [t for t in kinds[what]() if only in t[0]]
    special = dict(size=12, units=302, weight=0.02, scale=1.0) if what == "bench" else {}
    desks = [anneal_kit.Desk(caloq, folder, f"{what}{i}", **special) for i in range(min(DESKS, len(tasks)))]
    try:
        out = anneal_kit.in_turns(tasks, desks)
    finally:
        for desk in desks:
            desk.__exit__()
    for name, wrong, _ in sorted(x for x in out if x[1]):
        print(f"FAILED: {what}: {name}: {wrong}")
    if os.environ.get("CALOQ_SLOW"):
        for name, _, seconds in sorted(out, key=lambda x: -x[2])[:12]:
            print(f"  {seconds:5.2f} s {name}")
    bad = sum(1 for x in out if x[1])
    print(f"{what}: {len(out) - bad} held, {bad} failed")
    sys.exit(bad != 0 or not out)


if __name__ == "__main__":
    main()
