/* The training of a machine step by step: what it climbs is the gradient of enumeration. */
#include "test.h"

#include "cmd/bits.h"
#include "cmd/keys.h"
#include "cmd/prior.h"
#include "rbm/small.h"

#include <stdio.h>
#include <string.h>

enum { N = 12, PAIRS = 54, ROWS = 150, STEPS = 40 };
static const int SIZE[4] = { 3, 3, 3, 3 };
static const int HELD[2][3] = { { 0, 1, 2 }, { 1, 4, 8 } }; /* a partition; units of three */
static int held;                                            /* which of them is clamped */
static const uint8_t U[3][3] = { { 0, 0, 1 }, { 1, 1, 0 }, { 1, 0, 1 } };

/* Data of three conditions, 50, 30 and 70 of them. */
static void row(uint8_t *x, int64_t i)
{
    struct rng r = rng_at(51, RNG_TEST, i, 0);

    for (int j = 0; j < N; j++) x[j] = rng_float(&r) < 0.35f + 0.03f * (float)j;
    for (int j = 0; j < 3; j++) x[HELD[held][j]] = U[i < 50 ? 0 : i < 80 ? 1 : 2][j];
}

static void write_rows(const char *path)
{
    const struct par *P = test_par();
    struct block mine = block_of(ROWS, P->rank, P->size);
    struct bits b;
    struct err e = { "" };

    bits_init(&b, mine, ROWS, N, 0, 0, 0);
    for (int64_t i = 0; i < mine.count; i++) row(b.state + i * N, mine.first + i);
    assert_int_equal(bits_write(&b, P, path, &e), 0);
    bits_free(&b);
}

/* A machine, its data and its training; learning nothing. */
struct setting {
    struct run run;
    struct model model;
    struct feed feed;
    struct prior prior;
    struct reducer reducer;
};

static void begin(struct setting *s, int clamped, const char *const *option)
{
    struct err e = { "" };
    int n;
    const struct conf_key *keys = keys_table(&n);
    char train[200];

    *s = (struct setting){ .run = { .P = test_par(), .seed = 7, .conf = conf_new(keys, n) } };
    snprintf(train, sizeof train, "data.train=[%s]", test_path("rows.h5"));
    const char *own[] = {
        train, "data.kind=bits", "training.batch=150", "rbm.chains=3000", "rbm.sweeps=15", NULL
    };
    for (int i = 0; own[i] != NULL; i++)
        assert_int_equal(conf_override(s->run.conf, own[i], &e), 0);
    for (int i = 0; option[i] != NULL; i++)
        if (conf_override(s->run.conf, option[i], &e)) fail_msg("%s", e.text);
    small_machine(&s->model.rbm, 4, SIZE, clamped, 0.5, 52);
    if (clamped >= 0) small_hold(&s->model.rbm, HELD[held], 3);
    assert_int_equal(feed_open(&s->feed, &s->run, &s->model, &e), 0);
    if (prior_init(&s->prior, &s->run, &s->model.rbm, kern_best(), &s->feed, STEPS, &e))
        fail_msg("%s", e.text);
    s->prior.update.rate = 0.0;
    s->reducer = par_reducer(test_par());
    prior_start(&s->prior, 0);
}

static void end(struct setting *s)
{
    prior_free(&s->prior);
    feed_close(&s->feed);
    rbm_free(&s->model.rbm);
    conf_free(s->run.conf);
}

/* The gradient by enumeration: [N] biases, [PAIRS] couplings. mu is that of the kind. */
static void truth(const struct rbm *m, enum phases_kind kind, double *g)
{
    double d[N] = { 0 }, dd[PAIRS] = { 0 }, mean[N] = { 0 }, pair[PAIRS] = { 0 };
    double one[N], two[PAIRS], mu[N];
    const double share[3] = { 50.0 / ROWS, 30.0 / ROWS, 70.0 / ROWS };
    uint8_t x[N];
    struct exact plan;
    struct err e = { "" };

    for (int64_t i = 0; i < ROWS; i++) {
        row(x, i);
        for (int j = 0; j < N; j++) d[j] += x[j] / (double)ROWS;
        for (int k = 0; k < PAIRS; k++)
            dd[k] += x[m->T.edge[k][0]] * x[m->T.edge[k][1]] / (double)ROWS;
    }
    assert_int_equal(exact_plan(&plan, m, 0, EXACT_UNITS, &e), 0);
    for (int q = 0; q < 3; q++) {
        exact_moments(&plan, m, m->held == 0 ? NULL : U[q], one, two);
        for (int j = 0; j < N; j++) mean[j] += share[q] * one[j];
        for (int k = 0; k < PAIRS; k++) pair[k] += share[q] * two[k];
    }
    exact_free(&plan);
    for (int j = 0; j < N; j++) {
        mu[j] = kind == PHASES_PLAIN ? 0.0 : kind == PHASES_DATA ? d[j] : 0.5 * (d[j] + mean[j]);
        g[j] = d[j] - mean[j];
    }
    for (int k = 0; k < PAIRS; k++) {
        int i = m->T.edge[k][0], j = m->T.edge[k][1];
        double *c = &g[N + k];
        *c = dd[k] - pair[k] - mu[i] * (d[j] - mean[j]) - mu[j] * (d[i] - mean[i]);
        if (rbm_is_held(m, i) && rbm_is_held(m, j)) *c = 0.0;
        g[i] -= *c * mu[j];
        g[j] -= *c * mu[i];
    }
    for (int j = 0; j < m->held; j++) g[m->hold[j]] = 0.0;
}

/* All figures that have an error, and those beyond 2 of them. */
static int figures, far;

/* Mean and error of the gradient over steps against enumeration. Steps are nearly independent: 15
 * sweeps of a weakly coupled machine. Every figure lies within 4 errors: of the 2,000 figures of
 * all settings, 40 steps each, 0.5 would lie beyond by chance (Student's t of 39 degrees: 2.7e-4),
 * and the seeds are fixed, the bits the same on any number of ranks. That the errors are errors,
 * and no small bias hides below them, is seen from all figures together (the_errors_are_errors).
 * Exact: the rounding of a float. 3,000 chains give every condition exactly its share. */
static void check(int clamped, enum phases_kind kind, const char *const *option)
{
    double want[N + PAIRS], sum[N + PAIRS] = { 0 }, square[N + PAIRS] = { 0 };
    struct err e = { "" };
    struct setting s;

    begin(&s, clamped, option);
    truth(&s.model.rbm, kind, want);
    int64_t weights = s.model.rbm.weight - s.model.rbm.param;
    for (int t = 0; t < STEPS; t++) {
        assert_int_equal(feed_batch(&s.feed, t, 0, &e), 0);
        prior_data_bytes(&s.prior, s.feed.state, (int)s.feed.mine.count);
        assert_int_equal(prior_step(&s.prior, &s.reducer, &e), 0);
        for (int k = 0; k < N + PAIRS; k++) {
            double g = (double)s.prior.phases.gradient[k < N ? k : weights + k - N];
            sum[k] += g / STEPS;
            square[k] += g * g / STEPS;
        }
    }
    for (int k = 0; k < N + PAIRS; k++) {
        double error = sqrt(fmax(square[k] - sum[k] * sum[k], 0.0) / (STEPS - 1));
        figures += error > 1e-6;
        far += error > 1e-6 && fabs(sum[k] - want[k]) > 2.0 * error;
        if (fabs(sum[k] - want[k]) > 4.0 * error + 5e-7)
            fail_msg("%s %s %s: figure %d is %g, by enumeration %g +- %g", option[0], option[1],
                     option[2], k, sum[k], want[k], error);
    }
    end(&s);
}

static void every_method_climbs_the_gradient_of_enumeration(void **state)
{
    (void)state;
    static const char *const method[] = { "rbm.method=pcd", "rbm.method=cd", "rbm.method=rdm",
                                          "rbm.method=exact" };
    static const char *const gradient[] = { "rbm.gradient=plain", "rbm.gradient=centred",
                                            "rbm.gradient=enhanced" };

    write_rows(test_path("rows.h5"));
    for (int m = 0; m < 4; m++)
        for (int kind = 0; kind < 3; kind++) {
            const char *option[] = { method[m], gradient[kind], "rbm.chain_condition=batch",
                                     kind == 1 && m < 3 ? "rbm.rao_blackwell=true" : NULL, NULL };
            check(0, (enum phases_kind)kind, option);
            option[3] = NULL;
            option[2] = "rbm.chain_condition=fixed";
            check(0, (enum phases_kind)kind, option);
        }
    for (int m = 0; m < 4; m++) {
        const char *option[] = { method[m], gradient[1], "rbm.chain_condition=batch", NULL };
        check(-1, PHASES_DATA, option);
    }
}

static void any_units_may_be_the_condition(void **state)
{
    (void)state;
    const char *fixed[] = { "rbm.method=pcd", "rbm.gradient=centred", "rbm.chain_condition=fixed",
                            NULL };
    const char *cd[] = { "rbm.method=cd", "rbm.gradient=enhanced", "rbm.chain_condition=batch",
                         NULL };
    const char *exact[] = { "rbm.method=exact", "rbm.gradient=centred", "rbm.chain_condition=batch",
                            NULL };

    held = 1;
    write_rows(test_path("rows.h5"));
    check(0, PHASES_DATA, fixed);
    check(0, PHASES_ENHANCED, cd);
    check(0, PHASES_DATA, exact);
    held = 0;
    write_rows(test_path("rows.h5"));
}

/* The chains at beta = 1 of ladders: the same gradient. 750 of them, also a third of a tile. */
static void ladders_climb_it_too(void **state)
{
    (void)state;
    static const char *const condition[] = { "rbm.chain_condition=batch",
                                             "rbm.chain_condition=fixed" };

    write_rows(test_path("rows.h5"));
    for (int i = 0; i < 4; i++) {
        const char *option[] = { "rbm.tempering=4",
                                 i == 3 ? "rbm.gradient=enhanced" : "rbm.gradient=centred",
                                 condition[i & 1],
                                 i < 2 ? "rbm.chains=750" : "rbm.tempering_place=40",
                                 i == 2 ? "rbm.rao_blackwell=true" : "rbm.tempering_base=data",
                                 i == 2 ? "rbm.method=rdm" : NULL,
                                 NULL };
        check(i == 1 ? -1 : 0, i == 3 ? PHASES_ENHANCED : PHASES_DATA, option);
    }
}

/* Beyond 2 errors lie 5.2% of figures (t of 39 degrees). Figures of a setting hang together: as if
 * one in three were its own, 600 of them make a standard deviation of 0.9%; 3 of those. */
static void the_errors_are_errors(void **state)
{
    (void)state;
    assert_true(figures > 1500);
    assert_near((double)far / figures, 0.052, 0.027);
}

/* Fixed conditions are a stratified sample: of n chains each condition gets its share to within 1
 * at either end of its stratum. */
static void fixed_conditions_are_stratified(void **state)
{
    (void)state;
    static const char *const option[] = { "rbm.chain_condition=fixed", "rbm.chains=300", NULL };
    const double share[3] = { 100, 60, 140 };
    int64_t n[3] = { 0 };
    struct setting s;

    begin(&s, 0, option);
    const struct chains *c = &s.prior.pool.chains;
    for (int64_t i = 0; i < chains_mine(c); i++)
        for (int q = 0; q < 3; q++) {
            int same = 1;
            for (int j = 0; j < 3; j++)
                same &= (c->bits[j * c->tiles.count + i / 64] >> i % 64 & 1) == U[q][j];
            n[q] += same;
        }
    for (int q = 0; q < 3; q++) n[q] = par_sum_one(test_par(), n[q]);
    end(&s);
    for (int q = 0; q < 3; q++) assert_near((double)n[q], share[q], 2.0);
}

/* Rao and Blackwell: means as before, smaller variance of what the last partition enters. */
static void probabilities_lessen_the_variance(void **state)
{
    (void)state;
    static const char *const hard[] = { "rbm.chains=200", NULL };
    static const char *const soft[] = { "rbm.chains=200", "rbm.rao_blackwell=true", NULL };
    double variance[2] = { 0 };
    struct err e = { "" };

    for (int way = 0; way < 2; way++) {
        struct setting s;
        begin(&s, 0, way ? soft : hard);
        double sum = 0.0, square = 0.0;
        for (int t = 0; t < STEPS; t++) {
            assert_int_equal(feed_batch(&s.feed, t, 0, &e), 0);
            prior_data_bytes(&s.prior, s.feed.state, (int)s.feed.mine.count);
            assert_int_equal(prior_step(&s.prior, &s.reducer, &e), 0);
            double g = (double)s.prior.phases.gradient[N - 1];
            sum += g / STEPS;
            square += g * g / STEPS;
        }
        variance[way] = square - sum * sum;
        end(&s);
    }
    assert_true(variance[1] < 0.6 * variance[0]);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct err e = { "" };
    static const char *const option[] = { NULL };
    struct setting s;
    struct prior p;

    begin(&s, 0, option);
    assert_int_equal(conf_override(s.run.conf, "rbm.data_statistics=relaxed", &e), 0);
    assert_int_equal(prior_init(&p, &s.run, &s.model.rbm, kern_best(), &s.feed, 1, &e), -1);
    assert_non_null(strstr(e.text, "rbm.data_statistics is relaxed and data.kind is bits"));
    prior_free(&p);
    end(&s);
}

TEST_MAIN(cmocka_unit_test(every_method_climbs_the_gradient_of_enumeration),
          cmocka_unit_test(any_units_may_be_the_condition), cmocka_unit_test(ladders_climb_it_too),
          cmocka_unit_test(the_errors_are_errors),
          cmocka_unit_test(fixed_conditions_are_stratified),
          cmocka_unit_test(probabilities_lessen_the_variance),
          cmocka_unit_test(what_does_not_fit_is_refused))
