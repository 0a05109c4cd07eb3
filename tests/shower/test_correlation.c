/* The judge is the definition as plain loops. */
#include "test.h"

#include "base/block.h"
#include "base/mem.h"
#include "base/rng.h"
#include "shower/correlation.h"

#include <math.h>

enum { ROOM = 16 };

/* Correlated columns; the last one never varies. */
static float at(int which, int64_t i, int j, int d)
{
    struct rng g = rng_at(4, RNG_TEST, i, which), h = rng_at(4, RNG_TEST, i, 10 + j);
    double common = rng_normal(&g);

    return j == d - 1 ? 2.5f
                      : (float)(3 + (which ? 0.3 : 0.8) * common + (1 + 0.1 * j) * rng_normal(&h));
}

static float *whole(int which, int64_t n, int d)
{
    float *x = mem_take(n * d, sizeof *x);

    for (int64_t i = 0; i < n; i++)
        for (int j = 0; j < d; j++) x[i * d + j] = at(which, i, j, d);
    return x;
}

static void defined(double *C, const float *x, int64_t n, int d)
{
    double *z = mem_take(n * d, sizeof *z);

    for (int j = 0; j < d; j++) {
        double mean = 0, square = 0;
        for (int64_t i = 0; i < n; i++) mean += x[i * d + j] / (double)n;
        for (int64_t i = 0; i < n; i++)
            square += (x[i * d + j] - mean) * (x[i * d + j] - mean) / (double)(n - 1);
        for (int64_t i = 0; i < n; i++)
            z[i * d + j] = (x[i * d + j] - mean) / (sqrt(square) + 1e-8);
    }
    for (int a = 0; a < d; a++)
        for (int b = 0; b < d; b++) {
            double s = 0;
            for (int64_t i = 0; i < n; i++) s += z[i * d + a] * z[i * d + b];
            C[a * d + b] = s / (double)(n - 1);
        }
    mem_free(z);
}

static void run_over(struct correlation *c, const float *x, int64_t n, int d)
{
    const struct par *P = test_par();
    struct block mine = block_of(n, P->rank, P->size), most = block_of(n, 0, P->size);

    correlation_init(c, P, d, ROOM);
    correlation_look(c, x + mine.first * d, (int)mine.count);
    correlation_know(c);
    for (int64_t first = 0; first < most.count; first += ROOM) {
        int64_t left = mine.count - first, rows = left < 0 ? 0 : left < ROOM ? left : ROOM;
        correlation_add(c, x + (mine.first + first) * d, (int)rows);
    }
    correlation_finish(c);
}

static void meets(int64_t n, int64_t m, int d)
{
    float *x = whole(0, n, d), *y = whole(1, m, d);
    double *C = mem_take(2 * (int64_t)d * d, sizeof *C), *D = C + d * d, want = 0;
    struct correlation a, b;

    defined(C, x, n, d);
    defined(D, y, m, d);
    for (int i = 0; i < d * d; i++) want += (C[i] - D[i]) * (C[i] - D[i]);
    run_over(&a, x, n, d);
    run_over(&b, y, m, d);
    double got = correlation_distance(&a, &b), same = correlation_distance(&a, &a);
    correlation_free(&a);
    correlation_free(&b);
    mem_free(C);
    mem_free(x);
    mem_free(y);
    /* variances from sums of squares lose (mean / std)^2 eps = 1e-15; d^2 entries of order 1 */
    assert_near(got, sqrt(want), 1e-10);
    assert_true(got > 0.01 * d);
    assert_near(same, 0, 0);
}

static void the_distance_meets_the_definition(void **state)
{
    (void)state;
    meets(150, 97, 9);
}

/* More columns than a block, so that the grid's places differ; fewer rows than a piece on some. */
static void many_columns_meet_it_too(void **state)
{
    (void)state;
    meets(40, 33, 150);
}

TEST_MAIN(cmocka_unit_test(the_distance_meets_the_definition),
          cmocka_unit_test(many_columns_meet_it_too))
