/* Memory of a row of numbers: the closed forms of an autoregressive process; coverage of errors. */
#include "test.h"

#include "base/mem.h"
#include "num/series.h"
#include "num/stats.h"

#include <math.h>

enum { LONG = 20000, SHORT = 1000, RUNS = 300 };

/* x_t = phi x_{t-1} + sqrt(1 - phi^2) e_t, stationary: rho(k) = phi^k, Var 1. */
static void remember(double *x, int64_t n, double phi, uint64_t seed)
{
    struct rng r = rng_at(seed, RNG_TEST, 0, 0);

    x[0] = rng_normal(&r);
    for (int64_t t = 1; t < n; t++) x[t] = phi * x[t - 1] + sqrt(1.0 - phi * phi) * rng_normal(&r);
}

/* tau = (1 + phi) / (1 - phi) / 2. Its relative error is sqrt(2 (2 W + 1) / n), W = 5 tau: 4% at
 * tau = 4.5, and the window leaves out exp(-5): four errors. */
static void the_time_is_that_of_the_process(void **state)
{
    (void)state;
    static const double phi[3] = { 0.0, 0.5, 0.8 };
    double *x = mem_take(LONG, sizeof *x);

    for (int i = 0; i < 3; i++) {
        double tau = 0.5 * (1.0 + phi[i]) / (1.0 - phi[i]);
        remember(x, LONG, phi[i], 3);
        assert_near(series_time(x, LONG), tau,
                    tau * (4.0 * sqrt(2.0 * (10.0 * tau + 1.0) / LONG) + 0.01));
    }
    for (int i = 0; i < LONG; i++) x[i] = 2.5;
    assert_near(series_time(x, LONG), 0.5, 0.0);
    assert_near(series_error(x, LONG), 0.0, 0.0);
    mem_free(x);
}

/* Mean over its error, 300 times: variance 1 within five errors of a variance, 5 sqrt(2 / 300) =
 * .41; at tau = 4.5 the window costs 5% and the error's own noise 5% more. */
static void errors_of_the_mean_cover(void **state)
{
    (void)state;
    static const double phi[2] = { 0.0, 0.8 };
    double *x = mem_take(SHORT, sizeof *x);

    for (int i = 0; i < 2; i++) {
        double square = 0.0;
        for (int run = 0; run < RUNS; run++) {
            remember(x, SHORT, phi[i], 100 + (uint64_t)run);
            double pull = stats_mean(x, SHORT) / series_error(x, SHORT);
            square += pull * pull / RUNS;
        }
        assert_near(square, 1.05, 0.41);
    }
    mem_free(x);
}

/* Independent numbers want no blocks; memory wants longer ones than the memory, and the spread of
 * resampled ratios follows the error of the mean: y = 1. 200 resamples: 5%; blocks of tau = 4.5
 * lose about tau / block: one side 30%. */
static void blocks_are_as_long_as_the_memory(void **state)
{
    (void)state;
    double *x = mem_take(LONG, sizeof *x), *y = mem_take(LONG, sizeof *y);
    int64_t *place = mem_take(LONG, sizeof *place);

    remember(x, LONG, 0.0, 5);
    assert_int_equal(series_block(x, LONG), 1);
    for (int i = 0; i < LONG; i++) y[i] = 1.0;
    remember(x, LONG, 0.8, 6);
    int64_t block = series_block(x, LONG);
    assert_in_range(block, 10, 200);
    double error = series_ratio_error(x, y, LONG, block, 200, 7, 0, place);
    assert_near(error, sqrt(9.0 / LONG), 0.3 * sqrt(9.0 / LONG));
    double short_sighted = series_ratio_error(x, y, LONG, 1, 200, 7, 0, place);
    assert_near(short_sighted, sqrt(1.0 / LONG), 0.2 * sqrt(1.0 / LONG));
    mem_free(x);
    mem_free(y);
    mem_free(place);
}

/* A resample takes every place as often as any other: 1,000 blocks of 7 into 10 places, 700 each
 * in the mean; a place is in 7 of 10 blocks: binomial, 14.5 wide. */
static void resamples_are_even(void **state)
{
    (void)state;
    int64_t place[10], seen[10] = { 0 };

    for (int k = 0; k < 1000; k++) {
        struct rng r = rng_at(8, RNG_TEST, k, 0);
        series_resample(place, 10, 7, &r);
        for (int i = 0; i < 7; i++) seen[place[i]]++;
        for (int i = 1; i < 7; i++) assert_int_equal(place[i], (place[i - 1] + 1) % 10);
    }
    for (int i = 0; i < 10; i++) assert_near((double)seen[i], 700.0, 5.0 * 14.5);
}

TEST_MAIN(cmocka_unit_test(the_time_is_that_of_the_process),
          cmocka_unit_test(errors_of_the_mean_cover),
          cmocka_unit_test(blocks_are_as_long_as_the_memory), cmocka_unit_test(resamples_are_even))
