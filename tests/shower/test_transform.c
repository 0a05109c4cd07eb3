/* The transform: against its definition in long double, and there and back. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "shower/transform.h"

#include <math.h>
#include <string.h>

/* The definition, in long double: u of eps. */
static double logit_of(double eps)
{
    long double r = 1e-7L, y = r + (1.0L - 2.0L * r) * (long double)eps;

    return (double)logl(y * (1.0L - r) / (r * (1.0L - y)));
}

static void logit_is_its_definition(void **state)
{
    (void)state;
    struct transform t = transform_logit();
    const double E = 65536.0; /* a power of two: x / E is exact */
    const double eps[] = { 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 1.0 };
    const double u_of[] = { .095, .693, 2.40, 4.62, 6.91, 9.21, 11.52, 13.92, 16.12, 32.24 };

    for (int i = 0; i < 10; i++) { /* the table of spec/model.md 1.2 */
        float x = (float)(eps[i] * E), u;
        transform_forward(&t, 1, 1, &E, &x, &u);
        assert_near((double)u, u_of[i], 0.0051);
    }
    /* float32: 2 ulp of log1p and 2 of its argument, which is about 5e-7 relative; the argument's
     * own error is absolute (2e-7) once u is large */
    for (double e = 1e-12; e <= 1.0; e *= 1.013) {
        float x = (float)(e * E), u;
        transform_forward(&t, 1, 1, &E, &x, &u);
        double want = logit_of((double)x / E);
        assert_near((double)u, want, 5e-7 * want + 2e-7 * (want > 1.0));
    }
    float none = 0.0f, u = -1.0f;
    transform_forward(&t, 1, 1, &E, &none, &u);
    assert_true(u == 0.0f && !signbit(u));
}

/* From 1e-9 E to E, for any energy: 1e-5 relative. */
static void there_and_back_is_the_same(void **state)
{
    (void)state;
    enum { V = 4000 };
    struct transform kinds[] = { transform_logit(),
                                 { .kind = TRANSFORM_LOGIT, .r = 1e-7, .scale = 3.083174773679047 },
                                 { .kind = TRANSFORM_LOG1P, .r = 4e-5, .scale = 1.0 },
                                 { .kind = TRANSFORM_GEV, .scale = 1.0 } };
    float *x = mem_take(2 * V, sizeof *x), *u = mem_take(2 * V, sizeof *u);
    const double energies[] = { 1.0, 1e3, 54321.678, 1e6, 1e7 };

    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < 5; i++) {
            double E[2] = { energies[i], energies[i] * 0.7 };
            for (int v = 0; v < 2 * V; v++)
                x[v] = (float)(E[v / V] * pow(1e-9, 1.0 - (v % V) / (V - 1.0)));
            memcpy(u, x, 2 * V * sizeof *x);
            transform_forward(&kinds[k], 2, V, E, u, u); /* in place */
            transform_inverse(&kinds[k], 2, V, E, u, NULL, u);
            for (int v = 0; v < 2 * V; v++)
                assert_near((double)u[v], (double)x[v], 1e-5 * (double)x[v]);
        }
    }
    mem_free(x);
    mem_free(u);
}

/* A batch is its rows, whatever their number and length: remainders of vector loops. */
static void rows_do_not_know_of_each_other(void **state)
{
    (void)state;
    struct transform t = transform_logit();
    float x[5 * 37], u[5 * 37], one;
    double E[5];
    struct rng r = rng_at(1, RNG_TEST, 0, 0);

    for (int b = 0; b < 5; b++) E[b] = 1e3 * (b + 1);
    for (int i = 0; i < 5 * 37; i++) x[i] = i % 3 == 0 ? 0.0f : 900.0f * rng_float(&r);
    transform_forward(&t, 5, 37, E, x, u);
    for (int i = 0; i < 5 * 37; i++) {
        transform_forward(&t, 1, 1, &E[i / 37], &x[i], &one);
        assert_true(one == u[i]);
        assert_true((x[i] == 0.0f) == (u[i] == 0.0f));
    }
}

static void what_a_network_says_is_a_voxel(void **state)
{
    (void)state;
    struct transform t = transform_logit();
    const double E = 1000.0;
    const float u[] = { -3.0f, 0.0f, NAN, 50.0f, 1e30f, INFINITY, 7.0f, 7.0f };
    const float hit[] = { 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 0.0f, 1.0f };
    float x[8], mask[8];

    transform_inverse(&t, 1, 8, &E, u, hit, x);
    for (int i = 0; i < 3; i++) assert_true(x[i] == 0.0f);
    for (int i = 3; i < 6; i++) assert_near((double)x[i], E, 1e-3);
    assert_true(x[6] == 0.0f && x[7] > 0.0f);
    transform_hits(8, u, mask);
    for (int i = 0; i < 8; i++) assert_true(mask[i] == (i >= 3 ? 1.0f : 0.0f));
}

/* Below the threshold there is nothing, on it there is (CaloChallenge: strictly below). */
static void threshold_cuts_on_both_ways(void **state)
{
    (void)state;
    struct transform t = transform_logit();
    const double E = 1000.0;
    float x[] = { 0.01f, 0.25f, 0.26f }, u[3], open[3];

    transform_forward(&t, 1, 3, &E, x, open);
    t.threshold = 0.25;
    transform_forward(&t, 1, 3, &E, x, u);
    assert_true(u[0] == 0.0f && u[1] == open[1] && u[2] == open[2]);
    transform_inverse(&t, 1, 3, &E, open, NULL, x);
    assert_true(x[0] == 0.0f && x[2] > 0.25f);
}

static void events_are_judged(void **state)
{
    (void)state;
    struct transform t = transform_logit();
    float x[3] = { 0.0f, 1000.0f, 3.0f };

    assert_int_equal(transform_judge(&t, 3, 1000.0, x), TRANSFORM_FINE);
    assert_int_equal(transform_judge(&t, 3, 999.0, x), TRANSFORM_ABOVE);
    x[2] = -1.0f;
    assert_int_equal(transform_judge(&t, 3, 999.0, x), TRANSFORM_NEGATIVE);
    x[0] = NAN;
    assert_int_equal(transform_judge(&t, 3, 999.0, x), TRANSFORM_NAN);
    assert_int_equal(transform_judge(&t, 3, 0.0, x), TRANSFORM_ENERGY);
    assert_int_equal(transform_judge(&t, 3, NAN, x), TRANSFORM_ENERGY);
    assert_int_equal(transform_judge(&t, 3, INFINITY, x), TRANSFORM_ENERGY);
    x[0] = INFINITY;
    assert_int_equal(transform_judge(&t, 3, 999.0, x), TRANSFORM_NAN);
    t.kind = TRANSFORM_GEV; /* nothing to divide by */
    x[0] = x[2] = 0.0f;
    assert_int_equal(transform_judge(&t, 3, 999.0, x), TRANSFORM_FINE);
    assert_non_null(transform_reason(TRANSFORM_ABOVE));
    assert_near(transform_energy(exp(10.0), 6.0, 14.0, 1.0), 0.5, 1e-15);
}

TEST_MAIN(cmocka_unit_test(logit_is_its_definition), cmocka_unit_test(there_and_back_is_the_same),
          cmocka_unit_test(rows_do_not_know_of_each_other),
          cmocka_unit_test(what_a_network_says_is_a_voxel),
          cmocka_unit_test(threshold_cuts_on_both_ways), cmocka_unit_test(events_are_judged))
