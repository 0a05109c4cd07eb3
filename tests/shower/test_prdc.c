/* The judge is the definition as a plain double loop. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "shower/prdc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { D = 7, K = 5 };

/* Row i of normal numbers with this mean and width. */
static void row_of(float *x, int which, int64_t i, double mean, double width)
{
    struct rng g = rng_at(11, RNG_TEST, i, which);

    for (int j = 0; j < D; j++) x[j] = (float)(mean + width * rng_normal(&g));
}

static float *whole(int which, int64_t n, double mean, double width)
{
    float *x = mem_take(n * D, sizeof *x);

    for (int64_t i = 0; i < n; i++) row_of(x + i * D, which, i, mean, width);
    return x;
}

static double apart(const float *a, const float *b)
{
    double s = 0;

    for (int j = 0; j < D; j++) s += ((double)a[j] - b[j]) * ((double)a[j] - b[j]);
    return sqrt(s);
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void radii(double *rho, const float *x, int n)
{
    double *d = mem_take(n, sizeof *d);

    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) d[j] = j == i ? -1 : apart(x + i * D, x + j * D);
        qsort(d, (size_t)n, sizeof *d, rising);
        rho[i] = d[K]; /* d[0] is itself */
    }
    mem_free(d);
}

static struct prdc defined(const float *x, int n, const float *y, int m)
{
    double *rx = mem_take(n, sizeof *rx), *ry = mem_take(m, sizeof *ry);
    struct prdc r = { 0 };

    radii(rx, x, n);
    radii(ry, y, m);
    for (int j = 0; j < m; j++) {
        int balls = 0;
        for (int i = 0; i < n; i++) balls += apart(x + i * D, y + j * D) < rx[i];
        r.precision += balls > 0;
        r.density += balls;
    }
    for (int i = 0; i < n; i++) {
        int mine = 0, theirs = 0;
        for (int j = 0; j < m; j++) {
            mine |= apart(x + i * D, y + j * D) < rx[i];
            theirs |= apart(x + i * D, y + j * D) < ry[j];
        }
        r.coverage += mine;
        r.recall += theirs;
    }
    mem_free(rx);
    mem_free(ry);
    return (struct prdc){ r.precision / m, r.recall / n, r.density / (K * (double)m),
                          r.coverage / n };
}

static struct prdc_sample share(const float *x, int64_t n)
{
    return (struct prdc_sample){ n, x + prdc_rows(n, test_par()).first * D };
}

/* Several tiles, the last one not full; no distance of these rows lies within 1e-6 of a radius, so
 * float and double agree on every comparison. */
static void figures_meet_the_double_loop(void **state)
{
    (void)state;
    enum { N = 700, M = 530 };
    float *x = whole(0, N, 0, 1), *y = whole(1, M, 0.3, 0.8);
    struct prdc_sample X = share(x, N), Y = share(y, M);
    struct err e = { { 0 } };
    struct prdc r, want = defined(x, N, y, M);
    int bad = prdc_of(&r, test_par(), &X, &Y, D, K, &e);

    mem_free(x);
    mem_free(y);
    assert_int_equal(bad, 0);
    assert_near(r.precision, want.precision, 1e-12);
    assert_near(r.recall, want.recall, 1e-12);
    assert_near(r.density, want.density, 1e-12);
    assert_near(r.coverage, want.coverage, 1e-12);
    assert_true(r.precision > 0.5 && r.precision < 1); /* the data can tell the four apart */
    assert_true(fabs(r.recall - r.coverage) > 0.01);
}

static void far_samples_have_nothing_in_common(void **state)
{
    (void)state;
    enum { N = 40 };
    float *x = whole(0, N, 0, 1), *y = whole(1, N, 100, 1);
    struct prdc_sample X = share(x, N), Y = share(y, N);
    struct err e = { { 0 } };
    struct prdc r;
    int bad = prdc_of(&r, test_par(), &X, &Y, D, K, &e);

    mem_free(x);
    mem_free(y);
    assert_int_equal(bad, 0);
    assert_near(r.precision + r.recall + r.density + r.coverage, 0, 0);
}

/* A copy: every ball holds its own centre, and the k - 1 neighbours inside it. */
static void a_copy_covers_everything(void **state)
{
    (void)state;
    enum { N = 300 };
    float *x = whole(0, N, 0, 1);
    struct prdc_sample X = share(x, N);
    struct err e = { { 0 } };
    struct prdc r;
    int bad = prdc_of(&r, test_par(), &X, &X, D, K, &e);

    mem_free(x);
    assert_int_equal(bad, 0);
    assert_near(r.precision, 1, 0);
    assert_near(r.recall, 1, 0);
    assert_near(r.coverage, 1, 0);
    assert_near(r.density, 1, 1e-12); /* (1 + k - 1) / k */
}

static void an_empty_voxel_reads_a_tenth_of_an_mev(void **state)
{
    (void)state;
    float x[] = { 0.0f, 0.01f, 0.015f, 0.1f, 1.0f, 100.0f };

    prdc_features(x, 6, (double)0.015f); /* equal is kept */
    assert_near(x[0], 0, 0);
    assert_near(x[1], 0, 0); /* below the threshold */
    assert_near(x[2], log10(0.015) + 1, 1e-6);
    assert_near(x[3], 0, 1e-6);
    assert_near(x[4], 1, 1e-6);
    assert_near(x[5], 3, 1e-6);
}

static void bad_samples_are_one_sentence(void **state)
{
    (void)state;
    float *x = whole(0, 20, 0, 1), *y = whole(1, 20, 0, 1);
    struct prdc_sample X = share(x, 20), few = share(x, K), Y = share(y, 20);
    struct err e = { { 0 } }, f = { { 0 } };
    struct prdc r;
    int short_one = prdc_of(&r, test_par(), &X, &few, D, K, &e);

    y[3 * D] = NAN;
    int nan_one = prdc_of(&r, test_par(), &X, &Y, D, K, &f);
    mem_free(x);
    mem_free(y);
    assert_int_equal(short_one, -1);
    assert_non_null(strstr(e.text, "5 showers"));
    assert_int_equal(nan_one, -1);
    assert_non_null(strstr(f.text, "generated shower 3"));
}

TEST_MAIN(cmocka_unit_test(figures_meet_the_double_loop),
          cmocka_unit_test(far_samples_have_nothing_in_common),
          cmocka_unit_test(a_copy_covers_everything),
          cmocka_unit_test(an_empty_voxel_reads_a_tenth_of_an_mev),
          cmocka_unit_test(bad_samples_are_one_sentence))
