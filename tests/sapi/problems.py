"""A problem of format "qp": what is in it, what is wrong with it, its samples and energies.

A sample is canned: pseudo-random bits, a function of the job and of a salt. Energies are those of
the submitted problem. Columns of bits are Python's long integers with a lane for every read, so
that 10,000 reads of a whole chip take a fraction of a second without numpy.
"""
import array
import base64
import hashlib
import json
import math
import random
import sys

LANE = 8 # bytes a read has in a sum
SCALE = 1 << 40 # of the fixed-point numbers in a lane: |energy| < 2^22, each coefficient to 2^-41


class Refused(Exception):
    """The service's word for what is wrong with a problem."""


def doubles(text, name):
    try:
        raw = base64.b64decode(text, validate=True)
        values = array.array("d", raw)
    except (TypeError, ValueError) as why:
        raise Refused(f"invalid {name}: {why}") from None
    if sys.byteorder == "big":
        values.byteswap()
    return values


def encoded(kind, values):
    a = array.array(kind, values)
    if sys.byteorder == "big":
        a.byteswap()
    return base64.b64encode(a.tobytes()).decode()


def group(q, n, shape):
    """Which of the two coupler groups of a Zephyr qubit leads to its neighbour n (spec/annealer.md 1.5)?"""
    m, t = shape
    part = lambda x: (x // (2 * m * t * (2 * m + 1)), x // (2 * m * t) % (2 * m + 1), x // m % 2, x % m)
    (U, _, J, Z), (u, w, j, z) = part(q), part(n)
    if u != U:
        return w == 2 * Z + J + 1
    return z == Z + 1 if j == J else z == Z + J


class Problem:
    """One job of a POST, decoded: h by qubit and J by coupler, reads, parameters."""

    def __init__(self, job, solver):
        properties = solver["properties"]
        data, self.params, self.type = job["data"], job.get("params", {}), job.get("type")
        if data.get("format") != "qp":
            raise Refused("unsupported data format")
        if self.type not in properties["supported_problem_types"]:
            raise Refused(f"unsupported problem type {self.type}")
        linear = doubles(data["lin"], "lin")
        if len(linear) != len(properties["qubits"]):
            raise Refused(f"lin has {len(linear)} entries, expected {len(properties['qubits'])}")
        self.h = {q: v for q, v in zip(properties["qubits"], linear) if not math.isnan(v)}
        pairs = [(u, v) for u, v in properties["couplers"] if u in self.h and v in self.h]
        quadratic = doubles(data["quad"], "quad")
        if len(quadratic) != len(pairs):
            raise Refused(f"quad has {len(quadratic)} entries, expected {len(pairs)}")
        self.J = dict(zip(pairs, quadratic))
        self.active = sorted(self.h)
        self.total = properties["num_qubits"]
        self.key = hashlib.sha256(json.dumps([data["lin"], data["quad"], self.params], sort_keys=True).encode()).digest()
        self.check(properties)

    def check(self, properties):
        """The rules of the service (spec/annealer.md 1.5)."""
        p = self.params
        for name in p:
            if name not in properties["parameters"] and not name.startswith("x_"):
                raise Refused(f"Unknown parameter {name}")
        self.reads = p.get("num_reads", 1)
        low, high = properties["num_reads_range"]
        if type(self.reads) is not int or not low <= self.reads <= high:
            raise Refused(f"num_reads must be between {low} and {high}")
        fast = p.get("fast_anneal", False)
        low, high = properties["fast_anneal_time_range" if fast else "annealing_time_range"]
        self.time = p.get("annealing_time", properties["default_annealing_time"])
        if "anneal_schedule" in p:
            self.schedule(p, properties, high)
        if not low <= self.time <= high:
            raise Refused(f"annealing_time must be between {low} and {high}")
        if fast and any(self.h.values()):
            raise Refused("fast_anneal requires all linear biases to be zero")
        for name in ("flux_biases", "initial_state", "anneal_offsets"):
            if name in p and len(p[name]) != self.total:
                raise Refused(f"{name} must have {self.total} entries")
        if "flux_biases" in p and p.get("auto_scale", True):
            raise Refused("flux_biases cannot be used with auto_scale")
        if p.get("answer_mode", "histogram") not in ("raw", "histogram"):
            raise Refused("answer_mode must be raw or histogram")
        if not p.get("auto_scale", True):
            self.ranges(properties)
        for name in ("programming_thermalization", "readout_thermalization"):
            low, high = properties[name + "_range"]
            if not low <= p.get(name, properties["default_" + name]) <= high:
                raise Refused(f"{name} must be between {low} and {high}")
        self.duration(properties)

    def schedule(self, p, properties, high):
        points = p["anneal_schedule"]
        times, values = [t for t, _ in points], [s for _, s in points]
        rising = all(a < b for a, b in zip(times, times[1:]))
        reverse = values[0] == 1
        if "annealing_time" in p:
            raise Refused("annealing_time and anneal_schedule are mutually exclusive")
        if not 2 <= len(points) <= properties["max_anneal_schedule_points"] + reverse or times[0] != 0 or not rising:
            raise Refused("anneal_schedule: invalid points")
        if values[-1] != 1 or values[0] not in (0, 1) or not reverse and values != sorted(values):
            raise Refused("anneal_schedule: invalid fractions")
        if reverse and "initial_state" not in p:
            raise Refused("reverse annealing requires initial_state")
        self.time = times[-1]

    def ranges(self, properties):
        low, high = properties["h_range"]
        for q, v in self.h.items():
            if not low <= v <= high:
                raise Refused(f"h value {v} of qubit {q} is out of range [{low}, {high}]")
        low, high = properties["extended_j_range"]
        sums = {}
        name = "per_group_coupling_range" if "per_group_coupling_range" in properties else "per_qubit_coupling_range"
        for (u, v), w in self.J.items():
            if not low <= w <= high:
                raise Refused(f"J value {w} of coupler ({u}, {v}) is out of range [{low}, {high}]")
            for q, n in ((u, v), (v, u)):
                at = (q, group(q, n, properties["topology"]["shape"])) if "group" in name else (q, 0)
                sums[at] = sums.get(at, 0.0) + w
        low, high = properties[name]
        for (q, _), v in sums.items():
            if not low - 1e-9 <= v <= high + 1e-9:
                raise Refused(f"coupling sum {v} of qubit {q} is out of range [{low}, {high}]")

    def duration(self, properties):
        """Microseconds of the chip, by the published model; the limit of one problem."""
        t, p = properties["problem_timing_data"], self.params
        model = t["readout_time_model_parameters"]
        half, x = len(model) // 2, math.log10(max(1, len(self.active)))
        sizes, times = model[:half], model[half:]
        k = max(0, min(half - 2, sum(s <= x for s in sizes) - 1))
        part = min(1.0, max(0.0, (x - sizes[k]) / (sizes[k + 1] - sizes[k])))
        self.readout = 10 ** (times[k] + part * (times[k + 1] - times[k]))
        therm = p.get("readout_thermalization", t["default_readout_thermalization"])
        extra = p.get("programming_thermalization", t["default_programming_thermalization"])
        low, high = t["decorrelation_time_range"]
        if p.get("reduce_intersample_correlation"):
            therm = max(therm, low + (high - low) * self.time / t["decorrelation_max_nominal_anneal_time"])
        self.delay = t["qpu_delay_time_per_sample"] + therm
        self.programming = t["typical_programming_time"] + extra
        longest = properties["problem_run_duration_range"][1]
        asked = (self.time + therm + self.readout) * self.reads + extra
        if asked > longest:
            raise Refused(f"Upper limit on user-specified timing related parameters exceeded: {asked:.0f} > {longest:.0f}")

    def access_time(self):
        return self.programming + self.reads * (self.time + self.readout + self.delay)

    def columns(self, salt):
        """The bits of every active qubit, a byte of 0 or 1 a read."""
        draw = random.Random(self.key + salt.encode())
        halves = bytes(b & 1 for b in range(256))
        return [draw.randbytes(self.reads).translate(halves) for _ in self.active]

    def energies(self, columns):
        """Of every read: sum h s + sum J s s, s = 2 bit - 1 (ising) or the bit (qubo)."""
        ising = self.type == "ising"
        bits, buffer = {}, bytearray(LANE * self.reads)
        for q, column in zip(self.active, columns):
            buffer[::LANE] = column
            bits[q] = int.from_bytes(buffer, "little")
        plus = minus = 0 # lanes of fixed-point sums, never negative
        base = 0.0
        terms = [(v, bits[q]) for q, v in self.h.items() if v]
        if ising: # s = 2b - 1; s t = 1 - 2 (b xor c)
            base = math.fsum(self.J.values()) - math.fsum(self.h.values())
            terms = [(2 * v, b) for v, b in terms]
            terms += [(-2 * w, bits[u] ^ bits[v]) for (u, v), w in self.J.items() if w]
        else:
            terms += [(w, bits[u] & bits[v]) for (u, v), w in self.J.items() if w]
        for value, lanes in terms:
            fixed = round(abs(value) * SCALE)
            if value > 0:
                plus += fixed * lanes
            else:
                minus += fixed * lanes
        lanes = [array.array("Q", x.to_bytes(LANE * self.reads, sys.byteorder)) for x in (plus, minus)]
        if sys.byteorder == "big":
            lanes = [x[::-1] for x in lanes]
        return array.array("d", (base + (a - b) / SCALE for a, b in zip(*lanes)))

    def rows(self, columns):
        """Packed bits, a row a read: the bit of active qubit k is bit 7 - k % 8 of byte k / 8."""
        width = (len(columns) + 7) // 8
        out = bytearray(width * self.reads)
        for k in range(width):
            byte = 0
            for j, column in enumerate(columns[8 * k:8 * k + 8]):
                byte |= int.from_bytes(column, "little") << (7 - j)
            out[k::width] = byte.to_bytes(self.reads, "little")
        return bytes(out), width

    def answer(self, salt="", child=None):
        """The answer as served. Histogram mode counts equal rows and sorts by energy."""
        columns = child.columns(self, salt) if child else self.columns(salt)
        energies = self.energies(columns)
        packed, width = self.rows(columns)
        rows = [packed[i * width:(i + 1) * width] for i in range(self.reads)]
        raw = self.params.get("answer_mode", "histogram") == "raw"
        counts = None
        if not raw:
            seen = {}
            for row, energy in zip(rows, energies):
                seen[row] = (energy, seen[row][1] + 1 if row in seen else 1)
            order = sorted(seen, key=lambda row: seen[row][0])
            rows, energies, counts = order, [seen[r][0] for r in order], [seen[r][1] for r in order]
        n = self.reads
        answer = {
            "format": "qp", "num_variables": self.total, "active_variables": encoded("i", self.active),
            "energies": encoded("d", energies), "solutions": base64.b64encode(b"".join(rows)).decode(),
            "timing": {
                "qpu_sampling_time": n * (self.time + self.readout + self.delay), "qpu_anneal_time_per_sample": self.time,
                "qpu_readout_time_per_sample": self.readout, "qpu_delay_time_per_sample": self.delay,
                "qpu_access_time": self.access_time(), "qpu_access_overhead_time": 12345.0,
                "qpu_programming_time": self.programming, "total_post_processing_time": 100.0,
                "post_processing_overhead_time": 100.0,
            },
        }
        if counts:
            answer["num_occurrences"] = encoded("i", counts)
        return answer
