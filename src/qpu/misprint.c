#include "qpu/misprint.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

/* What a seed's numbers are for; the step of rng_at. */
enum purpose { SCALE, LEVELS, ICE, FAILURE };
enum { DRIFT = MISPRINT_OCTAVES }; /* a component of RNG_FLUX beside those of 1/f */

static const double HOUR = 3600.0;

static double normal(uint64_t seed, int64_t item, enum purpose what)
{
    struct rng r = rng_at(seed, RNG_CONTROL, item, what);

    return rng_normal(&r);
}

/* A coupler's number beside those of qubits. */
static int64_t coupler(const struct ising *g, int64_t k)
{
    int64_t u = g->qubit[g->pair[k][0]], v = g->qubit[g->pair[k][1]];

    return (u < v ? u << 21 | v : v << 21 | u) + (INT64_C(1) << 42);
}

static double to_level(const struct misprint *m, int64_t item, double x, const double d[3])
{
    struct rng r = rng_at(m->device, RNG_CONTROL, item, LEVELS);
    double step = 2.0 * (d[0] + d[1] * x + d[2] * x * x), offset = rng_uniform(&r);

    return step > 0.0 ? step * (round(x / step - offset) + offset) : x;
}

static void quantise(const struct misprint *m, struct ising *to)
{
    for (int i = 0; i < to->n; i++) to->h[i] = to_level(m, to->qubit[i], to->h[i], m->sheet->dac_h);
    for (int64_t k = 0; k < to->m; k++)
        to->J[k] = to_level(m, coupler(to, k), to->J[k], m->sheet->dac_J);
}

/* The couplings of each spin: places in to->J by spin, and whose they are. */
static void by_spin(const struct ising *g, int64_t *first, int64_t *edge)
{
    memset(first, 0, ((size_t)g->n + 2) * sizeof *first);
    for (int64_t k = 0; k < g->m; k++) {
        first[g->pair[k][0] + 2]++;
        first[g->pair[k][1] + 2]++;
    }
    for (int i = 2; i <= g->n + 1; i++) first[i] += first[i - 1];
    for (int64_t k = 0; k < g->m; k++)
        for (int end = 0; end < 2; end++) edge[first[g->pair[k][end] + 1]++] = k;
}

static int other(const struct ising *g, int64_t k, int i)
{
    return g->pair[k][0] == i ? g->pair[k][1] : g->pair[k][0];
}

static void polarise(const struct misprint *m, struct ising *g)
{
    double chi = m->sheet->susceptibility;
    int64_t *first = mem_take(g->n + 2, sizeof *first), *edge = mem_take(2 * g->m, sizeof *edge);
    double *J = mem_take(g->n, sizeof *J), *h = mem_take(g->n, sizeof *h),
           *more = mem_take(g->m, sizeof *more);

    by_spin(g, first, edge);
    memcpy(h, g->h, (size_t)g->n * sizeof *h);
    for (int i = 0; i < g->n; i++) { /* J [n]: the couplings of spin i, 0 elsewhere */
        for (int64_t a = first[i]; a < first[i + 1]; a++) {
            int j = other(g, edge[a], i);
            J[j] = g->J[edge[a]];
            g->h[i] += chi * J[j] * h[j];
        }
        for (int64_t a = first[i]; a < first[i + 1]; a++) {
            int k = other(g, edge[a], i);
            for (int64_t b = k > i ? first[k] : first[k + 1]; b < first[k + 1]; b++)
                more[edge[a]] += chi * J[other(g, edge[b], k)] * g->J[edge[b]];
        }
        for (int64_t a = first[i]; a < first[i + 1]; a++) J[other(g, edge[a], i)] = 0.0;
    }
    for (int64_t k = 0; k < g->m; k++) g->J[k] += more[k];
    mem_free(first);
    mem_free(edge);
    mem_free(J);
    mem_free(h);
    mem_free(more);
}

static void blur(const struct misprint *m, struct ising *to)
{
    const struct datasheet *s = m->sheet;

    for (int i = 0; i < to->n; i++)
        to->h[i] += s->h_mean + s->h_sigma * normal(m->programming, to->qubit[i], ICE);
    for (int64_t k = 0; k < to->m; k++)
        to->J[k] += s->J_sigma * normal(m->programming, coupler(to, k), ICE);
}

static void lose_a_spin(const struct misprint *m, struct ising *to)
{
    struct rng r = rng_at(m->programming, RNG_CONTROL, 0, FAILURE);

    if (!(rng_uniform(&r) < m->sheet->failure)) return;
    int lost = (int)rng_below(&r, (uint64_t)to->n);
    to->h[lost] = 0.0;
    for (int64_t k = 0; k < to->m; k++)
        if (to->pair[k][0] == lost || to->pair[k][1] == lost) to->J[k] = 0.0;
}

static double knot(const struct misprint *m, int64_t qubit, int component, int64_t at)
{
    struct rng r = rng_at(m->device, RNG_FLUX, qubit << 5 | component, at);

    return rng_normal(&r);
}

/* Of variance 1 at all times: between knots that are normal deviates, along a quarter circle. */
static double wander(const struct misprint *m, int64_t qubit, int component, double knots)
{
    double at = floor(knots), turn = (knots - at) * 1.5707963267948966;

    return cos(turn) * knot(m, qubit, component, (int64_t)at) +
           sin(turn) * knot(m, qubit, component, (int64_t)at + 1);
}

static double pink(const struct misprint *m, int64_t qubit)
{
    double sum = 0.0, period = m->sheet->flux_slowest;

    for (int k = 0; k < MISPRINT_OCTAVES; k++, period /= 4.0)
        sum += wander(m, qubit, k, 1e-6 * m->time / period);
    return m->sheet->flux_rms * sum / sqrt((double)MISPRINT_OCTAVES);
}

static double drifted(const struct misprint *m, int64_t qubit)
{
    double periods = 1e-6 * m->time / m->sheet->drift_period, now = floor(periods), sum = 0.0;

    for (int64_t k = m->compensated ? (int64_t)now : 0; k < (int64_t)now; k++)
        sum += knot(m, qubit, DRIFT, k);
    sum += (periods - now) * knot(m, qubit, DRIFT, (int64_t)now);
    return m->sheet->drift * m->sheet->drift_period / HOUR * sum;
}

void misprint_make(const struct misprint *m, struct ising *to, double *flux)
{
    if (m->noise & NOISE_SCALE)
        for (int i = 0; i < to->n; i++)
            to->h[i] *= 1.0 + m->sheet->h_scale * normal(m->device, to->qubit[i], SCALE);
    if (m->noise & NOISE_DAC) quantise(m, to);
    if (m->noise & NOISE_SUSCEPTIBILITY) polarise(m, to);
    if (m->noise & NOISE_ICE) blur(m, to);
    if (m->noise & NOISE_FAILURE) lose_a_spin(m, to);
    for (int i = 0; i < to->n; i++) {
        if (m->noise & NOISE_FLUX) flux[i] += pink(m, to->qubit[i]);
        if (m->noise & NOISE_DRIFT) flux[i] += drifted(m, to->qubit[i]);
    }
}
