/* The judges: JetNet's results on the formula samples of spec/evaluation.md 3.4, and the definition
 * of the unbiased estimate as a double loop. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/pcg.h"
#include "shower/kpd.h"

#include <math.h>
#include <string.h>

enum { ROWS = 2000, COLUMNS = 4 };

static struct sample formula(int which)
{
    const struct par *P = test_par();
    struct sample s = { .n = ROWS, .mine = block_of(ROWS, P->rank, P->size) };
    double *x = mem_take(s.mine.count * COLUMNS, sizeof *x);
    for (int64_t k = 0; k < s.mine.count; k++)
        for (int j = 1; j <= COLUMNS; j++) {
            double i = (double)(s.mine.first + k + 1), root = sqrt(j);
            x[k * COLUMNS + j - 1] =
                which ? 1.1 * cos(0.9 * i * root) + 0.12 * j : cos(0.7 * i * root) + 0.1 * j;
        }
    s.x = x;
    return s;
}

static void distance_of_the_formula_samples_is_jetnets(void **state)
{
    (void)state;
    struct err e = { { 0 } };
    struct sample X = formula(0), Y = formula(1);
    struct kpd r, same;
    int bad = kpd_distance(&r, test_par(), &X, &Y, COLUMNS, 500, 42, &e) ||
              kpd_distance(&same, test_par(), &X, &X, COLUMNS, 500, 42, &e);
    mem_free((void *)(uintptr_t)X.x);
    mem_free((void *)(uintptr_t)Y.x);
    assert_int_equal(bad, 0);
    assert_near(r.batch[0], 0.016302371806256932, 1e-9);
    assert_near(r.value, 0.03685797205993935, 1e-9);
    assert_near(r.error, 0.01431431587804484, 1e-9);
    assert_near(same.value, 8.333429714872942e-4, 1e-9);
    assert_near(same.error, 4.4725579653272125e-3, 1e-9);
}

static double kernel(const double *x, const double *y, int d)
{
    double dot = 0;
    for (int j = 0; j < d; j++) dot += x[j] * y[j];
    return pow(dot / d + 1, 4);
}

/* 600 draws from 400 rows: several tiles, and most rows drawn more than once. */
static void repeated_rows_meet_the_double_loop(void **state)
{
    (void)state;
    enum { N = 400, M = 600, D = 3 };
    static double x[2][N * D], z[2][M * D];
    const struct par *P = test_par();
    struct block mine = block_of(N, P->rank, P->size);
    struct err e = { { 0 } };
    struct kpd r;
    double most[D] = { 0 }, xx = 0, yy = 0, xy = 0;
    for (int64_t i = 0; i < N * D; i++) {
        struct rng g = rng_at(6, RNG_TEST, i, 0);
        x[0][i] = rng_normal(&g);
        x[1][i] = 0.2 + rng_normal(&g);
        most[i % D] = fmax(most[i % D], fabs(x[0][i]));
    }
    struct sample X = { x[0] + mine.first * D, mine, N }, Y = { x[1] + mine.first * D, mine, N };
    assert_int_equal(kpd_distance(&r, P, &X, &Y, D, M, 42, &e), 0);
    struct pcg g = pcg_seed(42);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < M; i++) {
            uint32_t row = pcg_below(&g, N);
            for (int j = 0; j < D; j++) z[k][i * D + j] = x[k][row * D + (uint32_t)j] / most[j];
        }
    for (int i = 0; i < M; i++)
        for (int j = 0; j < M; j++) {
            xx += i == j ? 0 : kernel(z[0] + i * D, z[0] + j * D, D);
            yy += i == j ? 0 : kernel(z[1] + i * D, z[1] + j * D, D);
            xy += kernel(z[0] + i * D, z[1] + j * D, D);
        }
    /* sums of 4e5 terms of order 1, relative 1e-16 sqrt(4e5) each */
    assert_near(r.batch[0], (xx + yy) / (M * (M - 1.0)) - 2 * xy / ((double)M * M), 1e-12);
}

static void a_batch_of_one_is_refused(void **state)
{
    (void)state;
    struct err e = { { 0 } };
    struct sample X = formula(0);
    struct kpd r;
    int status = kpd_distance(&r, test_par(), &X, &X, COLUMNS, 1, 42, &e);
    mem_free((void *)(uintptr_t)X.x);
    assert_int_equal(status, -1);
    assert_non_null(strstr(e.text, "batches of 1"));
}

TEST_MAIN(cmocka_unit_test(distance_of_the_formula_samples_is_jetnets),
          cmocka_unit_test(repeated_rows_meet_the_double_loop),
          cmocka_unit_test(a_batch_of_one_is_refused))
