#include "cmd/annealcompare.h"

#include "base/mem.h"
#include "num/stats.h"

#include <math.h>

/* Sums of squares of differences of frequencies, of what chance gives, and of their ratios. */
struct difference {
    double square, noise, chi2;
    int64_t n, judged;
};

static void add(struct difference *x, double a, double na, double b, double nb)
{
    double p = (a * na + b * nb) / (na + nb), gap = a - b;
    double noise = p * (1.0 - p) * (1.0 / na + 1.0 / nb);

    x->square += gap * gap;
    x->noise += noise;
    x->n++;
    if (!(noise > 0.0)) return;
    x->chi2 += gap * gap / noise;
    x->judged++;
}

/* A weighted mean and its error beside a frequency of chains. */
static void add_weighed(struct difference *x, struct reweigh_mean a, double b, double nb)
{
    double noise = a.error * a.error + b * (1.0 - b) / nb;

    if (!(noise > 0.0)) return;
    x->chi2 += (a.mean - b) * (a.mean - b) / noise;
    x->judged++;
}

/* How often units i and j (or i alone, j = i) are 1 in n states. */
static double often(const uint8_t *state, int64_t n, int N, int i, int j)
{
    int64_t count = 0;

    for (int64_t r = 0; r < n; r++) count += state[r * N + i] & state[r * N + j];
    return (double)count / (double)n;
}

/* One problem: its reads, its chains. */
struct sides {
    const struct ising *g;
    const uint8_t *a, *b;
    int64_t na, nb;
};

static void compare_one(const struct sides *s, struct difference *mean, struct difference *pair)
{
    int N = s->g->n;

    for (int i = 0; i < N; i++)
        add(mean, often(s->a, s->na, N, i, i), (double)s->na, often(s->b, s->nb, N, i, i),
            (double)s->nb);
    for (int64_t k = 0; k < s->g->m; k++) {
        int i = s->g->pair[k][0], j = s->g->pair[k][1];
        add(pair, often(s->a, s->na, N, i, j), (double)s->na, often(s->b, s->nb, N, i, j),
            (double)s->nb);
    }
}

static void compare_weighed(const struct sides *s, struct reweigh *w, struct difference *mean,
                            struct difference *pair)
{
    int N = s->g->n;
    double *f = mem_take(s->na, sizeof *f);
    int64_t step = s->g->m / ANNEALCOMPARE_PAIRS + 1;

    for (int i = 0; i < N; i++) {
        for (int64_t r = 0; r < s->na; r++) f[r] = s->a[r * N + i];
        add_weighed(mean, reweigh_of(w, f), often(s->b, s->nb, N, i, i), (double)s->nb);
    }
    for (int64_t k = 0; k < s->g->m; k += step) {
        int i = s->g->pair[k][0], j = s->g->pair[k][1];
        for (int64_t r = 0; r < s->na; r++) f[r] = s->a[r * N + i] & s->a[r * N + j];
        add_weighed(pair, reweigh_of(w, f), often(s->b, s->nb, N, i, j), (double)s->nb);
    }
    mem_free(f);
}

static double root(double sum, int64_t n)
{
    return n > 0 ? sqrt(sum / (double)n) : 0.0;
}

/* E of all chains from H, problem after problem. */
static void to_machine(const struct annealmodel *m, const int64_t *of, double *energy)
{
    int64_t at = 0;

    for (int q = 0; q < m->Q; q++)
        for (int64_t i = 0; i < of[q]; i++, at++)
            energy[at] = m->g[q].scale * (m->g[q].offset + energy[at]);
}

static void put_chi2(struct json *to, const char *name, const struct difference *x)
{
    json_put_real(to, name, x->judged > 0 ? x->chi2 / (double)x->judged : 0.0);
}

static void report(struct run *r, const struct annealmodel *m, const struct annealrows *x,
                   struct annealweigh *w, const int64_t *of, int64_t n, const uint8_t *state,
                   double *energy)
{
    struct difference mean = { 0 }, pair = { 0 }, light = { 0 }, bond = { 0 };
    struct json *out = json_new();
    int64_t at = 0;

    to_machine(m, of, energy);
    for (int q = 0; q < m->Q; q++) {
        struct sides s = { &m->g[q], x->state + x->first[q] * x->spins, state + at * x->spins,
                           x->of[q], of[q] };
        at += of[q];
        if (s.na == 0 || s.nb == 0) continue;
        compare_one(&s, &mean, &pair);
        if (w != NULL) compare_weighed(&s, &w->of[q], &light, &bond);
    }
    double width = stats_std(energy, n, 1);
    json_put_int(out, "chains", n);
    json_put_int(out, "sweeps", conf_int(r->conf, "anneal.sweeps"));
    json_put_real(out, "energy_mean", stats_mean(energy, n));
    json_put_real(out, "energy_error", width / sqrt((double)n));
    json_put_real(out, "energy_std", width);
    json_put_real(out, "reads_energy_std", stats_std(x->E, x->n, 1));
    json_put_real(out, "mean_difference", root(mean.square, mean.n));
    json_put_real(out, "mean_noise", root(mean.noise, mean.n));
    json_put_real(out, "pair_difference", root(pair.square, pair.n));
    json_put_real(out, "pair_noise", root(pair.noise, pair.n));
    put_chi2(out, "mean_chi2", &mean);
    put_chi2(out, "pair_chi2", &pair);
    if (w != NULL) {
        put_chi2(out, "weighed_mean_chi2", &light);
        put_chi2(out, "weighed_pair_chi2", &bond);
    }
    log_say(&r->log,
            "against %lld chains: energy %.4f +- %.4f; means differ by %.4f (chance: %.4f), second "
            "moments by %.4f (chance: %.4f)",
            (long long)n, stats_mean(energy, n), width / sqrt((double)n), root(mean.square, mean.n),
            root(mean.noise, mean.n), root(pair.square, pair.n), root(pair.noise, pair.n));
    json_put(r->result, "chains", out);
}

int annealcompare_run(struct run *r, const struct annealmodel *m, const struct annealrows *x,
                      struct annealweigh *w, const struct kern *k, struct err *e)
{
    int64_t n = conf_int(r->conf, "anneal.compare"), *of = mem_take(m->Q, sizeof *of);
    int here = r->P->rank == 0;
    uint8_t *state = mem_take(here ? n * m->g[0].n : 0, 1);
    double *energy = mem_take(here ? n : 0, sizeof *energy);

    for (int q = 0; q < m->Q; q++) of[q] = block_of(n, q, m->Q).count;
    int bad = annealdraw_gibbs(r->P, m, k, m->g[0].scale, (int)conf_int(r->conf, "anneal.sweeps"),
                               r->seed, 0, of, state, energy, e);
    if (!bad && here) report(r, m, x, w, of, n, state, energy);
    mem_free(of);
    mem_free(state);
    mem_free(energy);
    return bad;
}
