#include "cmd/annealcompare.h"

#include "base/mem.h"
#include "num/stats.h"

#include <math.h>

/* Sums of squares of differences of frequencies, and of what chance gives. */
struct difference {
    double square, noise;
    int64_t n;
};

static void add(struct difference *x, double a, double na, double b, double nb)
{
    double p = (a * na + b * nb) / (na + nb), gap = a - b;

    x->square += gap * gap;
    x->noise += p * (1.0 - p) * (1.0 / na + 1.0 / nb);
    x->n++;
}

/* How often unit (pair [k][0]) and, unless alone, its neighbour are 1 in n states. */
static double often(const uint8_t *state, int64_t n, int N, int i, int j)
{
    int64_t count = 0;

    for (int64_t r = 0; r < n; r++) count += state[r * N + i] & state[r * N + j];
    return (double)count / (double)n;
}

/* The reads of one problem beside its chains. */
static void compare_one(const struct ising *g, const uint8_t *a, int64_t na, const uint8_t *b,
                        int64_t nb, struct difference *mean, struct difference *pair)
{
    for (int i = 0; i < g->n; i++)
        add(mean, often(a, na, g->n, i, i), (double)na, often(b, nb, g->n, i, i), (double)nb);
    for (int64_t k = 0; k < g->m; k++) {
        int i = g->pair[k][0], j = g->pair[k][1];
        add(pair, often(a, na, g->n, i, j), (double)na, often(b, nb, g->n, i, j), (double)nb);
    }
}

static double root(double sum, int64_t n)
{
    return n > 0 ? sqrt(sum / (double)n) : 0.0;
}

/* E of all rows from H, problem after problem. */
static void to_machine(const struct annealmodel *m, const int64_t *of, double *energy)
{
    int64_t at = 0;

    for (int q = 0; q < m->Q; q++)
        for (int64_t i = 0; i < of[q]; i++, at++)
            energy[at] = m->g[q].scale * (m->g[q].offset + energy[at]);
}

static void report(struct run *r, const struct annealmodel *m, const struct annealdraw *d,
                   const int64_t *of, int64_t n, const uint8_t *state, double *energy)
{
    struct difference mean = { 0 }, pair = { 0 };
    struct json *out = json_new();
    double *own = mem_take(d->reads, sizeof *own);
    int64_t at = 0;

    for (int64_t i = 0; i < d->reads; i++) own[i] = d->energy[i];
    to_machine(m, d->of, own);
    to_machine(m, of, energy);
    for (int q = 0; q < m->Q; q++) {
        if (d->of[q] > 0 && of[q] > 0)
            compare_one(&m->g[q], d->state + d->first[q] * m->g[q].n, d->of[q],
                        state + at * m->g[q].n, of[q], &mean, &pair);
        at += of[q];
    }
    double width = stats_std(energy, n, 1);
    json_put_int(out, "chains", n);
    json_put_int(out, "sweeps", conf_int(r->conf, "anneal.sweeps"));
    json_put_real(out, "energy_mean", stats_mean(energy, n));
    json_put_real(out, "energy_error", width / sqrt((double)n));
    json_put_real(out, "energy_std", width);
    json_put_real(out, "reads_energy_std", stats_std(own, d->reads, 1));
    json_put_real(out, "mean_difference", root(mean.square, mean.n));
    json_put_real(out, "mean_noise", root(mean.noise, mean.n));
    json_put_real(out, "pair_difference", root(pair.square, pair.n));
    json_put_real(out, "pair_noise", root(pair.noise, pair.n));
    log_say(&r->log,
            "against %lld chains: energy %.4f +- %.4f; means differ by %.4f (chance: %.4f), second "
            "moments by %.4f (chance: %.4f)",
            (long long)n, stats_mean(energy, n), width / sqrt((double)n), root(mean.square, mean.n),
            root(mean.noise, mean.n), root(pair.square, pair.n), root(pair.noise, pair.n));
    json_put(r->result, "chains", out);
    mem_free(own);
}

int annealcompare_run(struct run *r, const struct annealmodel *m, const struct annealdraw *d,
                      const struct kern *k, struct err *e)
{
    int64_t n = conf_int(r->conf, "anneal.compare"), *of = mem_take(m->Q, sizeof *of);
    int here = r->P->rank == 0;
    uint8_t *state = mem_take(here ? n * m->g[0].n : 0, 1);
    double *energy = mem_take(here ? n : 0, sizeof *energy);

    for (int q = 0; q < m->Q; q++) of[q] = block_of(n, q, m->Q).count;
    int bad =
        annealdraw_gibbs(r->P, m, k, conf_real(r->conf, "anneal.scale"),
                         (int)conf_int(r->conf, "anneal.sweeps"), r->seed, 0, of, state, energy, e);
    if (!bad && here) report(r, m, d, of, n, state, energy);
    mem_free(of);
    mem_free(state);
    mem_free(energy);
    return bad;
}
