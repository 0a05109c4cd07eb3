/*
 * The judges: JetNet's own results on the formula samples of spec/evaluation.md 3.4, the closed
 * form of the Frechet distance of Gaussians with commuting covariances, identities.
 */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/pcg.h"
#include "shower/fpd.h"

#include <math.h>
#include <string.h>

enum { ROWS = 2000, COLUMNS = 4 };

/* This rank's rows of X (which = 0) or Y (1). */
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

static void drop(struct sample *s)
{
    mem_free((void *)(uintptr_t)s->x);
}

static const struct fpd_options small = { 500, 1500, 42 };

static void batch_sizes_are_truncated_as_jetnet_does(void **state)
{
    (void)state;
    static const int64_t known[3][FPD_POINTS] = {
        { 500, 540, 586, 642, 710, 794, 900, 1038, 1227, 1500 },
        { 10000, 10975, 12162, 13636, 15517, 18000, 21428, 26470, 34615, 49999 },
        { 20000, 21428, 23076, 24999, 27272, 30000, 33333, 37499, 42857, 49999 }
    };
    static const int64_t range[3][2] = { { 500, 1500 }, { 10000, 50000 }, { 20000, 50000 } };
    for (int i = 0; i < 3; i++) {
        int64_t size[FPD_POINTS];
        fpd_sizes(size, range[i][0], range[i][1]);
        assert_memory_equal(size, known[i], sizeof size);
    }
}

static void distance_of_the_formula_samples_is_jetnets(void **state)
{
    (void)state;
    struct err e = { { 0 } };
    struct sample X = formula(0), Y = formula(1);
    struct fpd r, same;
    double plain = 0;
    int bad = fpd_distance(&r, test_par(), &X, &Y, COLUMNS, &small, &e) ||
              fpd_distance(&same, test_par(), &X, &X, COLUMNS, &small, &e) ||
              fpd_plain(&plain, test_par(), &X, &Y, COLUMNS, &e);
    drop(&X);
    drop(&Y);
    assert_int_equal(bad, 0);
    assert_near(r.first, 0.021538343904865975, 1e-9);
    assert_near(plain, 0.02004651587376083, 1e-9);
    assert_near(r.value, 0.018814023044169355, 1e-9);
    assert_near(r.error, 0.0013149259354763812, 1e-9);
    assert_near(same.value, 7.89979650915195e-4, 1e-9);
    assert_near(same.error, 7.046689751141728e-4, 1e-9);
}

/*
 * Independent columns, so that both covariances are nearly diagonal: for whole samples with
 * covariances that commute d2 = |mu1 - mu2|^2 + sum (s1 - s2)^2. A column that does not vary and a
 * column that stands twice make both covariances singular. Rows come in pairs x, -x and columns in
 * a Hadamard pattern, so that means and covariances are exact: mean 0 and variance a^2 n / (n - 1).
 */
static void singular_covariances_meet_the_closed_form(void **state)
{
    (void)state;
    enum { D = 5, N = 64 };
    static const double a[2][3] = { { 1, 2, 0.5 }, { 1.5, 1, 0.25 } };
    const struct par *P = test_par();
    struct err e = { { 0 } };
    struct block mine = block_of(N, P->rank, P->size);
    double x[2][N * D], d2 = 0, wanted = 0;
    for (int k = 0; k < 2; k++)
        for (int64_t i = 0; i < mine.count; i++) {
            int64_t bits = mine.first + i;
            double *row = x[k] + i * D;
            for (int j = 0; j < 3; j++) row[j] = bits >> j & 1 ? a[k][j] : -a[k][j];
            row[3] = row[2];
            row[4] = 7 + k;
        }
    struct sample X = { x[0], mine, N }, Y = { x[1], mine, N };
    assert_int_equal(fpd_plain(&d2, P, &X, &Y, D, &e), 0);
    /* scale: the largest of X; columns 2 and 3 are one direction of twice the variance */
    for (int j = 0; j < 3; j++) {
        double apart = (a[1][j] - a[0][j]) / a[0][j];
        wanted += (j == 2 ? 2 : 1) * apart * apart * N / (N - 1);
    }
    wanted += 1.0 / 49;
    /* roots of eigenvalues that are 0 up to 1e-16: 1e-8 each, and two of them, times 2 */
    assert_near(d2, wanted, 4e-8);
}

/* What the definition says of one bootstrap, row by row in long double, against the first of the
 * 200: traces and means; the root of the product from the identity for d = 1. */
static void one_column_meets_the_definition(void **state)
{
    (void)state;
    enum { N = 3000, BATCH = 100 };
    const struct par *P = test_par();
    static double x[2][N];
    struct err e = { { 0 } };
    struct fpd r;
    struct block mine = block_of(N, P->rank, P->size);
    double most = 0, mean[2] = { 0 }, variance[2] = { 0 };
    for (int64_t i = 0; i < N; i++) {
        struct rng g = rng_at(5, RNG_TEST, i, 0);
        x[0][i] = 3 + rng_normal(&g);
        x[1][i] = 3.5 + 2 * rng_normal(&g);
        most = fmax(most, fabs(x[0][i]));
    }
    struct sample X = { x[0] + mine.first, mine, N }, Y = { x[1] + mine.first, mine, N };
    const struct fpd_options o = { BATCH, 2 * BATCH, 42 };
    assert_int_equal(fpd_distance(&r, P, &X, &Y, 1, &o, &e), 0);
    struct pcg g = pcg_seed(42);
    for (int k = 0; k < 2; k++) {
        double z[BATCH];
        for (int i = 0; i < BATCH; i++) {
            z[i] = x[k][pcg_below(&g, N)] / most;
            mean[k] += z[i] / BATCH;
        }
        for (int i = 0; i < BATCH; i++)
            variance[k] += (z[i] - mean[k]) * (z[i] - mean[k]) / (BATCH - 1);
    }
    double shift = mean[0] - mean[1], width = sqrt(variance[0]) - sqrt(variance[1]);
    assert_near(r.first, shift * shift + width * width, 1e-13);
}

static void a_feature_that_is_not_finite_is_named(void **state)
{
    (void)state;
    struct err e = { { 0 } };
    const struct par *P = test_par();
    struct sample X = formula(0), Y = formula(1);
    struct fpd r;
    int64_t bad = 1234 - Y.mine.first;
    if (bad >= 0 && bad < Y.mine.count) ((double *)(uintptr_t)Y.x)[bad * COLUMNS + 2] = NAN;
    int status = fpd_distance(&r, P, &X, &Y, COLUMNS, &small, &e);
    drop(&X);
    drop(&Y);
    assert_int_equal(status, -1);
    assert_non_null(strstr(e.text, "feature 2 of generated shower 1234"));
}

static void batches_must_grow(void **state)
{
    (void)state;
    struct err e = { { 0 } };
    struct sample X = formula(0);
    struct fpd r;
    const struct fpd_options o = { 500, 500, 42 };
    int status = fpd_distance(&r, test_par(), &X, &X, COLUMNS, &o, &e);
    drop(&X);
    assert_int_equal(status, -1);
    assert_non_null(strstr(e.text, "500 to 500"));
}

TEST_MAIN(cmocka_unit_test(batch_sizes_are_truncated_as_jetnet_does),
          cmocka_unit_test(distance_of_the_formula_samples_is_jetnets),
          cmocka_unit_test(singular_covariances_meet_the_closed_form),
          cmocka_unit_test(one_column_meets_the_definition),
          cmocka_unit_test(a_feature_that_is_not_finite_is_named),
          cmocka_unit_test(batches_must_grow))
