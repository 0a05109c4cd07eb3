/* Judges: data made from the law itself, and the definitions as plain loops. */
#include "test.h"

#include "base/block.h"
#include "base/mem.h"
#include "base/rng.h"
#include "shower/errorlaw.h"
#include "shower/resolution.h"
#include "shower/wasserstein.h"

#include <math.h>

static double law(double energy, double a, double b, double c)
{
    return sqrt(a * a / energy + b * b + c * c / (energy * energy));
}

static void bins_of(struct resolution_bin *bin, double a, double b, double c)
{
    for (int i = 0; i < RESOLUTION_BINS; i++) {
        double energy = pow(10, 0.25 * i);
        bin[i] = (struct resolution_bin){
            1000, energy, 0.8 + 0.02 * log10(energy), 0.1, law(energy, a, b, c), 0.01
        };
    }
}

static void points_on_the_law_give_its_terms(void **state)
{
    (void)state;
    struct resolution_bin bin[RESOLUTION_BINS];
    bins_of(bin, 0.2, 0.03, 0.1);
    struct resolution_fit f = resolution_fit(bin, RESOLUTION_BINS);
    assert_near(f.a, 0.2, 1e-9);
    assert_near(f.b, 0.03, 1e-9);
    assert_near(f.c, 0.1, 1e-9);
    assert_near(f.chi2, 0, 1e-18);
    assert_int_equal(f.freedom, RESOLUTION_BINS - 3);
    assert_near(f.slope, 0.02, 1e-12);
    bins_of(bin, 0.2, 0, 0); /* terms that are not there stay at 0 */
    f = resolution_fit(bin, RESOLUTION_BINS);
    assert_near(f.a, 0.2, 1e-9);
    assert_near(f.b, 0, 1e-6); /* roots of what rounding leaves of squares */
    assert_near(f.c, 0, 1e-6);
}

/* Points below what the other terms need: without bounds the constant's square would be negative.
 */
static void no_square_is_negative(void **state)
{
    (void)state;
    struct resolution_bin bin[RESOLUTION_BINS];
    bins_of(bin, 0.2, 0, 0);
    for (int i = RESOLUTION_BINS / 2; i < RESOLUTION_BINS; i++) bin[i].relative *= 0.5;
    struct resolution_fit f = resolution_fit(bin, RESOLUTION_BINS);
    assert_near(f.b, 0, 0);
    assert_near(f.b_error, 0, 0);
    assert_true(f.a > 0 && f.chi2 > 1);
    bin[0].n = bin[1].n = RESOLUTION_LEAST - 1;
    f = resolution_fit(bin, 4);
    assert_int_equal(f.bins, 2);
    assert_true(isnan(f.a) && isnan(f.slope));
}

/* 40,000 showers whose response is normal with the law's width: every term within 4 of its errors,
 * and the same bins on any number of ranks. */
static void showers_give_the_terms_within_errors(void **state)
{
    (void)state;
    enum { N = 40000 };
    const struct par *P = test_par();
    struct block mine = block_of(N, P->rank, P->size);
    struct resolution r;
    resolution_init(&r, 1e3, 1e6);
    for (int64_t i = mine.first; i < block_end(mine); i++) {
        struct rng g = rng_at(3, RNG_TEST, i, 0);
        double energy = 1e3 * pow(1e3, rng_uniform(&g));
        double total = energy * 0.9 * (1 + law(energy * 1e-3, 0.25, 0.02, 0.1) * rng_normal(&g));
        resolution_add(&r, &energy, &total, 1);
    }
    resolution_finish(&r, P);
    assert_near(r.fit.a, 0.25, 4 * r.fit.a_error);
    assert_near(r.fit.b, 0.02, 4 * r.fit.b_error);
    assert_near(r.fit.c, 0.1, 4 * r.fit.c_error);
    /* the law is convex within a bin of a quarter decade: a few units of chi2 more than normal */
    assert_true(r.fit.chi2 < r.fit.freedom + 6 * sqrt(2.0 * r.fit.freedom));
    assert_near(r.fit.slope, 0, 4 * r.fit.slope_error);
    assert_true(r.fit.a_error > 0 && r.fit.a_error < 0.02);
    int64_t n = 0;
    for (int i = 0; i < RESOLUTION_BINS; i++) n += r.bin[i].n;
    assert_int_equal(n, N);
}

static void error_laws_are_told_apart(void **state)
{
    (void)state;
    const struct par *P = test_par();
    const double delta[ERROR_SCENARIOS] = { 0, 0.5, 1, 0.3 };
    for (int s = 0; s < ERROR_SCENARIOS; s++) {
        struct error_law l = { .sum = { 0 } };
        for (int i = P->rank; i < 50; i += P->size) {
            double energy = pow(10, 0.05 * i);
            errorlaw_add(&l, energy * 1e3, (i % 2 ? 1 : -1) * 0.07 * pow(energy, delta[s] - 1));
        }
        errorlaw_add(&l, 1e4, 0); /* has no logarithm: left out */
        errorlaw_finish(&l, P);
        assert_near(l.sum[0], 50, 0);
        assert_near(l.factor[s], 0.07, 1e-9);
        assert_near(l.delta, delta[s], 1e-9);
        /* a rounding of 1e-16 in sums of squares of order 10 */
        for (int k = 0; k < ERROR_POWER; k++)
            assert_true(delta[k] == delta[s] ? l.rms[k] < 1e-6 : l.rms[k] > 0.1);
        assert_true(l.rms[ERROR_POWER] < 1e-6);
    }
}

static void columns_meet_the_sorted_samples(void **state)
{
    (void)state;
    enum { N = 40, D = 4 };
    const struct par *P = test_par();
    struct block mine = block_of(N, P->rank, P->size);
    double *x = mem_take(N * D, sizeof *x), *y = mem_take(N * D, sizeof *y), w[D], sd = 0;
    /* column 0: a shift; 1: the same numbers in another order; 2: a stretch; 3: constants */
    for (int i = 0; i < N; i++) {
        const double a[D] = { i, i, i, 7 }, b[D] = { i + 3, N - 1 - i, 2 * i, 9 };
        for (int j = 0; j < D; j++) {
            x[i * D + j] = a[j];
            y[i * D + j] = b[j];
        }
        sd += (i - (N - 1) / 2.0) * (i - (N - 1) / 2.0) / (N - 1);
    }
    struct sample X = { x + mine.first * D, mine, N }, Y = { y + mine.first * D, mine, N };
    wasserstein_columns(w, P, &X, &Y, D);
    mem_free(x);
    mem_free(y);
    assert_near(w[0], 3 / sqrt(sd), 1e-12);
    assert_near(w[1], 0, 0);
    assert_near(w[2], (N - 1) / 2.0 / sqrt(sd), 1e-12);
    assert_near(w[3], 2, 1e-12);
}

TEST_MAIN(cmocka_unit_test(points_on_the_law_give_its_terms),
          cmocka_unit_test(no_square_is_negative),
          cmocka_unit_test(showers_give_the_terms_within_errors),
          cmocka_unit_test(error_laws_are_told_apart),
          cmocka_unit_test(columns_meet_the_sorted_samples))
