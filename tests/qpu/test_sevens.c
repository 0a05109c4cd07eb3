/* The 7 x 7 x 7 x 7 machine of N(0, 1) weights: exact moments, chains, and reads of a kinetic
 * device, raw and weighed. "Weighing the samples fixed the discrepancy." */
#include "rbm/small.h"
#include "qpu/sheets.h"

#include "qpu/beta.h"
#include "qpu/estimate.h"
#include "qpu/reweigh.h"
#include "rbm/exact.h"

#include <math.h>

enum { N = 28, READS = 4096 };

static const int SIZE[4] = { 7, 7, 7, 7 };

/* Reads of one device, beside what is exact. */
struct sevens {
    struct rbm m;
    struct ising g;
    double mean[N], *pair, energy; /* exact; the energy without its constant */
    uint8_t *x;                    /* [READS, N] */
    double *E, *f, *influence;
    int32_t *window;
};

static void sevens_open(struct sevens *s, uint64_t seed)
{
    struct exact x;
    struct err e = { "" };

    small_machine(&s->m, 4, SIZE, -1, 1.0, seed);
    ising_init(&s->g, &s->m, 0);
    ising_set(&s->g, &s->m, 1.0, NULL);
    s->pair = mem_take(s->m.T.M, sizeof *s->pair);
    if (exact_plan(&x, &s->m, 0, N, &e)) fail_msg("%s", e.text);
    exact_moments(&x, &s->m, NULL, s->mean, s->pair);
    exact_free(&x);
    s->energy = 0.0;
    for (int i = 0; i < N; i++) s->energy -= s->m.bias[i] * s->mean[i];
    for (int64_t k = 0; k < s->m.T.M; k++) s->energy -= s->m.weight[k] * s->pair[k];
    s->x = mem_take(READS * N, 1);
    s->E = mem_take(READS, sizeof *s->E);
    s->f = mem_take(READS, sizeof *s->f);
    s->influence = mem_take(READS, sizeof *s->influence);
    s->window = mem_take(READS, sizeof *s->window);
}

static void sevens_close(struct sevens *s)
{
    mem_free(s->pair);
    mem_free(s->x);
    mem_free(s->E);
    mem_free(s->f);
    mem_free(s->influence);
    mem_free(s->window);
    ising_free(&s->g);
    rbm_free(&s->m);
}

static void draw(struct sevens *s, struct device *d, double scale)
{
    struct device_call c = { .number = 1, .reads = READS };
    struct err e = { "" };

    ising_rescale(&s->g, scale);
    if (device_draw(d, &s->g, &c, (struct block){ 0, READS / 64 }, s->x, s->E, NULL, &e) != READS)
        fail_msg("%s", e.text);
    for (int r = 0; r < READS; r++) s->E[r] = scale * (s->g.offset + s->E[r]);
}

/* A squared difference from p, in its error; never less than that of independent draws, or of
 * one read. */
static double square(struct reweigh_mean a, double p)
{
    double least = fmax(p * (1.0 - p), 1.0 / READS) / READS, noise = fmax(a.error * a.error, least);

    return (a.mean - p) * (a.mean - p) / noise;
}

/* Squared differences from what is exact, in their errors. */
struct verdict {
    double unit, pair, energy; /* means over units and pairs; of the energy, signed, not squared */
};

static struct verdict judge(struct sevens *s, struct reweigh *w)
{
    struct verdict v = { 0 };
    struct reweigh_mean a = reweigh_of(w, s->E);

    v.energy = (a.mean - s->energy) / a.error;
    for (int i = 0; i < N; i++) {
        for (int r = 0; r < READS; r++) s->f[r] = s->x[r * N + i];
        v.unit += square(reweigh_of(w, s->f), s->mean[i]) / N;
    }
    for (int64_t k = 0; k < s->m.T.M; k++) {
        int i = s->m.T.edge[k][0], j = s->m.T.edge[k][1];
        for (int r = 0; r < READS; r++) s->f[r] = s->x[r * N + i] & s->x[r * N + j];
        v.pair += square(reweigh_of(w, s->f), s->pair[k]) / (double)s->m.T.M;
    }
    return v;
}

/* Reads as they are: all weights equal. */
static struct verdict raw(struct sevens *s)
{
    struct reweigh w;
    const double one = 1.0;

    for (int r = 0; r < READS; r++) s->influence[r] = 0.0;
    reweigh_init(&w, s->E, READS, s->window, &one, 1, s->influence);
    struct verdict v = judge(s, &w);
    reweigh_free(&w);
    return v;
}

static struct verdict weighed(struct sevens *s, double *ess)
{
    struct reweigh w;
    struct estimate x;
    float *F = mem_take(READS * N, sizeof *F);

    beta_fields(F, &s->g, s->x, READS);
    for (int64_t i = 0; i < READS * N; i++) F[i] *= (float)s->g.scale;
    estimate_pseudo(&x, F, READS, N, 1, 0, s->influence);
    assert_true(x.converged);
    reweigh_init(&w, s->E, READS, s->window, &x.beta, 1, s->influence);
    struct verdict v = judge(s, &w);
    *ess = w.ess;
    reweigh_free(&w);
    mem_free(F);
    return v;
}

/* Six machines. 28 units and 294 pairs, whose squares are correlated: chains of 1,000 sweeps stay
 * below 2, and their energy within four errors. The device's reads are 10 to 20% too cold: their
 * energy is off by tens of errors, their squares are tens. Weighed, the energy is within four
 * errors again; units and pairs are off by what is no temperature alone, as spins freeze one after
 * another: below 8, and a sixth of what it was at most. Ranks share the machines out. */
static void weighing_fixes_the_discrepancy(void **state)
{
    (void)state;
    enum { MACHINES = 6 };
    struct device_keys k = {
        .kind = DEVICE_GIBBS, .beta = 1.0, .sweeps = 1000, .seed = 5, .kern = kern_best()
    };
    struct err e = { "" };
    double ess;

    for (uint64_t seed = 1; seed <= MACHINES; seed++) {
        if (seed % (uint64_t)test_par()->size != (uint64_t)test_par()->rank) continue;
        struct sevens s = { 0 };
        struct device gibbs, kinetic;
        sevens_open(&s, seed);
        if (device_open(&gibbs, &k, &e)) fail_msg("%s", e.text);
        draw(&s, &gibbs, 1.0);
        struct verdict chains = raw(&s);
        sheet_open(&kinetic, "advantage2_system1", 0);
        draw(&s, &kinetic, 7.0);
        struct verdict reads = raw(&s), better = weighed(&s, &ess);
        print_message("exact %.3f; chains: %.2f errors, units %.2f, pairs %.2f; reads: %.1f, %.1f, "
                      "%.1f; weighed: %.2f, %.2f, %.2f (ESS %.0f of %d)\n",
                      s.energy, chains.energy, chains.unit, chains.pair, reads.energy, reads.unit,
                      reads.pair, better.energy, better.unit, better.pair, ess, READS);
        assert_true(fabs(chains.energy) < 4.0 && chains.unit < 2.0 && chains.pair < 2.0);
        assert_true(fabs(reads.energy) > 15.0 && reads.unit > 10.0);
        assert_true(fabs(better.energy) < 4.0 && ess > READS / 4);
        assert_true(better.unit < 8.0 && better.pair < 8.0);
        assert_true(better.unit < reads.unit / 6.0 && better.pair < reads.pair / 6.0);
        device_free(&gibbs);
        device_free(&kinetic);
        sevens_close(&s);
    }
}

TEST_MAIN(cmocka_unit_test(weighing_fixes_the_discrepancy))
