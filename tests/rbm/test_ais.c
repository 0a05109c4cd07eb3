/* Annealed importance sampling, forward and reverse, against enumeration and closed forms. */
#include "test.h"

#include "num/logweights.h"
#include "rbm/ais.h"
#include "rbm/chains.h"
#include "rbm/exact.h"
#include "rbm/small.h"
#include "rbm/spins.h"
#include "rbm/stage.h"

#include <string.h>

/* log-weights of a whole run. */
static void run(struct ais *a, const struct rbm *m, struct block tiles, int reverse, int K,
                int sweeps, const float *base, const uint64_t *start, uint64_t seed)
{
    double *beta = mem_take(K + 1, sizeof *beta);

    ais_linear(beta, K);
    ais_init(a, m, kern_best(), tiles, reverse, K, beta, sweeps, base, start, seed);
    assert_int_equal(ais_advance(a, m, kern_best(), K), 0);
    mem_free(beta);
}

/* 10,048 runs of 5 steps: exp(log w) averages to the ratio of partition functions, both ways and
 * for every base, however badly so short a path mixes. */
static void weights_are_unbiased_on_short_paths(void **state)
{
    (void)state;
    enum { TILES = 157, N = 11 };
    const int size[3] = { 4, 3, 4 };
    struct rbm m;
    struct exact x;
    struct err e = { "" };
    struct ais a;
    static uint64_t start[N * TILES];
    float base[N];
    double mean[N], pair[64], error;

    small_machine(&m, 3, size, -1, 0.7, 51);
    assert_int_equal(exact_plan(&x, &m, 0, EXACT_UNITS, &e), 0);
    double log_z = exact_moments(&x, &m, NULL, mean, pair);
    small_starts(start, TILES, &m);
    for (int way = 0; way < 6; way++) {
        int reverse = way % 2;
        ais_base(base, &m, (enum ais_base)(way / 2), mean, 1e-3);
        run(&a, &m, (struct block){ 0, TILES }, reverse, 5, 1, base, reverse ? start : NULL, 3);
        double ratio = reverse ? a.log_z0[0] - log_z : log_z - a.log_z0[0];
        double w = stage_mean_weight(a.log_w, TILES * 64, ratio, &error);
        assert_true(error < 0.1);
        assert_near(w, 1.0, 4.0 * error);
        /* and so the forward estimate lies below, the reverse above, on average (Jensen) */
        struct logweights s = logweights_of(a.log_w, TILES * 64);
        assert_true(s.mean < ratio);
        ais_free(&a);
    }
    exact_free(&x);
    rbm_free(&m);
}

/* Both directions of a path that is each other's reversal: BAR, and the bracket, agree with ln Z.
 */
static void forward_and_reverse_bracket_the_joint_ln_z(void **state)
{
    (void)state;
    enum { TILES = 8, N = 16, LANES = TILES * 64 };
    const int size[4] = { 4, 4, 4, 4 };
    struct rbm m;
    struct exact x;
    struct err e = { "" };
    struct ais up, down;
    uint64_t start[N * TILES];
    float base[N];
    double mean[N], pair[96], error;
    char text[200];

    small_machine(&m, 4, size, -1, 0.5, 52);
    assert_int_equal(exact_plan(&x, &m, 0, EXACT_UNITS, &e), 0);
    double log_z = exact_moments(&x, &m, NULL, mean, pair);
    small_starts(start, TILES, &m);
    ais_base(base, &m, AIS_DATA, mean, 1e-3);
    run(&up, &m, (struct block){ 0, TILES }, 0, 60, 1, base, NULL, 3);
    run(&down, &m, (struct block){ 0, TILES }, 1, 60, 1, base, start, 3);
    struct logweights_bracket b =
        logweights_bracket(up.log_z0[0], up.log_w, LANES, down.log_w, LANES);
    assert_near(b.logz, log_z, 4.0 * b.error);
    assert_near(b.log_z0 - b.reverse.log_mean, log_z, 4.0 * b.reverse.error);
    assert_true(b.error < 0.05 && b.lower < log_z && log_z < b.upper);
    double bar = up.log_z0[0] + logweights_bar(up.log_w, LANES, down.log_w, LANES, &error);
    assert_near(bar, log_z, 4.0 * error);
    assert_true(error < b.error);
    struct logweights_mean all = logweights_mean(&b, 1);
    assert_true(logweights_verdict(&all, text, sizeof text));
    ais_free(&up);
    ais_free(&down);
    ais_free(&down);
    exact_free(&x);
    rbm_free(&m);
}

/* Three conditions with 100 chains each, padded to two tiles; starts by clamped Gibbs chains. */
static void conditions_of(const int *hold)
{
    enum { Q = 3, EACH = 100, PER = 2, TILES = Q * PER, N = 12 };
    const int size[4] = { 3, 3, 3, 3 };
    const uint8_t u[Q * 3] = { 0, 0, 1, 1, 1, 0, 1, 1, 1 };
    struct rbm m, joint;
    struct exact x;
    struct err e = { "" };
    struct chains c;
    struct ais up, down;
    uint64_t rows[3 * TILES];
    float base[N];
    struct logweights_bracket b[Q];
    double exact_mean = 0.0;

    small_machine(&m, 4, size, -1, 0.8, 53);
    small_hold(&m, hold, 3);
    assert_int_equal(exact_plan(&x, &m, 0, EXACT_UNITS, &e), 0);
    chains_init(&c, (struct block){ 0, TILES }, TILES * 64, &m, 5);
    spins_conditions(rows, u, Q, 3, c.tiles, PER);
    chains_condition(&c, &m, rows);
    chains_sweep(&c, &m, kern_best(), 50);
    ais_base(base, &m, AIS_BIASES, NULL, 0.0);
    run(&up, &m, c.tiles, 0, 80, 2, base, c.bits, 6);
    run(&down, &m, c.tiles, 1, 80, 2, base, c.bits, 6);
    for (int j = 0; j < 3; j++) {
        assert_memory_equal(up.bits + hold[j] * TILES, rows + j * TILES, TILES * sizeof *rows);
        assert_memory_equal(down.bits + hold[j] * TILES, rows + j * TILES, TILES * sizeof *rows);
    }
    for (int q = 0; q < Q; q++) {
        int64_t at = q * PER * 64;
        double log_z = exact_log_z(&x, &m, u + 3 * q);
        assert_near(up.log_z0[q * PER], down.log_z0[q * PER + 1], 0.0);
        b[q] = logweights_bracket(up.log_z0[q * PER], up.log_w + at, EACH, down.log_w + at, EACH);
        assert_near(b[q].logz, log_z, 4.0 * b[q].error);
        assert_near(b[q].log_z0 - b[q].reverse.log_mean, log_z, 4.0 * b[q].reverse.error);
        exact_mean += log_z / Q;
    }
    struct logweights_mean all = logweights_mean(b, Q);
    assert_near(all.logz, exact_mean, 4.0 * all.chains_error);
    ais_free(&up);
    ais_free(&down);
    exact_free(&x);

    /* the joint ln Z: the same arrays with nothing clamped */
    joint = m;
    joint.held = 0;
    assert_int_equal(exact_plan(&x, &m, 1, EXACT_UNITS, &e), 0);
    ais_base(base, &joint, AIS_BIASES, NULL, 0.0);
    run(&up, &joint, c.tiles, 0, 80, 2, base, NULL, 6);
    b[0] = logweights_bracket(up.log_z0[0], up.log_w, TILES * 64, NULL, 0);
    assert_near(b[0].logz, exact_log_z(&x, &m, NULL), 4.0 * b[0].error);
    ais_free(&up);
    exact_free(&x);
    chains_free(&c);
    rbm_free(&m);
}

static void each_condition_has_its_own_ln_z(void **state)
{
    (void)state;
    conditions_of((const int[]){ 0, 1, 2 }); /* a partition */
    conditions_of((const int[]){ 1, 4, 8 }); /* units of three, coupled to each other */
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* Without couplings and with the biases as base every weight is 1. */
static void a_machine_without_couplings_is_exact(void **state)
{
    (void)state;
    const int size[3] = { 30, 20, 40 };
    struct rbm m;
    struct ais a;
    float base[90];
    double closed = 0.0;
    uint64_t start[90 * 2];

    small_machine(&m, 3, size, 1, 0.0, 54);
    memset(start, 0xff, sizeof start);
    for (int i = 0; i < 90; i++)
        closed += i >= 30 && i < 50 ? (double)m.bias[i] : softplus((double)m.bias[i]);
    ais_base(base, &m, AIS_BIASES, NULL, 0.0);
    for (int reverse = 0; reverse < 2; reverse++) {
        run(&a, &m, (struct block){ 0, 2 }, reverse, 10, 1, base, start, 1);
        for (int c = 0; c < 128; c++) assert_true(a.log_w[c] == 0.0);
        assert_near(a.log_z0[0], closed, 1e-12);
        ais_free(&a);
    }
    rbm_free(&m);
}

static void a_run_in_pieces_or_shares_is_the_whole_run(void **state)
{
    (void)state;
    enum { TILES = 5, K = 150, N = 12 };
    const int size[4] = { 3, 3, 3, 3 };
    const struct par *P = test_par();
    struct rbm m;
    struct ais whole, part, rest;
    float base[N];
    double beta[K + 1];
    int same = 1;

    small_machine(&m, 4, size, -1, 0.8, 55);
    ais_base(base, &m, AIS_UNIFORM, NULL, 0.0);
    ais_linear(beta, K);
    run(&whole, &m, (struct block){ 0, TILES }, 0, K, 1, base, NULL, 9);
    for (int size_of = 1; size_of <= 3; size_of++) {
        int rank = P->rank % size_of;
        struct block mine = block_of(TILES, rank, size_of);
        ais_init(&part, &m, kern_best(), mine, 0, K, beta, 1, base, NULL, 9);
        assert_int_equal(ais_advance(&part, &m, kern_best(), 71), K - 71);
        /* step, bits, u and log_w are all there is to carry over */
        ais_init(&rest, &m, kern_best(), mine, 0, K, beta, 1, base, NULL, 9);
        rest.step = part.step;
        memcpy(rest.bits, part.bits, (size_t)(N * mine.count) * sizeof rest.bits[0]);
        memcpy(rest.u, part.u, (size_t)(64 * mine.count) * sizeof rest.u[0]);
        memcpy(rest.log_w, part.log_w, (size_t)(64 * mine.count) * sizeof rest.log_w[0]);
        while (ais_advance(&rest, &m, kern_best(), 13) > 0) continue;
        same &= memcmp(rest.log_w, whole.log_w + 64 * mine.first,
                       (size_t)(64 * mine.count) * sizeof rest.log_w[0]) == 0;
        ais_free(&part);
        ais_free(&rest);
    }
    assert_true(test_agree(same));
    ais_free(&whole);
    rbm_free(&m);
}

/* U followed flip by flip stays what a fresh sum gives. */
static void the_followed_score_is_the_score(void **state)
{
    (void)state;
    const int size[2] = { 150, 150 };
    struct rbm m;
    struct ais a;
    float base[300];
    double beta[129], u[64];
    uint64_t *bits;

    small_machine(&m, 2, size, -1, 0.3, 56);
    ais_base(base, &m, AIS_BIASES, NULL, 0.0);
    ais_linear(beta, 128);
    ais_init(&a, &m, kern_best(), (struct block){ 0, 1 }, 0, 128, beta, 1, base, NULL, 9);
    ais_advance(&a, &m, kern_best(), 128 - 1); /* 63 steps after the last fresh sum */
    struct kern_net net = rbm_net(&m);
    bits = a.bits;
    kern_best()->score(u, bits, 1, &net, base);
    /* 63 x 300 flips of floats of size 5, 3e-7 each: 4e-5 at random */
    for (int c = 0; c < 64; c++) assert_near(a.u[c], u[c], 4e-4);
    ais_free(&a);
    rbm_free(&m);
}

TEST_MAIN(cmocka_unit_test(weights_are_unbiased_on_short_paths),
          cmocka_unit_test(forward_and_reverse_bracket_the_joint_ln_z),
          cmocka_unit_test(each_condition_has_its_own_ln_z),
          cmocka_unit_test(a_machine_without_couplings_is_exact),
          cmocka_unit_test(a_run_in_pieces_or_shares_is_the_whole_run),
          cmocka_unit_test(the_followed_score_is_the_score))
