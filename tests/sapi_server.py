#!/usr/bin/env python3
"""A stand-in for D-Wave's solver service, on a free port of 127.0.0.1. Python's standard library alone.

usage: sapi_server.py --dir DIR [--solver NAME=KIND,SIZE[,T][-DEAD] ...] [--time-scale S] [--latency S]
                      [--inline] [--rules FILE] [--certificate CERT.PEM --key KEY.PEM] [--child COMMAND] [--beta BETA]

Prints the endpoint when it listens (DIR/url too). DIR/ledger.jsonl has a line for every problem that
was accepted (paid), DIR/requests.jsonl one for every request. The token it asks for is $SAPI_TOKEN.
Samples are pseudo-random bits, or those of a child that reads problems and writes samples, a line of
JSON each (`caloq anneal anneal.what=serve`), at inverse temperature BETA, or with anneal.backend=kinetic by
the parameters of the problem; the energies are those of the submitted problem. Faults: sapi/faults.py.
It ends by TERM, or when the process that started it has ended.
"""
import argparse
import json
import os
import signal
import ssl
import sys
import threading

sys.dont_write_bytecode = True
from sapi import child, chips, faults, service, wire


def solver(text, seed):
    name, _, shape = text.partition("=")
    shape, _, dead = shape.partition("-")
    kind, *sizes = shape.split(",")
    return chips.solver(name, kind, *map(int, sizes), dead=int(dead or 0), seed=seed)


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--dir", required=True)
    p.add_argument("--solver", action="append")
    p.add_argument("--time-scale", type=float, default=1.0)
    p.add_argument("--latency", type=float, default=0.0, help="seconds from submit to answer, before scaling")
    p.add_argument("--inline", action="store_true", help="answers in the reply to a submit")
    p.add_argument("--rules", help="a JSON file of fault rules")
    p.add_argument("--child", help="a command that draws the samples")
    p.add_argument("--beta", type=float, default=1.0, help="the inverse temperature the child is asked for")
    p.add_argument("--certificate")
    p.add_argument("--key")
    return p.parse_args()


def main():
    a = arguments()
    os.makedirs(a.dir, exist_ok=True)
    solvers = [solver(text, i + 1) for i, text in enumerate(a.solver or ["StandIn_Z4=zephyr,4"])]
    lock, out = threading.Lock(), open(os.path.join(a.dir, "requests.jsonl"), "a", buffering=1)

    def log(line):
        with lock:
            out.write(line + "\n")

    handler = wire.Handler
    sampler = child.Child(a.child, a.beta) if a.child else None
    handler.service = service.Service(solvers, a.dir, a.time_scale, a.latency, a.inline, sampler)
    handler.rules = faults.Rules(json.load(open(a.rules)) if a.rules else [])
    handler.token = os.environ.get("SAPI_TOKEN", "stand-in-token-5f0c1d")
    handler.log = staticmethod(log)
    tls = None
    if a.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(a.certificate, a.key)
    other = wire.listen(handler, elsewhere=True)
    handler.other = "http://%s:%d" % other.server_address[:2]
    home = wire.listen(handler, tls=tls)
    url = f"http{'s' if tls else ''}://127.0.0.1:{home.server_address[1]}/sapi/v2/"
    with open(os.path.join(a.dir, "url.new"), "w") as f:
        f.write(url + "\n")
    os.rename(os.path.join(a.dir, "url.new"), os.path.join(a.dir, "url"))
    print(url, flush=True)
    parent = os.getppid()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    while os.getppid() == parent and not ended.wait(1):
        pass
    if sampler:
        sampler.close()
    os._exit(0) # whatever the connections' threads are at


if __name__ == "__main__":
    main()
