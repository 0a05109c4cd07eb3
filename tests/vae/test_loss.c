#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "vae/loss.h"

#include <math.h>
#include <string.h>

enum { B = 3, V = 37, F = 11, L = 15 };

struct data {
    float u[B * V], a[B * V], h[B * V], noise[B * V], logit[B * F], z[B * L];
};

static float between(struct rng *r, float low, float high)
{
    return low + (high - low) * rng_float(r);
}

static struct data make(void)
{
    struct data d;
    struct rng r = rng_at(5, RNG_TEST, 0, 0);

    for (int i = 0; i < B * V; i++) {
        d.u[i] = rng_float(&r) < 0.5f ? 0.0f : between(&r, 0.1f, 8.0f);
        d.a[i] = between(&r, -2.0f, 8.0f);
        d.h[i] = between(&r, -4.0f, 4.0f);
        d.noise[i] = -d.h[i] + between(&r, -0.05f, 0.05f); /* the steep mask is then in between */
    }
    for (int i = 0; i < B * F; i++) d.logit[i] = between(&r, -5.0f, 5.0f);
    for (int i = 0; i < B * L; i++) d.z[i] = between(&r, 0.01f, 0.99f);
    return d;
}

static double sigma(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* --- the definitions, in double, of one voxel and one unit -------------------------------------
 */

static double ae(double u, double a, double h, double noise, double slope,
                 const struct loss_options *o)
{
    double leaky = a > 0.0 ? a : slope * a;
    double mask = o->mask ? (u > 0.0 ? 1.0 : 0.0) : sigma(60.0 * (h + noise));

    return o->c * exp(o->w * u) * (u - leaky * mask) * (u - leaky * mask);
}

static double hit(double u, double h)
{
    return u > 0.0 ? -log(sigma(h)) : -log(sigma(-h));
}

/* Minus the binary cross-entropy of z under sigma(l). */
static double entropy(double l, double z, const struct loss_options *o)
{
    double p = sigma(l), q = o->exact_entropy ? p : z;

    return q * log(p) + (1.0 - q) * log(1.0 - p);
}

static struct loss_options options(int mask, int exact)
{
    struct loss_options o = loss_default();

    o.mask = mask;
    o.exact_entropy = exact;
    o.weight[LOSS_AE] = 0.7;
    o.weight[LOSS_HIT] = 1.3;
    o.weight[LOSS_ENTROPY] = 0.6;
    return o;
}

/* A term is off by a few roundings of its parts: 60 (h + n) is known to 60 * 4 * 2^-24 = 1.5e-5. */
static void losses_are_the_sums_of_their_definitions(void **state)
{
    (void)state;
    struct data d = make();

    for (int k = 0; k < 4; k++) {
        struct loss_options o = options(k & 1, k >> 1);
        double sum[LOSS_TERMS] = { 1.0, 2.0, 3.0, 4.0, 5.0 }, want[3] = { 1.0, 2.0, 3.0 };
        loss_showers(sum, NULL, NULL, d.u, d.a, d.h, d.noise, B, V, 0.05, &o);
        loss_entropy(sum, NULL, NULL, d.logit, d.z, B, F, L, &o);
        for (int i = 0; i < B * V; i++) {
            want[0] +=
                ae((double)d.u[i], (double)d.a[i], (double)d.h[i], (double)d.noise[i], 0.05, &o);
            want[1] += hit((double)d.u[i], (double)d.h[i]);
        }
        for (int b = 0; b < B; b++)
            for (int j = 0; j < F; j++)
                want[2] += entropy((double)d.logit[b * F + j], (double)d.z[b * L + L - F + j], &o);
        for (int t = 0; t < 3; t++) assert_near(sum[t], want[t], 5e-5 * fabs(want[t]));
        assert_true(sum[3] == 4.0 && sum[4] == 5.0);
    }
}

/* Against central quotients of the definitions in double; they are exact to 1e-7. */
static void gradients_of_showers_are_the_derivatives(void **state)
{
    (void)state;
    const double h = 1e-5;
    struct data d = make();

    for (int mask = 0; mask < 2; mask++) {
        struct loss_options o = options(mask, 0);
        double sum[LOSS_TERMS] = { 0.0 };
        float da[B * V], dh[B * V];
        loss_showers(sum, da, dh, d.u, d.a, d.h, d.noise, B, V, 0.05, &o);
        for (int i = 0; i < B * V; i++) {
            double u = (double)d.u[i], a = (double)d.a[i], x = (double)d.h[i],
                   n = (double)d.noise[i];
            double by_a = (ae(u, a + h, x, n, 0.05, &o) - ae(u, a - h, x, n, 0.05, &o)) / (2.0 * h);
            double by_h = (ae(u, a, x + h, n, 0.05, &o) - ae(u, a, x - h, n, 0.05, &o)) / (2.0 * h);
            double bce = (hit(u, x + h) - hit(u, x - h)) / (2.0 * h);
            assert_near((double)da[i], 0.7 * by_a, 1e-4 * (1.0 + fabs(by_a)));
            double want = 0.7 * by_h + 1.3 * bce;
            assert_near((double)dh[i], want, 1e-4 * (1.0 + fabs(by_h)));
        }
    }
}

static void gradients_of_the_entropy_are_the_derivatives_and_are_added(void **state)
{
    (void)state;
    const double h = 1e-5;
    struct data d = make();

    for (int exact = 0; exact < 2; exact++) {
        struct loss_options o = options(1, exact);
        double sum[LOSS_TERMS] = { 0.0 };
        float dl[B * F], dz[B * L];
        for (int i = 0; i < B * F; i++) dl[i] = 2.0f;
        for (int i = 0; i < B * L; i++) dz[i] = -1.0f;
        loss_entropy(sum, dl, dz, d.logit, d.z, B, F, L, &o);
        for (int i = 0; i < B * L; i++) {
            int j = i % L - (L - F);
            if (j < 0) {
                assert_true(dz[i] == -1.0f); /* partition 0 is detached */
                continue;
            }
            double l = (double)d.logit[i / L * F + j], z = (double)d.z[i];
            double by_l = (entropy(l + h, z, &o) - entropy(l - h, z, &o)) / (2.0 * h);
            double by_z = (entropy(l, z + h, &o) - entropy(l, z - h, &o)) / (2.0 * h);
            assert_near((double)dl[i / L * F + j], 2.0 + 0.6 * by_l, 1e-5);
            assert_near((double)dz[i], -1.0 + 0.6 * by_z, 1e-5);
        }
    }
}

/* Of one hit: v below 0.1 counts as 0.1, r at most 8. */
static double spread(double u, double a, double s)
{
    double r = expm1(u) / expm1(fmax(a, 0.1)), off = fmin(r, 8.0) - 1.0;

    return u > 0.0 ? 0.5 * (off * off / exp(s) + s) : 0.0;
}

static void the_spread_is_its_definition_and_derivative(void **state)
{
    (void)state;
    const double h = 1e-5;
    struct data d = make();
    struct loss_options o = options(1, 0);
    double sum[LOSS_TERMS] = { 0.0 }, want = 0.0, size = 0.0;
    float ds[B * V], s[B * V];
    struct rng r = rng_at(5, RNG_TEST, 1, 0);

    o.weight[LOSS_SPREAD] = 0.3;
    for (int i = 0; i < B * V; i++) s[i] = between(&r, -3.0f, 1.5f);
    s[0] = -9.0f, d.u[0] = 1.0f; /* outside -8 .. 2: kept at the end, no gradient */
    loss_spread(sum, ds, d.u, d.a, s, B, V, &o);
    for (int i = 0; i < B * V; i++) {
        double u = (double)d.u[i], a = (double)d.a[i], x = fmax((double)s[i], -8.0);
        want += spread(u, a, x);
        size += fabs(spread(u, a, x));
        double slope = (spread(u, a, x + h) - spread(u, a, x - h)) / (2.0 * h);
        /* r is known to 4 roundings of e^u: 1e-6 of itself, and its square over q to 1e-5 */
        if (i > 0) assert_near((double)ds[i], 0.3 * slope, 1e-5 * (1.0 + fabs(slope)));
    }
    assert_true(ds[0] == 0.0f);
    assert_near(sum[LOSS_SPREAD], want, 1e-5 * size);
    assert_near((double)loss_variance(-1.0f), exp(-1.0), 1e-6);
    assert_near((double)loss_variance(50.0f), exp(2.0), 1e-5);
}

/* The gradients of one common ln q add up to 0 where q is the variance about the expectation. */
static void the_minimum_of_the_spread_is_the_variance(void **state)
{
    (void)state;
    enum { N = 1000 };
    struct loss_options o = options(1, 0);
    float u[N], a[N], s[N], ds[N];
    double square = 0.0, sum[LOSS_TERMS] = { 0.0 }, slope = 0.0;
    struct rng r = rng_at(5, RNG_TEST, 2, 0);

    for (int i = 0; i < N; i++) {
        double ratio = rng_gamma(&r, 4.0) / 4.0;
        a[i] = between(&r, 1.0f, 9.0f);
        u[i] = (float)log1p(expm1((double)a[i]) * ratio);
        square += (ratio - 1.0) * (ratio - 1.0);
    }
    for (int i = 0; i < N; i++) s[i] = (float)log(square / N);
    loss_spread(sum, ds, u, a, s, 1, N, &o);
    for (int i = 0; i < N; i++) slope += (double)ds[i];
    assert_near(slope, 0.0, 1e-5 * N);
    assert_near(square / N, 0.25, 0.05); /* gamma of shape 4: 1/4 */
}

/* (ln of 1 + the sum of e^u - 1) of target and output, of one layer. */
static double layer_term(const float *u, const double *a, int first, int last)
{
    double x = 1.0, y = 1.0;

    for (int i = first; i < last; i++)
        if (u[i] > 0.0f) {
            x += expm1((double)u[i]);
            y += expm1(fmax(a[i], 0.0));
        }
    return pow(log(x) - log(y), 2.0);
}

static void layer_energies_are_their_definition_and_derivative(void **state)
{
    (void)state;
    const double h = 1e-4;
    struct data d = make();
    struct loss_options o = loss_default();
    double sum[LOSS_TERMS] = { 0.0 }, want = 0.0, a[B * V];
    int layer_of[V];
    float da[B * V];

    for (int i = 0; i < V; i++) layer_of[i] = i < 2 ? 0 : i < V - 1 ? 1 : 2;
    for (int i = 0; i < B * V; i++) {
        a[i] = (double)d.a[i];
        da[i] = 2.0f;
    }
    o.weight[LOSS_LAYER] = 0.4;
    o.layer_of = layer_of;
    loss_layers(sum, da, d.u, d.a, B, V, &o);
    for (int b = 0; b < B; b++) {
        const int cut[] = { 0, 2, V - 1, V };
        for (int l = 0; l < 3; l++) {
            want += layer_term(d.u + b * V, a + b * V, cut[l], cut[l + 1]);
            for (int i = cut[l]; i < cut[l + 1]; i++) {
                double *x = &a[b * V + i], start = *x, up, down;
                *x = start + h;
                up = layer_term(d.u + b * V, a + b * V, cut[l], cut[l + 1]);
                *x = start - h;
                down = layer_term(d.u + b * V, a + b * V, cut[l], cut[l + 1]);
                *x = start;
                if (fabs(start) < 2.0 * h) continue; /* the kink */
                assert_near((double)da[b * V + i], 2.0 + 0.4 * (up - down) / (2.0 * h), 2e-5);
            }
        }
    }
    assert_near(sum[LOSS_LAYER], want, 1e-5 * (1.0 + want));
}

static void the_logit_distance_is_its_definition_and_derivative(void **state)
{
    (void)state;
    enum { ROWS = 2, FREE = 3, ALL = 5 };
    const float logit[ROWS * FREE] = { 1.0f, -2.0f, 0.5f, 0.0f, 3.0f, -1.0f };
    float slope[ROWS * ALL], dlogit[ROWS * FREE] = { 0.0f };
    struct loss_options o = loss_default();
    double sum[LOSS_TERMS] = { 0.0 }, want = 0.0;

    o.weight[LOSS_LOGIT] = 0.5;
    for (int i = 0; i < ROWS * ALL; i++) slope[i] = 0.25f * (float)(i - 4);
    loss_logit(sum, dlogit, logit, slope, ROWS, FREE, ALL, &o);
    for (int b = 0; b < ROWS; b++)
        for (int j = 0; j < FREE; j++) {
            double off = (double)logit[b * FREE + j] + (double)slope[b * ALL + 2 + j];
            want += off * off / FREE;
            assert_near((double)dlogit[b * FREE + j], 0.5 * 2.0 * off / FREE, 1e-6);
        }
    assert_near(sum[LOSS_LOGIT], want, 1e-6);
}

/* Fitting one number to log-normal energies, w = 1/2 gives ln of their mean: u is ln E up to a
 * constant, the minimum of sum e^{u/2} (u - v)^2 is sum e^{u/2} u / sum e^{u/2}. */
static void weight_one_half_fits_the_mean_energy_of_a_log_normal_voxel(void **state)
{
    (void)state;
    enum { N = 200000 };
    const double s = 0.8;
    double top = 0.0, bottom = 0.0;
    struct rng r = rng_at(6, RNG_TEST, 0, 0);

    for (int i = 0; i < N; i++) {
        double u = 5.0 + s * rng_normal(&r), w = exp(loss_default().w * u);
        top += w * u;
        bottom += w;
    }
    /* the weighted mean has a spread of s sqrt(e^{s^2 / 4} / N) = 2e-3 */
    assert_near(top / bottom, 5.0 + s * s / 2.0, 1e-2);
}

TEST_MAIN(cmocka_unit_test(losses_are_the_sums_of_their_definitions),
          cmocka_unit_test(gradients_of_showers_are_the_derivatives),
          cmocka_unit_test(gradients_of_the_entropy_are_the_derivatives_and_are_added),
          cmocka_unit_test(the_spread_is_its_definition_and_derivative),
          cmocka_unit_test(the_minimum_of_the_spread_is_the_variance),
          cmocka_unit_test(layer_energies_are_their_definition_and_derivative),
          cmocka_unit_test(the_logit_distance_is_its_definition_and_derivative),
          cmocka_unit_test(weight_one_half_fits_the_mean_energy_of_a_log_normal_voxel))
