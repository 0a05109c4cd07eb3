/* Judges: closed forms, numpy 1.24.2 and scipy 1.10.1 where their conventions are the point, long
 * double sums. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/cov.h"
#include "num/stats.h"
#include "num/trf.h"

#include <math.h>
#include <string.h>

static void moments_survive_a_large_mean(void **state)
{
    (void)state;
    /* 4, 7, 13, 16 around 1e9: mean 10, sum of squares 90 */
    const double x[4] = { 1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16 };
    struct stats_moments m = { 0 }, rest = { 0 };
    for (int i = 0; i < 4; i++) stats_add(i < 1 ? &m : &rest, x[i], 1);
    stats_merge(&m, &rest);
    assert_near(stats_mean(x, 4), 1e9 + 10, 0);
    assert_near(stats_variance(x, 4, 1), 30, 0);
    assert_near(stats_std(x, 4, 0), sqrt(22.5), 1e-14);
    assert_near(m.mean, 1e9 + 10, 1e-6);
    /* x - mean is good to 1e-7: 6 * 1e-7 * 4 */
    assert_near(m.square, 90, 1e-5);
    assert_near(m.weight, 4, 0);
}

static void weights_count_as_repetitions(void **state)
{
    (void)state;
    struct stats_moments heavy = { 0 }, many = { 0 };
    for (int i = 0; i < 5; i++) {
        stats_add(&heavy, i * i, i);
        for (int k = 0; k < i; k++) stats_add(&many, i * i, 1);
    }
    assert_near(heavy.mean, many.mean, 1e-14);
    assert_near(heavy.square, many.square, 1e-12);
}

/* numpy.percentile(x, 100 q) */
static void quantiles_are_numpys(void **state)
{
    (void)state;
    double x[5] = { 7, 1, 4, 2, 11 };
    stats_sort(x, 5);
    assert_near(stats_quantile(x, 5, 0), 1, 0);
    assert_near(stats_quantile(x, 5, 0.5), 4, 0);
    assert_near(stats_quantile(x, 5, 1), 11, 0);
    assert_near(stats_quantile(x, 5, 0.16275), 1.651, 1e-14);
    assert_near(stats_quantile(x, 5, 0.83725), 8.396, 1e-14);
    assert_near(stats_quantile(x, 1, 0.3), 1, 0);
}

/* Two laws on the line: n |x - y| sums of the sorted pairs when sizes are equal; closed form for
 * two points against three. */
static void wasserstein_is_the_mean_shift_of_sorted_pairs(void **state)
{
    (void)state;
    double x[6] = { 1, 2, 2, 5, 7, 9 }, y[6] = { 0, 2, 3, 3, 8, 12 }, a[2] = { 0, 6 },
           b[3] = { 1, 1, 4 }, want = 0;
    for (int i = 0; i < 6; i++) want += fabs(x[i] - y[i]) / 6;
    assert_near(stats_wasserstein(x, 6, y, 6), want, 1e-14);
    assert_near(stats_wasserstein(y, 6, x, 6), want, 1e-14);
    assert_near(stats_wasserstein(x, 6, x, 6), 0, 0);
    /* quantiles 0..1/2 of a are 0, 1/2..1 are 6; of b 0..2/3 are 1, 2/3..1 are 4 */
    assert_near(stats_wasserstein(a, 2, b, 3), 0.5 * 1 + 5 / 6.0 + 2 / 3.0, 1e-14);
}

static void not_a_number_sorts_last(void **state)
{
    (void)state;
    double x[4] = { NAN, 2, -INFINITY, 1 };
    stats_sort(x, 4);
    assert_true(x[0] < -1e300 && x[1] == 1 && x[2] == 2 && isnan(x[3]));
}

static void trapezoids_and_correlation_of_lines_are_exact(void **state)
{
    (void)state;
    const double x[4] = { 0, 1, 3, 4 }, y[4] = { 1, 3, 7, 9 }, z[4] = { 2, 0, -4, -6 };
    const double flat[4] = { 5, 5, 5, 5 };
    assert_near(stats_trapezoid(x, y, 4), 20, 1e-14);
    assert_near(stats_correlation(x, y, 4), 1, 1e-15);
    assert_near(stats_correlation(x, z, 4), -1, 1e-15);
    assert_near(stats_correlation(x, flat, 4), 0, 0);
}

/* By hand: x = 0, 1, 2, 3, y = 1, 3, 2, 5: b = 1.1, a = 1.1, residuals -.1, .8, -1.3, .6, whose
 * squares sum to 2.7; var_a = 2.7 / 2 (1/4 + 1.5^2 / 5). */
static void line_is_least_squares(void **state)
{
    (void)state;
    const double x[4] = { 0, 1, 2, 3 }, y[4] = { 1, 3, 2, 5 };
    struct stats_line l = stats_line(x, y, 4);
    assert_near(l.a, 1.1, 1e-14);
    assert_near(l.b, 1.1, 1e-14);
    assert_near(l.var_a, 1.35 * 0.7, 1e-14);
}

/* scipy.optimize.curve_fit with bounds (0, inf): lines that are free, small, and held at 0. Its
 * difference quotients are noisy at 1e-16 / 1.5e-8, and what is left of the way moves by that:
 * 1e-9. At a = 0 there is nothing but rest of a way: with the data moved by 1e-16 scipy itself
 * stops anywhere in 2.45e-7..2.58e-7, b within 2e-4. The error of a comes from quotients that
 * rounding moves by up to 1e-6 of it. */
static void bounded_line_stops_where_curve_fit_does(void **state)
{
    (void)state;
    static const double fit[7][6] = {
        /* a, b, noise; fitted a, b, error of a */
        { 0.043, 880, 0.0002, 0.04304754806094899, 879.6111421238081, 0.0001326927367313831 },
        { 1.3, 900, 0.003, 1.302781795141327, 854.7706459999256, 0.001474975643529946 },
        { 0.0002, 500, 0.001, 0.0003991151375462177, 498.7086422854402, 0.0006648759324468983 },
        { -0.01, 900, 0.0001, 2.528190763217926e-07, 759.0387676316825, 0.003529537893049352 },
        { 0.05, -300, 0.0001, 0.03201174085519758, 4.423955845243594e-06, 0.006921346978454928 },
        { 5.4, 2000, 0.02, 5.388505560273121, 2219.943314435485, 0.01159594562678077 },
        { 0.0004, 880, 1e-05, 0.0004019974020792426, 879.9869930275323, 6.648706712497037e-06 }
    };
    static const double size[10] = { 10000, 10975, 12162, 13636, 15517,
                                     18000, 21428, 26470, 34615, 49999 };
    for (int k = 0; k < 7; k++) {
        double x[10], y[10];
        for (int i = 0; i < 10; i++) {
            x[i] = 1 / size[i];
            y[i] = fit[k][0] + fit[k][1] * x[i] + fit[k][2] * cos(7.0 * i + fit[k][0]);
        }
        struct stats_line l = trf_line(x, y, 10);
        int held = fit[k][0] < 0 || fit[k][1] < 0;
        assert_near(l.a, fit[k][3], held ? 1.3e-8 : 1e-9 * (1 + fit[k][3]));
        assert_near(l.b, fit[k][4], held ? 2e-4 : 1e-5 + 1e-7 * fit[k][4]);
        assert_near(sqrt(l.var_a), fit[k][5], 1e-9 + 1e-6 * fit[k][5]);
    }
}

/* Rows with weights 0..3, given in two parts and added up packed, against long double loops. */
static void covariance_of_weighted_rows_is_its_definition(void **state)
{
    (void)state;
    enum { N = 2500, D = 7 };
    static double x[N * D], z[N * D];
    static int32_t weight[N];
    const double centre[D] = { 100, 0, 1, 2, -3, 0, 50 }, scale[D] = { 1, 2, 0.5, 1, 1, 3, 0.1 };
    double mean[D], sigma[D * D];
    long double sum[D] = { 0 }, total = 0;
    struct cov c;
    for (int64_t i = 0; i < N; i++) {
        struct rng g = rng_at(3, RNG_TEST, i, 0);
        weight[i] = (int32_t)rng_below(&g, 4);
        total += weight[i];
        for (int j = 0; j < D; j++) {
            x[i * D + j] = centre[j] + rng_normal(&g) + (j ? 0.3 * x[i * D] - 30 : 0);
            z[i * D + j] = (x[i * D + j] - centre[j]) * scale[j];
            sum[j] += (long double)weight[i] * z[i * D + j];
        }
    }
    double *packed = mem_take(2 * cov_size(D), sizeof *packed), *more = packed + cov_size(D);
    cov_init(&c, D, centre, scale);
    cov_add(&c, x, weight, 1700);
    cov_pack(&c, packed);
    cov_clear(&c);
    cov_add(&c, x + 1700 * D, weight + 1700, N - 1700);
    cov_pack(&c, more);
    for (int64_t i = 0; i < cov_size(D); i++) packed[i] += more[i];
    cov_solve(D, packed, 1, mean, sigma);
    cov_free(&c);
    mem_free(packed);
    for (int a = 0; a < D; a++) {
        assert_near(mean[a], (double)(sum[a] / total), 1e-12);
        for (int b = 0; b < D; b++) {
            long double s = 0;
            for (int i = 0; i < N; i++)
                s += weight[i] * (z[i * D + a] - sum[a] / total) * (z[i * D + b] - sum[b] / total);
            /* 3700 terms of order 10 */
            assert_near(sigma[a * D + b], (double)(s / (total - 1)), 1e-12);
        }
    }
}

static void no_weights_means_once_each(void **state)
{
    (void)state;
    const double x[6] = { 1, 2, 3, 5, 5, 11 }, zero[2] = { 0, 0 }, one[2] = { 1, 1 };
    double packed[6], mean[2], sigma[4];
    struct cov c;
    cov_init(&c, 2, zero, one);
    cov_add(&c, x, NULL, 3);
    cov_pack(&c, packed);
    cov_solve(2, packed, 1, mean, sigma);
    cov_free(&c);
    /* columns 1, 3, 5 and 2, 5, 11 */
    assert_near(mean[0], 3, 1e-15);
    assert_near(sigma[0], 4, 1e-14);
    assert_near(sigma[1], 9, 1e-14);
    assert_near(sigma[2], 9, 1e-14);
    assert_near(sigma[3], 21, 1e-13);
}

TEST_MAIN(cmocka_unit_test(moments_survive_a_large_mean),
          cmocka_unit_test(weights_count_as_repetitions), cmocka_unit_test(quantiles_are_numpys),
          cmocka_unit_test(wasserstein_is_the_mean_shift_of_sorted_pairs),
          cmocka_unit_test(not_a_number_sorts_last),
          cmocka_unit_test(trapezoids_and_correlation_of_lines_are_exact),
          cmocka_unit_test(line_is_least_squares),
          cmocka_unit_test(bounded_line_stops_where_curve_fit_does),
          cmocka_unit_test(covariance_of_weighted_rows_is_its_definition),
          cmocka_unit_test(no_weights_means_once_each))
