"""The graphs of D-Wave's chips and what a solver tells of itself.

Written from the definitions of the graphs alone, so that caloq's generators have a second opinion:
tests/cli/sapi.sh holds both to the sums in tests/vectors/topologies.txt.
"""
import random


def chimera(m, n=None, t=4):
    """Cells of 2 t qubits: ((i n + j) 2 + u) t + k."""
    n = n or m
    at = lambda i, j, u, k: ((i * n + j) * 2 + u) * t + k
    for i in range(m):
        for j in range(n):
            for k in range(t):
                yield from ((at(i, j, 0, k), at(i, j, 1, l)) for l in range(t))
                if i + 1 < m:
                    yield at(i, j, 0, k), at(i + 1, j, 0, k)
                if j + 1 < n:
                    yield at(i, j, 1, k), at(i, j + 1, 1, k)


def pegasus(m):
    """The fabric, as built: ((u m + w) 12 + k)(m - 1) + z without the ends that reach nothing."""
    vertical, horizontal = [2] * 4 + [10] * 4 + [6] * 4, [6] * 4 + [2] * 4 + [10] * 4
    at = lambda u, w, k, z: ((u * m + w) * 12 + k) * (m - 1) + z
    there = lambda w, k: not (w == 0 and k < 2 or w == m - 1 and k >= 10)
    for w in range(m):
        for k in range(12):
            for z in range(m - 1):
                for u in (0, 1):
                    if not there(w, k):
                        continue
                    if z + 1 < m - 1:
                        yield at(u, w, k, z), at(u, w, k, z + 1)
                    if k % 2 == 0 and there(w, k + 1):
                        yield at(u, w, k, z), at(u, w, k + 1, z)
                for l in range(12):
                    x, y = z + (l < vertical[k]), w - (k < horizontal[l])
                    if 0 <= y < m - 1 and there(w, k) and there(x, l):
                        yield at(0, w, k, z), at(1, x, l, y)


def zephyr(m, t=4):
    """(((u (2m + 1) + w) t + k) 2 + j) m + z: wires of two cells, half a wire apart."""
    M = 2 * m + 1
    at = lambda u, w, k, j, z: (((u * M + w) * t + k) * 2 + j) * m + z
    for w in range(M):
        for k in range(t):
            for z in range(m):
                for u in (0, 1):
                    yield at(u, w, k, 0, z), at(u, w, k, 1, z)
                    if z + 1 < m:
                        yield at(u, w, k, 0, z), at(u, w, k, 0, z + 1)
                        yield at(u, w, k, 1, z), at(u, w, k, 1, z + 1)
                        yield at(u, w, k, 1, z), at(u, w, k, 0, z + 1)
                for j in (0, 1):
                    for x in (2 * z + j, 2 * z + j + 1):
                        for i in (0, 1):
                            y = (w - i) // 2 # w is 2y + i or 2y + i + 1
                            if 0 <= y < m:
                                yield from ((at(0, w, k, j, z), at(1, x, l, i, y)) for l in range(t))


MAKE = {"chimera": chimera, "pegasus": pegasus, "zephyr": zephyr}


def graph(kind, *shape):
    """Qubits and couplers (u < v), sorted."""
    couplers = sorted((min(e), max(e)) for e in MAKE[kind](*shape))
    return sorted({q for e in couplers for q in e}), couplers


# What differs from chip to chip; times in microseconds (spec/annealer.md 6.1, 6.4).
KINDS = {
    "chimera": dict(h_range=[-2.0, 2.0], extended_j_range=[-2.0, 1.0], per_qubit_coupling_range=[-9.0, 6.0],
                    programming=10536.81, sizes=[0.0, 3.30984], times=[2.29754, 2.29754], decorrelation=[10000.0, 10000.0]),
    "pegasus": dict(h_range=[-4.0, 4.0], extended_j_range=[-2.0, 1.0], per_qubit_coupling_range=[-18.0, 15.0],
                    programming=14072.88, sizes=[0.0, 0.76997, 1.72428, 2.71198, 3.16391, 3.75028],
                    times=[1.53913, 1.87266, 2.12563, 2.33267, 2.37161, 2.37162], decorrelation=[500.0, 10000.0]),
    "zephyr": dict(h_range=[-4.0, 4.0], extended_j_range=[-2.0, 1.0], per_group_coupling_range=[-13.0, 10.0],
                   programming=33600.0, sizes=[0.0, 3.66], times=[1.23045, 2.00432], decorrelation=[0.0, 0.0]),
}

PARAMETERS = """anneal_offsets anneal_schedule annealing_time answer_mode auto_scale fast_anneal flux_biases
flux_drift_compensation h_gain_schedule initial_state label num_reads programming_thermalization readout_thermalization
reduce_intersample_correlation reinitialize_state""".split()


def solver(name, kind, *shape, dead=0, seed=1, graph_id=None):
    """A solver of this chip, `dead` qubits short, as GET solvers/remote/NAME tells it."""
    special = dict(KINDS[kind])
    qubits, couplers = graph(kind, *shape)
    total = max(qubits) + 1
    gone = set(random.Random(seed).sample(qubits, dead))
    qubits = [q for q in qubits if q not in gone]
    couplers = [e for e in couplers if not gone & set(e)]
    low, high = special.pop("decorrelation")
    timing = {
        "version": "1.0.2", "typical_programming_time": special.pop("programming"),
        "reverse_annealing_with_reinit_prog_time_delta": 0.0, "reverse_annealing_without_reinit_prog_time_delta": 5.55,
        "default_programming_thermalization": 1000.0, "default_annealing_time": 20.0,
        "readout_time_model": "pwl_log_log",
        "readout_time_model_parameters": special.pop("sizes") + special.pop("times"),
        "qpu_delay_time_per_sample": 20.54, "reverse_annealing_with_reinit_delay_time_delta": -4.5,
        "reverse_annealing_without_reinit_delay_time_delta": -1.5, "default_readout_thermalization": 0.0,
        "decorrelation_max_nominal_anneal_time": 2000.0, "decorrelation_time_range": [low, high],
    }
    full = {"chimera": lambda m, n=None, t=4: [m, n or m, t], "pegasus": lambda m: [m], "zephyr": lambda m, t=4: [m, t]}
    properties = {
        "category": "qpu", "chip_id": name, "topology": {"type": kind, "shape": full[kind](*shape)},
        "num_qubits": total, "qubits": qubits, "couplers": [list(e) for e in couplers],
        "supported_problem_types": ["ising", "qubo"], "parameters": {p: "" for p in PARAMETERS},
        "j_range": [-1.0, 1.0], "h_gain_schedule_range": [-4.0, 4.0], "num_reads_range": [1, 10000],
        "annealing_time_range": [0.5, 2000.0], "fast_anneal_time_range": [0.005, 2000.0],
        "default_annealing_time": 20.0, "default_programming_thermalization": 1000.0,
        "default_readout_thermalization": 0.0, "programming_thermalization_range": [0.0, 10000.0],
        "readout_thermalization_range": [0.0, 10000.0], "problem_run_duration_range": [0.0, 1000000.0],
        "max_anneal_schedule_points": 12, "max_h_gain_schedule_points": 20,
        "anneal_offset_ranges": [[-0.25, 0.25] if q not in gone else [0.0, 0.0] for q in range(total)],
        "anneal_offset_step": 0.0001, "anneal_offset_step_phi0": 1e-5,
        "problem_timing_data": timing, "quota_conversion_rate": 1, "tags": [], **special,
    }
    return {
        "identity": {"name": name, "version": {"graph_id": graph_id or f"01{seed:08x}"}},
        "status": "ONLINE", "description": "a stand-in, nothing quantum", "avg_load": 0.02, "properties": properties,
    }
