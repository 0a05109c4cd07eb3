/* Stepping stones and thermodynamic integration, against enumeration and their definitions. */
#include "test.h"

#include "rbm/stage.h"

enum { TILES = STAGE_TILES, N = STAGE_UNITS };

static struct trace_sums sums_of(const struct trace *t, const struct ais *a)
{
    const double *point[TILES], *lane[TILES];
    double beta[201];

    for (int64_t i = 0; i < t->tiles; i++) {
        point[i] = t->point + i * (t->K + 1) * TRACE_FIGURES;
        lane[i] = t->lane + i * 64 * TRACE_LANE;
    }
    for (int k = 0; k <= a->K; k++) beta[k] = a->beta[a->reverse ? a->K - k : k];
    return trace_sum(t->tiles, t->K, point, lane, t->live, beta);
}

/* Chains that keep up (5 sweeps a step): both estimates are ln Z within 4 errors, each way. The
 * integral's own error, K^-4 of a smooth curve, is far below. */
static void stepping_and_integration_agree_with_enumeration(void **state)
{
    (void)state;
    enum { K = 60, FEW = 20 };
    static struct stage s;
    static uint64_t live[FEW], start[N * FEW];
    struct trace t;
    struct ais a;
    double beta[K + 1];

    stage_build(&s, 0.5);
    for (int i = 0; i < FEW; i++) live[i] = i % 2 ? ~(uint64_t)0 : 0x0fffffffffffffffu;
    for (int i = 0; i < N; i++) memcpy(start + i * FEW, s.start + i * TILES, FEW * sizeof start[0]);
    ais_linear(beta, K);
    for (int way = 0; way < 4; way++) {
        int reverse = way % 2;
        ais_init(&a, &s.m, kern_best(), (struct block){ 0, FEW }, reverse, K, beta, 5, s.base,
                 start, 4);
        ais_marginal(&a, &s.m, way / 2 ? 0 : -1);
        trace_init(&t, FEW, K, live);
        a.trace = &t;
        assert_int_equal(ais_advance(&a, &s.m, kern_best(), K), 0);
        struct trace_sums z = sums_of(&t, &a);
        double ratio = reverse ? a.log_z0[0] - s.log_z : s.log_z - a.log_z0[0];
        assert_int_equal(z.n, FEW / 2 * (64 + 60));
        assert_true(z.stepping_error > 0.0 && z.stepping_error < 0.05);
        assert_true(z.ti_error > 0.0 && z.ti_error < 0.05);
        assert_near(z.stepping, ratio, 4.0 * z.stepping_error);
        assert_near(z.ti, ratio, 4.0 * z.ti_error);
        ais_free(&a);
        trace_free(&t);
    }
    rbm_free(&s.m);
}

/* Steps of one size: the figures by their definitions, chain by chain. */
static void a_trace_is_what_its_chains_say(void **state)
{
    (void)state;
    enum { K = 3 };
    static const uint64_t live[2] = { 0xff00ff, ~(uint64_t)0 };
    const double beta[K + 1] = { 0.0, 0.2, 0.5, 1.0 };
    const double *point[2], *lane[2];
    double d[K][128], g[K + 1][128], log_w[128] = { 0 }, stepping = 0.0, ti = 0.0, mean[K + 1],
                                     variance[K + 1];
    double arrived[K + 1] = { 0 }, squared[K + 1] = { 0 };
    struct trace t;
    int n = 80;

    trace_init(&t, 2, K, live);
    for (int k = 0; k <= K; k++) {
        double sum = 0.0, weights = 0.0, squares = 0.0;
        for (int c = 0; c < 128; c++) {
            struct rng r = rng_at(7, RNG_TEST, c, k);
            g[k][c] = 3.0 * k + rng_normal(&r);
            if (k < K) d[k][c] = 0.3 * rng_normal(&r);
            if (!(live[c / 64] >> c % 64 & 1)) continue;
            sum += g[k][c] / n;
            if (k < K) weights += exp(d[k][c]) / n;
        }
        for (int c = 0; c < 128; c++)
            if (live[c / 64] >> c % 64 & 1) squares += (g[k][c] - sum) * (g[k][c] - sum);
        mean[k] = sum;
        variance[k] = squares / (n - 1);
        if (k < K) stepping += log(weights);
        trace_add(&t, k, k > 0 ? beta[k] - beta[k - 1] : 0.0, k < K ? d[k] : NULL, g[k], log_w);
        for (int c = 0; c < 128; c++) {
            if (live[c / 64] >> c % 64 & 1) {
                arrived[k] += exp(log_w[c]);
                squared[k] += exp(2.0 * log_w[c]);
            }
            if (k < K) log_w[c] += d[k][c];
        }
    }
    for (int k = 0; k <= K; k++) {
        const double *one = t.point + k * TRACE_FIGURES, *two = one + (K + 1) * TRACE_FIGURES;
        assert_near(exp(one[TRACE_ARRIVED]) + exp(two[TRACE_ARRIVED]), arrived[k], 1e-12 * n);
        assert_near(exp(one[TRACE_SQUARED]) + exp(two[TRACE_SQUARED]), squared[k], 1e-12 * n);
    }
    for (int k = 0; k < K; k++) {
        double h = beta[k + 1] - beta[k];
        ti += h * (mean[k] + mean[k + 1]) / 2 - h * h * (variance[k + 1] - variance[k]) / 12;
    }
    for (int i = 0; i < 2; i++) {
        point[i] = t.point + i * (K + 1) * TRACE_FIGURES;
        lane[i] = t.lane + i * 64 * TRACE_LANE;
    }
    struct trace_sums z = trace_sum(2, K, point, lane, live, beta);
    assert_near(z.stepping, stepping, 1e-12);
    assert_near(z.ti, ti, 1e-12);
    trace_free(&t);
}

TEST_MAIN(cmocka_unit_test(stepping_and_integration_agree_with_enumeration),
          cmocka_unit_test(a_trace_is_what_its_chains_say))
