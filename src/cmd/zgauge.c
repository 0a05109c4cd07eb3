#include "cmd/zgauge.h"

#include "base/mem.h"
#include "cmd/zweights.h"
#include "rbm/hidden.h"
#include "rbm/spins.h"

#include <math.h>

/* Conditions of events spread over the batch: bytes [Q, held]. */
static uint8_t *conditions(const struct prior *p, int64_t Q)
{
    uint8_t *u = mem_take(Q * p->m->held, 1);

    for (int64_t q = 0; q < Q; q++)
        feed_condition(p->feed, (int)(q * p->feed->n / Q), u + q * p->m->held);
    return u;
}

static int walk(struct logweights_mean *mean, const struct zsubject *s, const struct zplan *plan,
                struct err *e)
{
    struct logweights_bracket *b = mem_take(s->Q, sizeof *b);
    struct zpath path = { 0 };
    struct zweights w = { 0 };
    struct zrun z = { 0 };
    int bad = zpath_init(&path, s, plan, e) || zrun_init(&z, s, plan, &path, 0, plan->chains, e);

    if (!bad) {
        zweights_init(&w, s->Q, plan, path.K);
        while (zrun_left(&z) > 0) zrun_advance(&z, path.K);
        zweights_add(&w, &z);
        for (int64_t q = 0; q < s->Q; q++) b[q] = zweights_bracket(&w, plan, &path, q);
        *mean = logweights_mean(b, s->Q);
    }
    zweights_free(&w);
    zrun_free(&z);
    zpath_free(&path);
    mem_free(b);
    return bad ? -1 : 0;
}

/* Mean and variance of E over the batch, in which one hidden partition is summed over. */
static void energies(double *mean, double *variance, int64_t *n, const struct prior *p)
{
    int64_t tiles = p->place.count, lanes = tiles * KERN_LANES;
    double *energy = mem_take(lanes, sizeof *energy), sum[2] = { 0.0, 0.0 };
    int hidden = p->m->T.K - p->feed->visible, N = p->m->T.N;

    *n = 0;
    if (hidden == 1) {
        uint8_t *state = mem_take(lanes * N, 1);
        spins_unpack(state, p->data, tiles, lanes, N);
        hidden_summed(p->m, (uint64_t)1 << (p->m->T.K - 1), state, lanes, energy, NULL);
        mem_free(state);
    } else {
        rbm_energy(p->m, p->kern, p->data, tiles, energy);
    }
    for (int64_t c = 0; c < lanes; c++) {
        if (!(p->live[c / KERN_LANES] >> c % KERN_LANES & 1)) continue;
        sum[0] += energy[c];
        sum[1] += energy[c] * energy[c];
        ++*n;
    }
    par_sum(p->P, sum, 2);
    *n = par_sum_one(p->P, *n);
    *mean = sum[0] / (double)*n;
    *variance = *n > 1 ? fmax(sum[1] - sum[0] * *mean, 0.0) / (double)(*n - 1) : NAN;
    mem_free(energy);
}

int zgauge_put(struct json *line, struct run *r, const struct prior *p, double *likelihood,
               struct err *e)
{
    const struct conf *c = r->conf;
    int64_t n, Q = p->m->held > 0 ? conf_int(c, "training.logz_conditions") : 1;
    uint8_t *u = p->m->held > 0 ? conditions(p, Q) : NULL;
    struct zsubject s = { .r = r, .name = "", .m = p->m, .kern = p->kern, .Q = Q, .u = u };
    struct zplan plan = { .method = ZMETHOD_BOTH,
                          .up = 1,
                          .down = 1,
                          .island = 1,
                          .chains = conf_int(c, "training.logz_chains"),
                          .betas = (int)conf_int(c, "training.logz_betas"),
                          .sweeps = 1,
                          .burn = (int)conf_int(c, "training.logz_burn"),
                          .marginal = ais_widest(p->m),
                          .base = AIS_DATA,
                          .schedule = "linear" };
    struct logweights_mean m;
    double mean, variance;

    *likelihood = NAN;
    int bad = walk(&m, &s, &plan, e);
    mem_free(u);
    if (bad) return -1;
    double both = m.gap_error * m.gap_error, up = m.chains_error * m.chains_error;
    json_put_real(line, "lnz_ais", m.logz);
    json_put_real(line, "lnz_ais_error", m.chains_error);
    json_put_real(line, "lnz_rais", m.logz + m.gap);
    json_put_real(line, "lnz_rais_error", sqrt(fmax(both - up, 0.0)));
    json_put_real(line, "lnz_ess", m.ess);
    if (p->m->T.K - p->feed->visible > 1) return 0;
    energies(&mean, &variance, &n, p);
    double own = Q > 1 ? m.energies_error : m.chains_error;
    json_put_real(line, "energy_data", mean);
    *likelihood = -mean - m.logz;
    json_put_real(line, "log_likelihood", *likelihood);
    json_put_real(line, "log_likelihood_error", sqrt(variance / (double)n + own * own));
    return 0;
}
