/* Voxels made to mean 0 and variance 1, noise on hits: against plain sums, there and back. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "shower/transform.h"

#include <math.h>
#include <string.h>

enum { V = 37, EVENTS = 500, NEVER = 5, ALONE = 9, EQUAL = 20 };

/* Network units of voxel v in event i: about a third hit; one voxel never, one once, one always
 * with the same value. */
static float unit(int64_t i, int v)
{
    struct rng r = rng_at(11, RNG_TEST, i, v);

    if (v == NEVER || (v == ALONE && i != 77)) return 0.0f;
    if (v == EQUAL) return 2.5f;
    if (v != ALONE && rng_uniform(&r) > 0.35) return 0.0f;
    return (float)(rng_gamma(&r, 2.0 + v % 3) + 0.01);
}

/* Fitted on events that the ranks share. */
static void fit(struct standard *s)
{
    const struct par *P = test_par();
    struct block mine = block_of(EVENTS, P->rank, P->size);
    float u[2 * V];

    standard_init(s, V);
    for (int64_t i = 0; i < mine.count; i += 2) {
        int n = mine.count - i < 2 ? 1 : 2;
        for (int k = 0; k < n * V; k++) u[k] = unit(mine.first + i + k / V, k % V);
        standard_look(s, n, u);
    }
    standard_fit(s, P);
}

static void hits_get_mean_0_and_variance_1(void **state)
{
    (void)state;
    struct standard s;
    double n[V] = { 0 }, sum[V] = { 0 }, squares[V] = { 0 }, least = INFINITY;
    float u[V], raw[V];
    int good = 1;

    fit(&s);
    good &= s.never == 1 && s.mean[NEVER] == 0.0f && s.std[NEVER] == 1.0f;
    good &= s.std[ALONE] == 1.0f && s.std[EQUAL] == 1.0f;
    for (int64_t i = 0; i < EVENTS; i++) {
        for (int v = 0; v < V; v++) u[v] = raw[v] = unit(i, v);
        standard_forward(&s, 1, u);
        for (int v = 0; v < V; v++) {
            good &= (u[v] > 0.0f) == (raw[v] > 0.0f); /* hits stay hits, and nothing else is one */
            if (raw[v] <= 0.0f) continue;
            double y = (double)u[v] - (double)s.lift;
            n[v]++;
            sum[v] += y;
            squares[v] += y * y;
            least = fmin(least, (double)u[v]);
        }
    }
    for (int v = 0; v < V; v++) {
        if (v == NEVER) continue;
        /* float32 of numbers up to 10 + lift: 1e-6 each */
        good &= fabs(sum[v] / n[v]) < 1e-5;
        good &= v == ALONE || v == EQUAL || fabs(squares[v] / n[v] - 1.0) < 1e-4;
    }
    good &= fabs(least - 0.01) < 1e-5;
    standard_free(&s);
    standard_free(&s);
    assert_true(test_agree(good));
}

/* Through every kind of transform, from MeV to MeV; float32 of u' = (u - mean) / std + lift loses
 * 1e-7 (|u| + std lift), and the energy is as sensitive as e^u. */
static void energies_come_back(void **state)
{
    (void)state;
    struct transform kinds[] = { transform_logit(),
                                 { .kind = TRANSFORM_LOG1P, .r = 1e-3, .scale = 1.0 },
                                 { .kind = TRANSFORM_GEV, .scale = 1.0 } };
    struct standard s;
    int good = 1;

    fit(&s);
    for (int k = 0; k < 3; k++) {
        kinds[k].standard = &s;
        for (int64_t i = 0; i < EVENTS; i += 7) {
            float x[2 * V], u[2 * V];
            const double E[2] = { 1e4 + (double)i, 2e5 };
            for (int v = 0; v < 2 * V; v++) x[v] = 30.0f * unit(i + v / V, v % V);
            transform_forward(&kinds[k], 2, V, E, x, u);
            for (int v = 0; v < 2 * V; v++) good &= (u[v] > 0.0f) == (x[v] > 0.0f);
            transform_inverse(&kinds[k], 2, V, E, u, NULL, u);
            for (int v = 0; v < 2 * V; v++) {
                /* a hit below all hits of the fit comes back as one at the floor */
                double u0 = (0.001 - (double)s.lift) * (double)s.std[v % V] + (double)s.mean[v % V];
                double off = fabs((double)u[v] - (double)x[v]);
                struct transform plain = kinds[k];
                float low;
                plain.standard = NULL;
                transform_forward(&plain, 1, 1, &E[v / V], &x[v], &low);
                good &= (double)low <= u0 * (1.0 + 1e-5) || off <= 2e-5 * (double)x[v] + 1e-4;
                good &= x[v] > 0.0f || u[v] == 0.0f;
            }
        }
    }
    standard_free(&s);
    assert_true(test_agree(good));
}

static void a_network_may_say_anything(void **state)
{
    (void)state;
    struct transform t = transform_logit();
    struct standard s;
    float u[V], x[V];
    const double E = 1000.0;

    fit(&s);
    t.standard = &s;
    for (int v = 0; v < V; v++) u[v] = v % 4 == 0 ? -1.0f : v % 4 == 1 ? NAN : 1e-6f * (float)v;
    u[3] = 1e30f;
    transform_inverse(&t, 1, V, &E, u, NULL, x);
    for (int v = 0; v < V; v++) {
        assert_true(x[v] >= 0.0f && (double)x[v] <= E);
        if (v % 4 < 2) assert_true(x[v] == 0.0f);
    }
    assert_near((double)x[3], E, 1e-3);
    standard_free(&s);
}

/* Noise has its sigma where it is not folded back, knows (seed, event, epoch) and nothing else, and
 * leaves the mask alone. */
static void noise_is_on_hits_only(void **state)
{
    (void)state;
    enum { N = 4000 };
    const double sigma = 0.3;
    float u[V], v0[V], again[V];
    double sum = 0, squares = 0, n = 0;
    int folded = 0;

    for (int64_t i = 0; i < N; i++) {
        for (int v = 0; v < V; v++) u[v] = v % 3 == 0 ? 0.0f : v % 3 == 1 ? 4.0f : 0.1f;
        memcpy(v0, u, sizeof u);
        memcpy(again, u, sizeof u);
        transform_blur(u, V, sigma, 5, i, 2);
        transform_blur(again, V, sigma, 5, i, 2);
        assert_memory_equal(u, again, sizeof u);
        transform_blur(again, V, sigma, 5, i, 3);
        assert_true(memcmp(u, again, sizeof u) != 0);
        for (int v = 0; v < V; v++) {
            assert_true((u[v] > 0.0f) == (v0[v] > 0.0f));
            if (v % 3 != 1) continue; /* 4 is 13 sigma from 0 */
            double d = (double)u[v] - 4.0;
            n++;
            sum += d;
            squares += d * d;
        }
        folded += u[2] > 0.0f && u[2] < 0.1f;
    }
    assert_near(sum / n, 0.0, 5.0 * sigma / sqrt(n));
    assert_near(squares / n, sigma * sigma, 5.0 * sigma * sigma * sqrt(2.0 / n));
    assert_true(folded > 0);
}

TEST_MAIN(cmocka_unit_test(hits_get_mean_0_and_variance_1), cmocka_unit_test(energies_come_back),
          cmocka_unit_test(a_network_may_say_anything), cmocka_unit_test(noise_is_on_hits_only))
