/* Log-weights against their definitions, closed forms and coverage. */
#include "test.h"

#include "base/rng.h"
#include "num/logweights.h"
#include "num/special.h"

#include <math.h>
#include <string.h>

static void normals(double *x, int n, double mean, double variance, int64_t item)
{
    struct rng r = rng_at(11, RNG_TEST, item, 0);

    for (int i = 0; i < n; i++) x[i] = mean + sqrt(variance) * rng_normal(&r);
}

static void a_mean_of_weights_is_taken_without_overflow(void **state)
{
    (void)state;
    double x[4] = { 5000.0 + log(1.0), 5000.0 + log(2.0), 5000.0 + log(3.0), 5000.0 + log(10.0) };
    struct logweights s = logweights_of(x, 4);

    assert_near(special_log_sum_exp(x, 4), 5000.0 + log(16.0), 1e-11);
    assert_near(s.log_mean, 5000.0 + log(4.0), 1e-11);
    assert_near(s.ess, 256.0 / 114.0, 1e-11);
    assert_near(s.largest, 10.0 / 16.0, 1e-11);
    /* the sample variance of 1, 2, 3, 10 is 50/3: standard error of the mean over the mean */
    assert_near(s.error, sqrt(50.0 / 3.0 / 4.0) / 4.0, 1e-11);
    assert_near(s.mean, 5000.0 + log(60.0) / 4.0, 1e-11);
    assert_true(special_log_sum_exp(x, 0) == -INFINITY);
    x[1] = NAN;
    assert_true(isnan(logweights_of(x, 4).log_mean));
}

static void one_weight_has_no_error_bar(void **state)
{
    (void)state;
    double x = -3.0, lower, upper;
    struct logweights s = logweights_of(&x, 1);

    assert_true(isinf(s.error));
    logweights_interval(&s, 2.0, &lower, &upper);
    assert_true(lower == -INFINITY && upper == INFINITY);
}

/* log w ~ N(-s2/2, s2) has E w = 1. Of 2,000 runs the 95% interval misses 5% +- 0.5%. */
static void intervals_cover_as_often_as_they_say(void **state)
{
    (void)state;
    enum { RUNS = 2000, CHAINS = 500 };
    int covered = 0;

    for (int r = 0; r < RUNS; r++) {
        double x[CHAINS], lower, upper;
        normals(x, CHAINS, -0.25, 0.5, r);
        struct logweights s = logweights_of(x, CHAINS);
        logweights_interval(&s, 1.96, &lower, &upper);
        covered += lower <= 0.0 && 0.0 <= upper;
    }
    assert_in_range(covered, 1870, 1930); /* 93.5% .. 96.5% */
}

static void the_bootstrap_agrees_with_the_delta_method(void **state)
{
    (void)state;
    double x[400];

    normals(x, 400, 3.0, 0.5, 7);
    struct logweights s = logweights_of(x, 400);
    /* 1,000 repeats: the standard deviation itself is known to 2.2%; 10% is 4 of those */
    assert_near(logweights_bootstrap(x, 400, 1000, 5, 0) / s.error, 1.0, 0.1);
    assert_true(logweights_bootstrap(x, 400, 50, 5, 1) == logweights_bootstrap(x, 400, 50, 5, 1));
    assert_true(logweights_bootstrap(x, 400, 50, 5, 1) != logweights_bootstrap(x, 400, 50, 5, 2));
}

/* Gaussian works that obey Crooks: forward N(C - s2/2, s2), minus reverse N(C + s2/2, s2). */
static void bar_finds_the_ratio_and_its_error(void **state)
{
    (void)state;
    enum { RUNS = 200, F = 300, R = 100 };
    double C = 42.0, s2 = 4.0, sum = 0.0, squares = 0.0, claimed = 0.0;

    for (int r = 0; r < RUNS; r++) {
        double f[F], g[R], error;
        normals(f, F, C - s2 / 2, s2, 2 * r);
        normals(g, R, -(C + s2 / 2), s2, 2 * r + 1);
        double x = logweights_bar(f, F, g, R, &error) - C;
        sum += x;
        squares += x * x;
        claimed += error / RUNS;
    }
    double sd = sqrt(squares / RUNS);
    assert_near(sum / RUNS, 0.0, 4.0 * sd / sqrt(RUNS)); /* 4 errors of the mean */
    assert_near(claimed / sd, 1.0, 0.2);                 /* 4 x 1/sqrt(2 x 200) */
    double f = 3.25, g = -3.25;
    assert_near(logweights_bar(&f, 1, &g, 1, NULL), 3.25, 1e-11);
}

static void a_bracket_orders_its_bounds(void **state)
{
    (void)state;
    double f[200], r[200];
    struct logweights_bracket b[2];
    char text[200];

    normals(f, 200, 10.0 - 0.05, 0.1, 1);
    normals(r, 200, -10.0 - 0.05, 0.1, 2);
    b[0] = logweights_bracket(100.0, f, 200, r, 200);
    assert_near(b[0].logz, 110.0, 4.0 * b[0].error);
    assert_true(b[0].lower == b[0].logz - 2.0 * b[0].error);
    assert_near(b[0].upper, 100.0 - b[0].reverse.log_mean + 2.0 * b[0].reverse.error, 0.0);
    b[1] = logweights_bracket(102.0, f, 200, r, 200);
    struct logweights_mean m = logweights_mean(b, 2);
    assert_near(m.logz, b[0].logz + 1.0, 1e-9);
    assert_near(m.chains_error, b[0].error / sqrt(2.0), 1e-12);
    assert_near(m.spread, sqrt(2.0), 1e-9);
    assert_near(m.energies_error, 1.0, 1e-9);
    assert_near(m.gap, -b[0].reverse.log_mean - b[0].forward.log_mean, 1e-9);
    assert_true(logweights_verdict(&m, text, sizeof text));
    assert_true(strncmp(text, "bracketed within 0.", 19) == 0);
    b[0] = logweights_bracket(100.0, NULL, 0, r, 200);
    assert_near(b[0].logz, 110.0, 4.0 * b[0].error);
    m = logweights_mean(b, 1);
    assert_true(isnan(m.gap) && isnan(m.energies_error) && isnan(b[0].lower));
    assert_true(logweights_verdict(&m, text, sizeof text) == 0);
    assert_non_null(strstr(text, "one direction only"));
}

static void a_verdict_says_what_went_wrong(void **state)
{
    (void)state;
    char text[200];
    struct logweights_mean m = { .ess = 4.2, .chains = 100, .gap = -3.0, .gap_error = 0.1 };

    assert_false(logweights_verdict(&m, text, sizeof text));
    assert_string_equal(text, "not converged: ESS 4 of 100, order inverted by 3.0");
    m = (struct logweights_mean){ .ess = 90, .chains = 100, .gap = 0.3, .gap_error = 0.01 };
    assert_false(logweights_verdict(&m, text, sizeof text));
    assert_string_equal(text, "not converged: ESS 90 of 100, gap of 0.3 nats");
    m = (struct logweights_mean){
        .ess = 24, .chains = 100, .gap = 0.01, .gap_error = 0.01, .lower = 1.0, .upper = 1.07
    };
    assert_true(logweights_verdict(&m, text, sizeof text));
    assert_string_equal(text, "bracketed within 0.07 nats (ESS 24 of 100, interval unreliable)");
    m.ess = 31;
    assert_true(logweights_verdict(&m, text, sizeof text));
    assert_string_equal(text, "bracketed within 0.07 nats");
}

TEST_MAIN(cmocka_unit_test(a_mean_of_weights_is_taken_without_overflow),
          cmocka_unit_test(one_weight_has_no_error_bar),
          cmocka_unit_test(intervals_cover_as_often_as_they_say),
          cmocka_unit_test(the_bootstrap_agrees_with_the_delta_method),
          cmocka_unit_test(bar_finds_the_ratio_and_its_error),
          cmocka_unit_test(a_bracket_orders_its_bounds),
          cmocka_unit_test(a_verdict_says_what_went_wrong))
