/* Ways to walk a path beside plain AIS: summed partitions, RAISE, stepping stones, integration,
 * populations; against enumeration. */
#include "test.h"

#include "num/logweights.h"
#include "rbm/ais.h"
#include "rbm/exact.h"
#include "rbm/population.h"
#include "rbm/small.h"

#include <string.h>

enum { TILES = 157, N = 12, LANES = TILES * 64 }; /* 10,048 runs */

/* What the tests share: a machine of 12 units, its ln Z, exact samples. */
struct stage {
    struct rbm m;
    double log_z;
    uint64_t start[N * TILES];
    float base[N];
};

static void build(struct stage *s, double std)
{
    const int size[4] = { 4, 3, 3, 2 };
    double mean[N], pair[64];
    struct exact x;
    struct err e = { "" };

    small_machine(&s->m, 4, size, -1, std, 61);
    assert_int_equal(exact_plan(&x, &s->m, 0, EXACT_UNITS, &e), 0);
    s->log_z = exact_moments(&x, &s->m, NULL, mean, pair);
    small_starts(s->start, TILES, &s->m);
    ais_base(s->base, &s->m, AIS_DATA, mean, 1e-3);
    exact_free(&x);
}

static void set_out(struct ais *a, const struct stage *s, struct block tiles, int reverse, int K,
                    const uint64_t *start)
{
    double *beta = mem_take(K + 1, sizeof *beta);

    ais_linear(beta, K);
    ais_init(a, &s->m, kern_best(), tiles, reverse, K, beta, 1, s->base, start, 3);
    mem_free(beta);
}

static double mean_weight(const double *x, int64_t n, double shift, double *error)
{
    double sum = 0.0, squares = 0.0;

    for (int64_t i = 0; i < n; i++) {
        double w = exp(x[i] - shift);
        sum += w;
        squares += w * w;
    }
    sum /= (double)n;
    *error = sqrt((squares / (double)n - sum * sum) / (double)n);
    return sum;
}

/* 10,048 runs of 5 steps, both ways, each partition summed in turn: weights stay unbiased, and
 * spread less than those of the joint path. */
static void summed_partitions_leave_weights_unbiased(void **state)
{
    (void)state;
    static struct stage s;
    struct block tiles = { 0, TILES };
    struct ais a;
    double error, plain[2] = { 0.0 };

    build(&s, 0.7);
    for (int p = -1; p < 4; p++)
        for (int reverse = 0; reverse < 2; reverse++) {
            set_out(&a, &s, tiles, reverse, 5, s.start);
            ais_marginal(&a, &s.m, p);
            assert_int_equal(ais_advance(&a, &s.m, kern_best(), 5), 0);
            double ratio = reverse ? a.log_z0[0] - s.log_z : s.log_z - a.log_z0[0];
            double w = mean_weight(a.log_w, LANES, ratio, &error);
            assert_true(error < 0.1);
            assert_near(w, 1.0, 4.0 * error);
            struct logweights l = logweights_of(a.log_w, LANES);
            assert_true(l.mean < ratio);
            if (p < 0) plain[reverse] = l.variance;
            /* a variance from 10,048 draws is known to 2 to 4% */
            if (p >= 0) assert_true(l.variance < 1.04 * plain[reverse]);
            if (p == 0) assert_true(l.variance < 0.9 * plain[reverse]);
            ais_free(&a);
        }
    rbm_free(&s.m);
}

/* In an RBM whose base is the hidden biases, summing the hidden units leaves the formula of
 * Salakhutdinov and Murray; with one step it can be written down: log f_1(v) - log f_0(v). */
static void one_step_is_the_free_energy(void **state)
{
    (void)state;
    const int size[2] = { 5, 7 };
    struct stage s;
    struct ais a;

    small_machine(&s.m, 2, size, -1, 1.0, 62);
    ais_base(s.base, &s.m, AIS_UNIFORM, NULL, 0.0);
    set_out(&a, &s, (struct block){ 0, 1 }, 0, 1, NULL);
    ais_marginal(&a, &s.m, ais_widest(&s.m));
    uint64_t v[5];
    memcpy(v, a.bits, sizeof v);
    ais_advance(&a, &s.m, kern_best(), 1);
    for (int c = 0; c < 64; c++) {
        double gain = 0.0;
        for (int i = 0; i < 5; i++) gain += v[i] >> c & 1 ? (double)s.m.bias[i] : 0.0;
        for (int j = 5; j < 12; j++) {
            double phi = (double)s.m.bias[j];
            for (int i = 0; i < 5; i++) phi += v[i] >> c & 1 ? (double)rbm_weight(&s.m, i, j) : 0.0;
            gain += log1p(exp(phi)) - log(2.0);
        }
        assert_near(a.log_w[c], gain, 2e-5);
    }
    ais_free(&a);
    rbm_free(&s.m);
}

/* RAISE of exact samples: E of exp(log p_raise(v) - log p(v)) over the machine is the mass that
 * annealing gives, 1; and the mean of log p_raise lies below that of log p. */
static void raise_bounds_the_likelihood_from_below(void **state)
{
    (void)state;
    static struct stage s;
    struct ais a;
    double error;

    build(&s, 0.7);
    for (int p = -1; p < 2; p++) {
        set_out(&a, &s, (struct block){ 0, TILES }, 1, 10, s.start);
        ais_marginal(&a, &s.m, p);
        ais_raise(&a, &s.m, kern_best());
        assert_int_equal(ais_advance(&a, &s.m, kern_best(), 10), 0);
        /* log p_raise(v) - log p(v) = log w + ln Z - log Z_0 */
        double ratio = a.log_z0[0] - s.log_z, w = mean_weight(a.log_w, LANES, ratio, &error);
        assert_true(error < 0.1);
        assert_near(w, 1.0, 4.0 * error);
        struct logweights l = logweights_of(a.log_w, LANES);
        assert_true(l.mean + 3.0 * sqrt(l.variance / LANES) < ratio);
        ais_free(&a);
    }
    rbm_free(&s.m);
}

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

    build(&s, 0.5);
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

/* Islands of two tiles, 12 steps: every island's mean weight is unbiased, families and all; the
 * error by families is the spread of islands; and no share of the islands knows of another. */
static void islands_are_unbiased_and_know_nothing_of_each_other(void **state)
{
    (void)state;
    enum { EACH = 2, FEW = 156, K = 12 };
    static struct stage s;
    static uint64_t live[FEW];
    struct population p, q;
    struct ais a, b;
    double error, islands = 0.0, squares = 0.0;

    build(&s, 2.0);
    ais_base(s.base, &s.m, AIS_UNIFORM, NULL, 0.0); /* far from the machine */
    memset(live, 0xff, sizeof live);
    set_out(&a, &s, (struct block){ 0, FEW }, 0, K, NULL);
    population_init(&p, &a, EACH, live);
    while (ais_advance(&a, &s.m, kern_best(), 1) > 0) population_step(&p, &a, N);
    population_end(&p, &a);
    assert_true(p.resamplings > FEW / EACH);
    double ratio = s.log_z - a.log_z0[0];
    double w = mean_weight(a.log_w, FEW * 64, ratio, &error);
    for (int i = 0; i < FEW / EACH; i++) {
        double unused, one = mean_weight(a.log_w + i * EACH * 64, EACH * 64, ratio, &unused);
        islands += one * EACH / FEW;
        squares += one * one * EACH / FEW;
    }
    double spread = sqrt((squares - islands * islands) / (FEW / EACH - 1.0));
    assert_near(w, 1.0, 4.0 * spread);
    /* a deviation from 78 islands is known to 8%, families are cautious by some more */
    assert_true(error > 0.7 * spread && error < 1.6 * spread);
    for (int first = 0; first < FEW; first += 52) {
        set_out(&b, &s, (struct block){ first, 52 }, 0, K, NULL);
        population_init(&q, &b, EACH, live);
        while (ais_advance(&b, &s.m, kern_best(), 1) > 0) population_step(&q, &b, N);
        population_end(&q, &b);
        assert_memory_equal(b.log_w, a.log_w + first * 64, 52 * 64 * sizeof *b.log_w);
        population_free(&q);
        ais_free(&b);
    }
    population_free(&p);
    population_free(&p);
    ais_free(&a);
    rbm_free(&s.m);
}

/* x -> 1 - x with biases and couplings to match is the same machine: ln Z shifts by a constant. */
static void flipped_machines_have_the_ln_z_that_flipping_says(void **state)
{
    (void)state;
    static struct stage s;
    struct stage f;
    struct ais a, b;
    double shift = 0.0;

    build(&s, 0.7);
    const int size[4] = { 4, 3, 3, 2 };
    small_machine(&f.m, 4, size, -1, 0.0, 61);
    for (int i = 0; i < N; i++) {
        f.m.bias[i] = -s.m.bias[i];
        shift += (double)s.m.bias[i];
        f.base[i] = -s.base[i];
    }
    for (int64_t k = 0; k < s.m.T.M; k++) {
        float w = s.m.weight[k];
        f.m.weight[k] = w;
        for (int end = 0; end < 2; end++) f.m.bias[s.m.T.edge[k][end]] -= w;
        shift += (double)w;
    }
    rbm_prepare(&f.m);
    for (int p = -1; p < 4; p++) {
        set_out(&a, &s, (struct block){ 0, TILES }, 0, 40, NULL);
        set_out(&b, &f, (struct block){ 0, TILES }, 0, 40, NULL);
        ais_marginal(&a, &s.m, p);
        ais_marginal(&b, &f.m, p);
        ais_advance(&a, &s.m, kern_best(), 40);
        ais_advance(&b, &f.m, kern_best(), 40);
        struct logweights x = logweights_of(a.log_w, LANES), y = logweights_of(b.log_w, LANES);
        double plain = a.log_z0[0] + x.log_mean, flipped = b.log_z0[0] + y.log_mean + shift;
        assert_near(plain, flipped, 4.0 * sqrt(x.error * x.error + y.error * y.error));
        assert_near(plain, s.log_z, 4.0 * x.error);
        ais_free(&a);
        ais_free(&b);
    }
    rbm_free(&s.m);
    rbm_free(&f.m);
}

TEST_MAIN(cmocka_unit_test(summed_partitions_leave_weights_unbiased),
          cmocka_unit_test(one_step_is_the_free_energy),
          cmocka_unit_test(raise_bounds_the_likelihood_from_below),
          cmocka_unit_test(stepping_and_integration_agree_with_enumeration),
          cmocka_unit_test(a_trace_is_what_its_chains_say),
          cmocka_unit_test(islands_are_unbiased_and_know_nothing_of_each_other),
          cmocka_unit_test(flipped_machines_have_the_ln_z_that_flipping_says))
