#include "cmd/gauge.h"

#include "base/mem.h"
#include "num/special.h"
#include "rbm/hidden.h"
#include "rbm/spins.h"

#include <math.h>
#include <string.h>

static const double POINT = (double)((int64_t)1 << 30); /* of sums of log-likelihoods */

void gauge_init(struct gauge *g, const struct prior *p)
{
    int64_t tiles = spins_tiles(p->feed->share);

    *g = (struct gauge){ .reconstruction = NAN, .pseudo_likelihood = NAN, .flip_rate = NAN };
    g->acceptance = g->least_acceptance = g->trips = NAN;
    g->bits = mem_take(p->m->T.N * tiles, sizeof *g->bits);
    g->state = mem_take((int64_t)p->m->T.N * p->feed->share, 1);
    g->energy = mem_take(p->feed->share, sizeof *g->energy);
    g->free_energy = NAN;
}

void gauge_free(struct gauge *g)
{
    mem_free(g->bits);
    mem_free(g->state);
    mem_free(g->energy);
    *g = (struct gauge){ 0 };
}

static int bit(const struct prior *p, int i, int64_t row)
{
    return p->data[i * p->place.count + row / 64] >> row % 64 & 1;
}

/* Field on unit i of units before `end` in a row of the data. */
static double field(const struct prior *p, int i, int end, int64_t row)
{
    const struct rbm *m = p->m;
    double phi = (double)m->bias[i];

    for (int64_t k = m->near_first[i]; k < m->near_first[i + 1]; k++)
        if (m->near[k] < end && bit(p, m->near[k], row)) phi += (double)m->near_weight[k];
    return phi;
}

/* log P(x_i | other visible units): units from `end` on are hidden and not coupled to each other.
 */
static double conditional(const struct prior *p, int i, int end, int64_t row)
{
    const struct rbm *m = p->m;
    double sign = bit(p, i, row) ? -1.0 : 1.0, flip = sign * field(p, i, end, row);

    for (int64_t k = m->near_first[i]; k < m->near_first[i + 1]; k++)
        if (m->near[k] >= end) {
            double phi = field(p, m->near[k], end, row);
            flip +=
                special_softplus(phi + sign * (double)m->near_weight[k]) - special_softplus(phi);
        }
    return -special_softplus(flip);
}

/* Visible units that are not clamped. */
static int free_visible(const struct prior *p)
{
    return rbm_free_units(p->m, 0, p->m->T.first[p->feed->visible]);
}

static double pseudo_likelihood(const struct prior *p)
{
    const struct topology *T = &p->m->T;
    int end = T->first[p->feed->visible], units = free_visible(p);
    int64_t sum[2] = { 0, p->feed->mine.count };

    if (!p->closed || units == 0) return NAN;
    for (int64_t row = 0; row < sum[1]; row++) {
        struct rng r =
            rng_at(p->pool.chains.seed, RNG_GAUGE, p->feed->mine.first + row, p->update.step);
        int i = (int)rng_below(&r, (uint64_t)units);
        for (int j = 0; j < p->m->held && p->m->hold[j] <= i; j++) i++;
        sum[0] += llrint(POINT * conditional(p, i, end, row));
    }
    par_sum_int(p->P, sum, 2);
    return units * (double)sum[0] / POINT / (double)sum[1];
}

/* Mean free energy of the data; its bits go through bytes. */
static double free_energy(struct gauge *g, const struct prior *p)
{
    int64_t n = p->feed->mine.count, sum[2] = { 0, n };

    if (!p->closed) return NAN;
    spins_unpack(g->state, p->data, p->place.count, n, p->m->T.N);
    hidden_energy(p->m, g->state, n, g->energy, NULL);
    for (int64_t i = 0; i < n; i++) sum[0] += llrint(POINT * g->energy[i]);
    par_sum_int(p->P, sum, 2);
    return (double)sum[0] / POINT / (double)sum[1];
}

static double reconstruction(struct gauge *g, const struct prior *p)
{
    int64_t tiles = p->place.count, sum[2] = { 0, p->feed->mine.count };
    struct gibbs sweep = { .beta = 1.0f, .seed = p->pool.chains.seed, .stream = RNG_GAUGE };
    int units = p->m->T.first[p->feed->visible];

    if (free_visible(p) == 0) return NAN;
    memcpy(g->bits, p->data, (size_t)(p->m->T.N * tiles) * sizeof *g->bits);
    gibbs_sweep(&sweep, p->m, p->kern, g->bits, NULL, p->place,
                ((int64_t)1 << 43) + p->update.step); /* steps that pseudo_likelihood never takes */
    for (int i = 0; i < units; i++)
        for (int64_t t = 0; t < tiles; t++)
            sum[0] += __builtin_popcountll((g->bits[i * tiles + t] ^ p->data[i * tiles + t]) &
                                           p->live[t]);
    par_sum_int(p->P, sum, 2);
    return (double)sum[0] / (double)sum[1] / free_visible(p);
}

/* Exchanges over all ranks; no figure for pairs that were not tried yet. */
static void tempering(struct gauge *g, const struct prior *p)
{
    const struct temper *t = &p->pool.temper;
    int64_t count[2 * TEMPER_RUNGS] = { 0 }, *tried = count, *swapped = count + TEMPER_RUNGS;
    int pairs = t->L - 1;

    if (p->pool.L == 1) return;
    temper_count(t, tried, swapped);
    par_sum_int(p->P, count, 2 * TEMPER_RUNGS);
    g->acceptance = 0.0;
    g->least_acceptance = NAN;
    for (int r = 0; r < pairs; r++) {
        double part = tried[r] > 0 ? (double)swapped[r] / (double)tried[r] : NAN;
        g->acceptance += part / pairs;
        g->least_acceptance = fmin(g->least_acceptance, part);
    }
    g->trips = (double)par_sum_one(p->P, t->trips) / (double)p->pool.n;
}

void gauge_take(struct gauge *g, const struct prior *p)
{
    double sum = 0.0, most = 0.0, bias = 0.0;

    for (int64_t k = 0; k < p->m->T.M; k++) {
        double w = (double)p->m->weight[k];
        sum += w * w;
        most = fmax(most, fabs(w));
    }
    for (int i = 0; i < p->m->T.N; i++) bias += (double)p->m->bias[i] * (double)p->m->bias[i];
    g->weight_norm = sqrt(sum);
    g->weight_largest = most;
    g->bias_norm = sqrt(bias);
    tempering(g, p);
    g->free_energy = free_energy(g, p);
    g->reconstruction = reconstruction(g, p);
    g->pseudo_likelihood = pseudo_likelihood(p);
    int64_t flips = par_sum_one(p->P, p->pool.flips);
    int units = p->m->T.N - p->m->held;
    int moves = p->method == METHOD_PCD || p->method == METHOD_RDM;
    g->flip_rate = moves ? (double)flips / (double)p->pool.n / units : NAN;
}

static void put(struct json *line, const char *name, double x)
{
    if (!isnan(x)) json_put_real(line, name, x);
}

void gauge_put(const struct gauge *g, struct json *line)
{
    put(line, "reconstruction", g->reconstruction);
    put(line, "pseudo_likelihood", g->pseudo_likelihood);
    put(line, "free_energy", g->free_energy);
    put(line, "flip_rate", g->flip_rate);
    put(line, "tempering_acceptance", g->acceptance);
    put(line, "tempering_least", g->least_acceptance);
    put(line, "tempering_trips", g->trips);
    put(line, "weight_norm", g->weight_norm);
    put(line, "weight_largest", g->weight_largest);
    put(line, "bias_norm", g->bias_norm);
}
