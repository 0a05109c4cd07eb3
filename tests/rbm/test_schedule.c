/* Schedules of betas: named ones by their definition, placed ones by what they are for. */
#include "test.h"

#include "base/mem.h"
#include "rbm/schedule.h"

#include <math.h>
#include <string.h>

static void named_schedules_have_the_steps_they_promise(void **state)
{
    (void)state;
    static double beta[SCHEDULE_SALAKHUTDINOV + 1];
    struct err e = { "" };

    schedule_salakhutdinov(beta);
    assert_int_equal(schedule_check(beta, SCHEDULE_SALAKHUTDINOV, "named", &e), 0);
    for (int k = 1; k <= SCHEDULE_SALAKHUTDINOV; k++) {
        double step = beta[k] <= 0.5 ? 1e-3 : beta[k] <= 0.9 + 1e-12 ? 1e-4 : 1e-5;
        assert_near(beta[k] - beta[k - 1], step, 1e-12);
    }
    for (int K = 1; K <= 300; K += 23) {
        schedule_geometric(beta, K);
        assert_int_equal(schedule_check(beta, K, "geometric", &e), 0);
        if (K > 1) assert_near(beta[1], 0.1 / K, 1e-12);
        for (int k = 3; k <= K; k++)
            assert_near(beta[k] / beta[k - 1], beta[k - 1] / beta[k - 2], 1e-9);
    }
}

/* Variance 1 / (x + a)^2 has the length log((x + a) / a), which equal ratios cut evenly; the tenth
 * that is spread evenly is taken off by hand. */
static void placed_betas_cut_the_length_into_equal_pieces(void **state)
{
    (void)state;
    enum { PILOT = 400, K = 37 };
    double at[PILOT + 1], variance[PILOT + 1], correlation[PILOT + 1] = { 0.0 }, beta[K + 1];
    const double a = 0.1;
    struct err e = { "" };

    for (int k = 0; k <= PILOT; k++) {
        at[k] = (double)k / PILOT;
        variance[k] = 1.0 / ((at[k] + a) * (at[k] + a));
    }
    schedule_place(beta, K, PILOT, at, variance, correlation);
    assert_int_equal(schedule_check(beta, K, "placed", &e), 0);
    double whole = log((1.0 + a) / a);
    for (int k = 0; k <= K; k++) {
        double length = log((beta[k] + a) / a) + 0.1 * whole * beta[k];
        assert_near(length, 1.1 * whole * k / K, 2e-4 * whole); /* trapezoids of 1/400 */
    }
    /* slow mixing, tau = 3 where r = 1/2, draws as many steps as variance 3 */
    for (int k = 0; k <= PILOT; k++) {
        variance[k] = k < PILOT / 2 ? 3.0 : 1.0;
        correlation[k] = k < PILOT / 2 ? 0.0 : 0.5;
    }
    schedule_place(beta, K, PILOT, at, variance, correlation);
    for (int k = 0; k <= K; k++) assert_near(beta[k], (double)k / K, 3e-3);
    /* nothing to see anywhere: even steps */
    memset(variance, 0, sizeof variance);
    schedule_place(beta, K, PILOT, at, variance, correlation);
    for (int k = 0; k <= K; k++) assert_near(beta[k], (double)k / K, 1e-12);
}

static void texts_of_betas_are_read_or_refused_by_line(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        { "0\n0.5x\n1", "f:2: \"0.5x" }, { "0 0.7 0.5 1", "f: beta 0.5 follows 0.7" },
        { "0.1 1", "f: 2 betas" },       { "0 0.5", "f: 2 betas" },
        { "0", "f: 1 betas" },           { "# none\n", "f: 0 betas" },
        { "0 nan 1", "f: beta nan" }
    };
    double *beta = NULL;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err e = { "" };
        assert_int_equal(schedule_parse(&beta, bad[i][0], "f", &e), -1);
        assert_true(strncmp(e.text, bad[i][1], strlen(bad[i][1])) == 0);
    }
    struct err e = { "" };
    assert_int_equal(schedule_parse(&beta, "0, 1e-2 # begins\n\n 0.5\t0.5\r\n1", "f", &e), 4);
    assert_near(beta[1], 0.01, 0.0);
    assert_near(beta[3], 0.5, 0.0);
    mem_free(beta);
}

TEST_MAIN(cmocka_unit_test(named_schedules_have_the_steps_they_promise),
          cmocka_unit_test(placed_betas_cut_the_length_into_equal_pieces),
          cmocka_unit_test(texts_of_betas_are_read_or_refused_by_line))
