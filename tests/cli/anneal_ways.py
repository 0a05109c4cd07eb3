"""anneal_ways.py CALOQ FOLDER - how `caloq anneal` finds its service, whom it trusts, and what it refuses.

Each case is a function; a line for each that fails, a count at the end; the exit status is the verdict.
"""
import os
import shutil
import socket
import subprocess
import sys
import time

import h5py

import anneal_kit
from sapi import talk


def without(desk, *names):
    return {k: v for k, v in desk.env.items() if k not in names}


def profile(desk, text, mode=0o600):
    """A dwave.conf where the program looks for one."""
    folder = os.path.join(desk.work, "config", "dwave")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "dwave.conf")
    with open(path, "w") as f:
        f.write(text.format(token=desk.token, url=desk.server.url))
    os.chmod(path, mode)
    desk.env["XDG_CONFIG_HOME"] = os.path.dirname(folder)
    return path


def dwave_conf_is_enough(desk):
    path = profile(desk, "[defaults]\nprofile = here\n[else]\ntoken = wrong\n[here]\nendpoint = {url}\ntoken = {token}\nsolver = Z\n")
    desk.env = without(desk, "DWAVE_API_TOKEN")
    del desk.keys["anneal.endpoint"], desk.keys["anneal.solver"]
    run = desk.run()
    desk.whole(run)
    assert desk.server.url in run.err and path in run.err, run.err # whom it talks to, and who said so
    assert "readable" not in run.err, run.err
    desk.silent(run, but=path)


def a_token_for_all_to_read_earns_a_warning(desk):
    path = profile(desk, "[defaults]\ntoken = {token}\n", 0o644)
    desk.env = without(desk, "DWAVE_API_TOKEN")
    run = desk.run()
    desk.whole(run)
    assert any(path in line and "read" in line for line in run.err.split("\n")), run.err
    desk.silent(run, but=path)


def the_environment_is_over_the_file_and_the_config_over_both(desk):
    path = profile(desk, "[defaults]\nendpoint = http://127.0.0.1:9/file/\ntoken = {token}-file\n")
    desk.env["DWAVE_API_ENDPOINT"] = desk.server.url.rstrip("/") # the last stroke may be left out
    key = desk.keys.pop("anneal.endpoint")
    run = desk.run()
    desk.whole(run)
    assert "DWAVE_API_ENDPOINT" in run.err, run.err
    desk.env["DWAVE_API_ENDPOINT"] = "http://127.0.0.1:9/environment/"
    desk.fresh(**{"anneal.endpoint": key})
    run = desk.run()
    desk.whole(run)
    assert "anneal.endpoint" in run.err, run.err
    desk.silent(run, but=path)


def refused(words, more=None, env=None, drop=(), quick=3.0):
    def case(desk):
        desk.keys.update(more or {})
        desk.env = without(desk, *drop)
        desk.env.update(env or {})
        run = desk.run(limit=30)
        desk.orderly(run, *words)
        assert run.seconds < quick or os.getloadavg()[0] > 2, f"{run.seconds:.1f} s"
        assert not [x for x in desk.server.requests() if x["op"] == "submit"] and not desk.server.ledger()
        assert desk.env.get("DWAVE_API_TOKEN", desk.token) not in run.err + run.out
    return case


def nothing_answers(desk):
    with socket.socket() as s: # bound and not listening: nobody else gets the port
        s.bind(("127.0.0.1", 0))
        desk.keys.update({"anneal.endpoint": f"http://127.0.0.1:{s.getsockname()[1]}/sapi/v2/", "anneal.deadline": 60})
        run = desk.run(limit=20)
    desk.orderly(run, "127.0.0.1")
    desk.silent(run)


def a_token_in_the_config_is_refused(desk):
    for key in "anneal.token", "anneal.api_token":
        run = desk.run(**{key: desk.token})
        assert run.status in (1, 2) and desk.token not in run.err + run.out, run.err
        assert not os.path.exists(os.path.join(desk.work, "run", "anneal.config.yaml")) or \
            desk.token not in open(os.path.join(desk.work, "run", "anneal.config.yaml")).read()


def a_proxy_is_used_and_its_password_not_shown(desk):
    with talk.StandIn(desk.work, "--solver", "Z=zephyr,2", "--time-scale", str(desk.scale), token=desk.token) as proxy:
        desk.keys["anneal.proxy"] = f"http://user:pass-word-17@{proxy.host}/"
        run = desk.run()
        assert run.status == 0, run.err[-600:]
        assert "pass-word-17" not in run.err + run.out and not desk.server.ledger() and len(proxy.ledger()) == 4
        asked = [x for x in proxy.requests() if x["op"]]
        assert asked and all(x["path"].startswith(desk.server.url) for x in asked), asked[0]["path"]


def certificate(desk):
    cert, key = (os.path.join(desk.work, name) for name in ("cert.pem", "key.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=stand-in", "-addext", "subjectAltName=IP:127.0.0.1", "-out", cert, "-keyout", key],
                   check=True, capture_output=True)
    return cert, key


def tls_with_a_certificate_of_ones_own(desk):
    cert, key = certificate(desk)
    with talk.StandIn(desk.work, "--solver", "Z=zephyr,2", "--time-scale", str(desk.scale), "--certificate", cert, "--key", key, token=desk.token) as s:
        desk.keys["anneal.endpoint"] = s.url
        run = desk.run(limit=20)
        desk.orderly(run, "certificate")
        assert not s.requests(), "it talked to a server that it does not know"
        run = desk.run(**{"anneal.ca_file": cert})
        assert run.status == 0 and run.result["reads"] == desk.reads, run.err[-600:]
        run = desk.run(limit=20, **{"anneal.ca_file": cert, "anneal.endpoint": s.url.replace("127.0.0.1", "localhost"),
                                    "run.dir": os.path.join(desk.work, "other")})
        desk.orderly(run, "certificate") # another name than it was made out to
        desk.silent(run)


def solvers_are_listed_and_shown(desk):
    run = desk.run(**{"anneal.what": "solvers"})
    assert run.status == 0 and "Z" in run.err + run.out and "zephyr" in (run.err + run.out).lower(), run.err[-600:]
    run = desk.run(**{"anneal.what": "solver"})
    assert run.status == 0 and "0100000001" in run.err + run.out, (run.err + run.out)[-900:] # its graph_id
    run = desk.run(**{"anneal.what": "cost"})
    assert run.status == 0 and not desk.server.ledger(), run.err[-600:]
    desk.silent(run)
    charged = desk.run()
    desk.whole(charged)
    cost, paid = run.result.get("access_time_us"), sum(x["charge"] for x in desk.server.ledger())
    assert abs(cost - paid) < 1e-6 * paid and abs(charged.result["access_time_us"] - paid) < 1e-6 * paid, (cost, paid, charged.result)


def a_child_draws_at_the_temperature_it_is_asked_for(desk):
    """The stand-in sends what was submitted to a `caloq anneal anneal.what=serve`; the reads come back at its temperature."""
    model = os.path.join(desk.work, "stronger.h5")
    anneal_kit.machine(model, 2, 10, 5, weight=0.5)
    serve = f"{desk.caloq} anneal anneal.what=serve run.dir={desk.work}/serve"
    with talk.StandIn(desk.work, "--solver", "Z=zephyr,2", "--child", serve, "--beta", "1.5", token=desk.token) as s:
        run = desk.run(**{"anneal.model": model, "anneal.endpoint": s.url, "anneal.reads": 4000, "anneal.max_reads": 2000})
        assert run.status == 0, run.err[-600:]
        beta, error = run.result["beta"], run.result["beta_error"]
        assert error < 0.1 and abs(beta - 1.5) < 5 * error, (beta, error)


def a_kinetic_child_has_its_own_temperature_and_takes_parameters(desk):
    """Weakly coupled spins come back at the published temperature of single ones, 0.112 of an Advantage2_system1; a flux
    bias clamps its qubit up (P(down) = exp(-2 * 0.004 / 5.74e-4 / 0.112) = 1e-54)."""
    model, biases = os.path.join(desk.work, "weak.h5"), os.path.join(desk.work, "biases.txt")
    anneal_kit.machine(model, 2, 10, 5, weight=0.5)
    with h5py.File(model) as f:
        qubit = f["qubits"][3]
    with open(biases, "w") as f:
        f.write(f"{qubit} 0.004\n")
    serve = f"{desk.caloq} anneal anneal.what=serve anneal.backend=kinetic anneal.noise=[none] anneal.chip=2 run.dir={desk.work}/serve"
    with talk.StandIn(desk.work, "--solver", "Z=zephyr,2", "--child", serve, token=desk.token) as s:
        run = desk.run(**{"anneal.model": model, "anneal.endpoint": s.url, "anneal.reads": 4000, "anneal.scale": 20})
        assert run.status == 0, run.err[-600:]
        beta, error = run.result["beta"], run.result["beta_error"]
        assert abs(beta * 0.112 - 1) < 0.05 + 5 * error * 0.112, (beta, error)
        run = desk.run(**{"anneal.model": model, "anneal.endpoint": s.url, "anneal.reads": 500, "anneal.scale": 20,
                          "anneal.flux_biases": biases})
        assert run.status == 0, run.err[-600:]
        with h5py.File(desk.output) as f:
            assert f["states"][:, 3].all() and 0.05 < f["states"][:, :3].mean() < 0.95, f["states"][:, :4].mean(0)


def units_are_held_by_flux_biases_and_gauges_are_problems(desk):
    """Two energies in three gauges are six problems; held units take the asked bits by flux biases, a bias of the sign and size
    that the service's qubits have; on chains by fragments. Without the solver's name nothing is known of its flux."""
    model = os.path.join(desk.work, "conditional.h5")
    anneal_kit.conditional(model, 3, 12, 6)
    serve = f"{desk.caloq} anneal anneal.what=serve run.dir={desk.work}/serve"
    with talk.StandIn(desk.work, "--solver", "Z=zephyr,3", "--child", serve, "--beta", "1.0", token=desk.token) as s:
        desk.keys.update({"anneal.model": model, "anneal.endpoint": s.url, "anneal.reads": 1200, "anneal.max_reads": 1000, "anneal.gauges": 3,
                          "anneal.energies": "[2000, 300000]", "anneal.condition": "flux"})
        desk.orderly(desk.run(), "anneal.flux_per_h")
        assert not s.ledger()
        cost = desk.run(**{"anneal.flux_per_h": 7.07e-4, "anneal.what": "cost"})
        run = desk.run(**{"anneal.flux_per_h": 7.07e-4})
        assert run.status == 0, run.err[-600:]
        paid = sum(x["charge"] for x in s.ledger())
        assert cost.result["problems"] == 6 and abs(cost.result["access_time_us"] - paid) < 1e-6 * paid, (cost.result, paid)
        program = run.result["program"]
        assert len(s.ledger()) == 6 and program["gauges"] == 3 and program["reads"] == 1200, (s.ledger(), program)
        assert program["lost"] <= 12 and run.result["reads"] == 1200 - program["lost"], program
        assert abs(run.result["beta"] - 1) < 5 * run.result["beta_error"] < 0.5, run.result["beta"]
        again = desk.run(**{"anneal.flux_per_h": 7.07e-4}) # the same gauges: everything is in the journal
        assert again.status == 0 and len(s.ledger()) == 6 and again.result["energy_mean"] == run.result["energy_mean"], again.err[-600:]
        desk.keys["run.dir"] = os.path.join(desk.work, "chains")
        run = desk.run(**{"anneal.condition": "fold", "anneal.gauges": 2, "anneal.embedding": "clique", "anneal.chain_rule": "fixed",
                          "anneal.chain_strength": 2, "anneal.scale": 2})
        assert run.status == 0 and len(s.ledger()) == 10 and run.result["program"]["chain_longest"] > 1, run.err[-600:]
        refused = desk.run(**{"anneal.condition": "fold", "anneal.embedding": "clique", "anneal.chain_rule": "fixed", "anneal.chain_strength": 2.5})
        desk.orderly(refused, "-2 to 1")
        assert len(s.ledger()) == 10


NO_TOKEN = dict(drop=("DWAVE_API_TOKEN",))
CASES = {
    **{case.__name__.replace("_", " "): case for case in (
        dwave_conf_is_enough, a_token_for_all_to_read_earns_a_warning, the_environment_is_over_the_file_and_the_config_over_both,
        nothing_answers, a_token_in_the_config_is_refused, a_proxy_is_used_and_its_password_not_shown,
        tls_with_a_certificate_of_ones_own, a_child_draws_at_the_temperature_it_is_asked_for, a_kinetic_child_has_its_own_temperature_and_takes_parameters,
        units_are_held_by_flux_biases_and_gauges_are_problems, solvers_are_listed_and_shown)},
    "no token": refused(["DWAVE_API_TOKEN"], **NO_TOKEN),
    "a token of two lines": refused(["token"], env={"DWAVE_API_TOKEN": "line\nX-Other: line"}),
    "http to another machine": refused(["http"], {"anneal.endpoint": "http://192.0.2.1/sapi/v2/"}),
    "a name that begins like this machine's": refused(["http"], {"anneal.endpoint": "http://127.0.0.1.example.org/sapi/v2/"}),
    "this machine's name as a user of another": refused(["anneal.endpoint"], {"anneal.endpoint": "http://127.0.0.1@192.0.2.1/sapi/v2/"}),
    "a file for an endpoint": refused(["anneal.endpoint"], {"anneal.endpoint": "file:///etc/hostname"}),
    "a solver that is not there": refused(["Z9"], {"anneal.solver": "Z9"}),
    "a dwave.conf that is not there": refused(["none.conf"], env={"DWAVE_CONFIG_FILE": "/none.conf"}),
    "a profile that is not there": refused(["nobody"], env={"DWAVE_PROFILE": "nobody"}),
}


def main():
    caloq, folder = sys.argv[1:3]
    only = os.environ.get("CALOQ_ONLY", "")
    bad, done = 0, 0
    with anneal_kit.Desk(caloq, folder, "ways") as desk:
        env = desk.env
        for name, case in CASES.items():
            if only not in name or name.startswith("tls") and not shutil.which("openssl"):
                continue
            desk.env = dict(env)
            desk.fresh()
            done += 1
            start = time.monotonic()
            try:
                case(desk)
            except Exception as why:
                bad += 1
                print(f"FAILED: ways: {name}: {type(why).__name__}: {why}")
            if os.environ.get("CALOQ_SLOW"):
                print(f"  {time.monotonic() - start:5.2f} s {name}")
    print(f"ways: {done - bad} held, {bad} failed")
    sys.exit(bad != 0 or not done)


if __name__ == "__main__":
    main()
