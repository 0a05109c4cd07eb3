#include "cmd/annealbeta.h"

#include "base/mem.h"
#include "num/stats.h"

#include <math.h>
#include <string.h>

static const char *const NAME[BETA_NAMES] = { "mpl",     "stein",   "kl",      "newton",
                                              "method1", "method2", "variance" };
static const enum iterate_rule RULE[BETA_NAMES] = { [BETA_KL] = ITERATE_KL,
                                                    [BETA_NEWTON] = ITERATE_NEWTON,
                                                    [BETA_METHOD1] = ITERATE_METHOD1,
                                                    [BETA_METHOD2] = ITERATE_METHOD2,
                                                    [BETA_VARIANCE] = ITERATE_VARIANCE };

static int name_of(const char *text)
{
    int k = 0;

    while (k < BETA_NAMES && strcmp(text, NAME[k]) != 0) k++;
    return k < BETA_NAMES ? k : -1;
}

int annealbeta_check(const struct run *r, struct err *e)
{
    for (int i = 0; i < conf_count(r->conf, "anneal.estimators"); i++) {
        const char *text = conf_text_at(r->conf, "anneal.estimators", i);
        if (name_of(text) < 0)
            return err_set(e,
                           "anneal.estimators: \"%s\" is none, expected mpl, stein, kl, newton, "
                           "method1, method2 or variance",
                           text);
    }
    return 0;
}

void annealbeta_init(struct annealbeta *b, struct run *r, struct annealmodel *m,
                     struct annealdraw *d, const struct kern *k)
{
    *b = (struct annealbeta){ .r = r, .m = m, .d = d, .kern = k };
    annealrows_init(&b->rows, r->P, m);
    b->baseline = conf_int(r->conf, "anneal.baseline");
    b->of = mem_take(m->Q, sizeof *b->of);
    for (int q = 0; q < m->Q; q++) b->of[q] = block_of(b->baseline, q, m->Q).count;
    b->chain = mem_take(r->P->rank == 0 ? b->baseline : 0, sizeof *b->chain);
    b->middle = mem_take(m->Q, sizeof *b->middle);
}

void annealbeta_free(struct annealbeta *b)
{
    annealrows_free(&b->rows);
    mem_free(b->of);
    mem_free(b->chain);
    mem_free(b->middle);
    *b = (struct annealbeta){ 0 };
}

static void set_scale(const struct annealbeta *b, double scale)
{
    for (int q = 0; q < b->m->Q; q++) ising_rescale(&b->m->g[q], scale);
}

int annealbeta_draw(struct annealbeta *b, struct annealrows *rows, int64_t reads, int32_t set,
                    struct err *e)
{
    int64_t calls = b->single ? reads : 1;

    for (int64_t i = 0; i < calls; i++) {
        int only = b->single ? (int)(i % b->m->Q) : -1;
        int status = annealdraw_set(b->d, b->r, b->m, b->single ? 1 : reads, only, e);
        if (status) return status;
        annealrows_add(rows, b->d, b->m, set);
    }
    return 0;
}

/* E of chains at u, from the same random numbers in every call of one `stream`. */
static int draw_chains(struct annealbeta *b, double u, int64_t stream, struct err *e)
{
    const struct annealmodel *m = b->m;
    int root = b->r->P->rank == 0;
    uint8_t *state = mem_take(root ? b->baseline * m->g[0].n : 0, 1);
    int64_t at = 0;

    int bad = annealdraw_gibbs(b->r->P, m, b->kern, u * m->g[0].scale,
                               (int)conf_int(b->r->conf, "anneal.sweeps"), b->r->seed, stream,
                               b->of, state, b->chain, e);
    for (int q = 0; q < m->Q && root && !bad; q++) {
        for (int64_t i = at; i < at + b->of[q]; i++)
            b->chain[i] = m->g[q].scale * (m->g[q].offset + b->chain[i]);
        if (b->of[q] > 0) b->middle[q] = stats_mean(b->chain + at, b->of[q]);
        at += b->of[q];
    }
    mem_free(state);
    return bad;
}

/* Energies without constants, about the mean of each problem's chains: middle is that mean without
 * its offset, over all problems. */
static struct iterate_side side_of(const struct annealbeta *b, const double *E,
                                   const int32_t *problem, int64_t n)
{
    const struct annealmodel *m = b->m;
    double *x = mem_take(n, sizeof *x), middle = 0.0;

    for (int q = 0; q < m->Q; q++) middle += (b->middle[q] - m->g[q].scale * m->g[q].offset) / m->Q;
    for (int64_t i = 0; i < n; i++) x[i] = E[i] - b->middle[problem[i]] + middle;
    struct iterate_side s = iterate_side(x, n);
    mem_free(x);
    return s;
}

static struct iterate_side chain_side(const struct annealbeta *b)
{
    int32_t *problem = mem_take(b->baseline, sizeof *problem);
    int64_t at = 0;

    for (int q = 0; q < b->m->Q; q++)
        for (int64_t i = 0; i < b->of[q]; i++) problem[at++] = q;
    struct iterate_side s = side_of(b, b->chain, problem, b->baseline);
    mem_free(problem);
    return s;
}

/* mpl or stein of sorted rows: u. Rank 0. */
static void from_rows(const struct annealbeta *b, const struct annealrows *rows,
                      enum annealbeta_name which, struct estimate *x)
{
    float *F = mem_take(rows->n * rows->spins, sizeof *F);

    annealrows_fields(F, rows, b->m);
    (which == BETA_STEIN ? estimate_stein : estimate_pseudo)(x, F, rows->n, rows->spins, b->r->seed,
                                                             b->d->sets, NULL);
    mem_free(F);
}

static void to_beta(struct estimate *x, double scale)
{
    x->beta *= scale;
    x->error *= scale;
}

/* The maximum of the likelihood of sorted rows: chains at one temperature after another. */
static int likelihood(struct annealbeta *b, const struct annealrows *rows, struct estimate *x,
                      struct err *e)
{
    struct iterate it;
    int root = b->r->P->rank == 0, more = 1;
    int64_t stream = ++b->calls;

    iterate_begin(&it, ITERATE_KL, 1.0, b->m->g[0].scale, ITERATE_MOST);
    while (more) {
        if (draw_chains(b, it.value, stream, e)) return -1;
        if (root) {
            struct iterate_side r = chain_side(b), q = side_of(b, rows->E, rows->problem, rows->n);
            more = iterate_step(&it, &q, &r);
        }
        par_bcast(b->r->P, &it, sizeof it, 0);
        par_bcast(b->r->P, &more, sizeof more, 0);
    }
    *x = it.result;
    x->draws = 0;
    return 0;
}

/* Sets at one scale after another. */
static int by_sets(struct annealbeta *b, enum annealbeta_name which, struct estimate *x,
                   struct err *e)
{
    struct iterate it;
    int root = b->r->P->rank == 0, more = 1;

    if (draw_chains(b, 1.0, ++b->calls, e)) return -1;
    iterate_begin(&it, RULE[which], b->m->g[0].scale, 1.0,
                  (int)conf_int(b->r->conf, "anneal.beta_steps"));
    while (more) {
        set_scale(b, it.value);
        annealrows_clear(&b->rows);
        int status = annealbeta_draw(b, &b->rows, conf_int(b->r->conf, "anneal.beta_reads"), 0, e);
        if (status) return status;
        annealrows_sort(&b->rows);
        if (root) {
            struct iterate_side r = chain_side(b),
                                q = side_of(b, b->rows.E, b->rows.problem, b->rows.n);
            more = iterate_step(&it, &q, &r);
        }
        par_bcast(b->r->P, &it, sizeof it, 0);
        par_bcast(b->r->P, &more, sizeof more, 0);
    }
    *x = it.result;
    return 0;
}

/* An estimate of sorted rows. */
static int of_rows(struct annealbeta *b, const struct annealrows *rows, enum annealbeta_name which,
                   struct estimate *x, struct err *e)
{
    if (which == BETA_KL) return likelihood(b, rows, x, e);
    if (b->r->P->rank == 0) {
        from_rows(b, rows, which, x);
        to_beta(x, b->m->g[0].scale);
    }
    par_bcast(b->r->P, x, sizeof *x, 0);
    return 0;
}

/* By reads alone: until the estimate is the scale, within its error. */
static int by_rows(struct annealbeta *b, enum annealbeta_name which, struct estimate *x,
                   struct err *e)
{
    int most = (int)conf_int(b->r->conf, "anneal.beta_steps");

    for (int k = 1;; k++) {
        double scale = b->m->g[0].scale;
        annealrows_clear(&b->rows);
        int status = annealbeta_draw(b, &b->rows, conf_int(b->r->conf, "anneal.beta_reads"), 0, e);
        if (status) return status;
        annealrows_sort(&b->rows);
        if (of_rows(b, &b->rows, which, x, e)) return -1;
        x->draws = k;
        if (!x->converged) return 0;
        if (fabs(x->beta - scale) <= x->error) return 0;
        if (k >= most) {
            estimate_fail(x, "no scale gives itself after %d sets: at %.4g the device is at %.4g",
                          k, scale, x->beta);
            return 0;
        }
        set_scale(b, fmax(scale / ITERATE_FACTOR, fmin(scale * ITERATE_FACTOR, x->beta)));
    }
}

int annealbeta_find(struct annealbeta *b, enum annealbeta_name which, struct estimate *x,
                    struct err *e)
{
    double before = b->m->g[0].scale;
    int status = which < BETA_NEWTON ? by_rows(b, which, x, e) : by_sets(b, which, x, e);

    if (status) return status;
    int found = isfinite(x->beta) && x->beta > 0.0;
    set_scale(b, found ? x->beta : before);
    return 0;
}

static void put_one(struct json *list, const char *name, const struct estimate *x)
{
    struct json *j = json_new();

    json_put_real(j, "beta", x->beta);
    json_put_real(j, "error", x->error);
    json_put_flag(j, "converged", x->converged);
    if (x->draws > 0) json_put_int(j, "sets", x->draws);
    if (x->block > 0) json_put_int(j, "block", x->block);
    if (isfinite(x->pareto)) json_put_real(j, "pareto_k", x->pareto);
    if (x->why[0] != '\0') json_put_text(j, "why", x->why);
    json_put(list, name, j);
}

int annealbeta_put(struct annealbeta *b, const struct annealrows *rows, struct err *e)
{
    const struct conf *c = b->r->conf;
    double scale = b->m->g[0].scale;
    struct json *all = json_new();
    int status = 0;

    for (int i = 0; i < conf_count(c, "anneal.estimators") && !status; i++) {
        const char *name = conf_text_at(c, "anneal.estimators", i);
        int which = name_of(name);
        struct estimate x;
        status = which < BETA_NEWTON ? of_rows(b, rows, (enum annealbeta_name)which, &x, e)
                                     : by_sets(b, (enum annealbeta_name)which, &x, e);
        set_scale(b, scale);
        if (status) break;
        put_one(all, name, &x);
        log_say(&b->r->log, "%-9s %8.4f +- %.4f%s%s", name, x.beta, x.error,
                x.converged ? "" : "  NOT CONVERGED: ", x.why);
    }
    json_put(b->r->result, "estimators", all);
    return status;
}
