/* Enumeration against the definition, closed forms and symmetries. */
#include "test.h"

#include "num/special.h"
#include "rbm/exact.h"
#include "rbm/small.h"

#include <string.h>

static const int SIZE[4] = { 3, 2, 4, 2 };
enum { N = 11, STATES = 1 << N };

/* ln Z and all moments by summing over every state. */
static double by_hand(const struct rbm *m, const uint8_t *u, double *mean, double *pair)
{
    static double p[STATES];
    double log_z = small_probabilities(m, u, p);
    uint8_t x[N];

    memset(mean, 0, N * sizeof *mean);
    memset(pair, 0, (size_t)m->T.M * sizeof *pair);
    for (int64_t s = 0; s < STATES; s++) {
        small_state(x, N, s);
        for (int i = 0; i < N; i++) mean[i] += p[s] * x[i];
        for (int64_t k = 0; k < m->T.M; k++)
            pair[k] += p[s] * x[m->T.edge[k][0]] * x[m->T.edge[k][1]];
    }
    return log_z;
}

static void sums_and_moments_are_those_of_all_states(void **state)
{
    (void)state;
    const uint8_t u[4] = { 1, 0, 1, 1 };
    const int walked[6] = { 7, 5, 4, 7, 5, 7 };
    double mean[2][N], pair[2][N * N];

    /* the largest partition free, clamped, or summed over although it is a condition; single units,
     * one of them in the partition that is summed */
    for (int way = 0; way < 6; way++) {
        struct rbm m;
        struct exact x;
        struct err e = { "" };
        int clamped = way == 0 ? -1 : way == 1 ? 1 : 2;
        const uint8_t *given = way == 0 || way == 3 || way == 5 ? NULL : u;
        small_machine(&m, 4, SIZE, clamped, 1.5, 31);
        if (way > 3) small_hold(&m, (const int[]){ 0, 3, 6, 8 }, 4);
        assert_int_equal(exact_plan(&x, &m, way == 3 || way == 5, EXACT_UNITS, &e), 0);
        assert_int_equal(x.n, walked[way]);
        double log_z = exact_moments(&x, &m, given, mean[0], pair[0]);
        assert_near(log_z, by_hand(&m, given, mean[1], pair[1]), 1e-11);
        assert_near(exact_log_z(&x, &m, given), log_z, 1e-13);
        for (int i = 0; i < N; i++) assert_near(mean[0][i], mean[1][i], 1e-12);
        for (int64_t k = 0; k < m.T.M; k++) assert_near(pair[0][k], pair[1][k], 1e-12);
        exact_free(&x);
        rbm_free(&m);
    }
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* Sixteen walked units: four top bits make sixteen parts. */
static void parts_add_up_to_the_closed_form_and_to_the_flipped_machine(void **state)
{
    (void)state;
    const int size[3] = { 8, 8, 9 };
    struct rbm m;
    struct exact x;
    struct err e = { "" };
    double part[16], closed = 0.0;

    small_machine(&m, 3, size, -1, 0.0, 32);
    assert_int_equal(exact_plan(&x, &m, 0, 16, &e), 0);
    assert_int_equal(x.parts, 16);
    for (int i = 0; i < m.T.N; i++) closed += softplus((double)m.bias[i]);
    assert_near(exact_log_z(&x, &m, NULL), closed, 1e-11); /* no couplings */
    exact_free(&x);
    rbm_free(&m);

    small_machine(&m, 3, size, -1, 1.0, 33);
    assert_int_equal(exact_plan(&x, &m, 0, 16, &e), 0);
    double log_z = exact_log_z(&x, &m, NULL);
    for (int r = 0; r < 5; r++) part[r] = exact_sum(&x, &m, NULL, block_of(x.parts, r, 5));
    assert_near(special_log_sum_exp(part, 5), log_z, 1e-12);
    assert_true(exact_sum(&x, &m, NULL, (struct block){ 3, 0 }) == -INFINITY);
    /* x -> 1 - x in the first partition: b' = -b there, W' = -W, b_j' = b_j + sum_i W_ij, and
     * ln Z' = ln Z - sum of b over it. Weights stay floats; the sums of 8 round to 1e-6. */
    for (int i = 0; i < size[0]; i++) log_z -= (double)m.bias[i];
    for (int64_t k = 0; k < m.T.M; k++) {
        if (m.T.edge[k][0] >= size[0]) continue;
        m.bias[m.T.edge[k][1]] += m.weight[k];
        m.weight[k] = -m.weight[k];
    }
    for (int i = 0; i < size[0]; i++) m.bias[i] = -m.bias[i];
    rbm_prepare(&m);
    assert_near(exact_log_z(&x, &m, NULL), log_z, 1e-5);
    exact_free(&x);
    assert_int_equal(exact_plan(&x, &m, 0, 15, &e), -1);
    assert_non_null(strstr(e.text, "25 free units leaves 2^16 states"));
    exact_free(&x);
    rbm_free(&m);
}

/* d ln Z / d parameter is a mean: the gradient of the exact log-likelihood. */
static void moments_are_the_slope_of_ln_z(void **state)
{
    (void)state;
    const uint8_t u[2] = { 0, 1 };
    struct rbm m;
    struct exact x;
    struct err e = { "" };
    double mean[N], pair[N * N], up, down;
    const float h = 1.0f / 64; /* parameters are floats: a step they can make */

    small_machine(&m, 4, SIZE, 1, 1.0, 34);
    assert_int_equal(exact_plan(&x, &m, 0, EXACT_UNITS, &e), 0);
    exact_moments(&x, &m, u, mean, pair);
    for (int64_t i = 0; i < m.table.total; i++) {
        int64_t at = i - (m.weight - m.param);
        if (at < 0 ? i >= N : at >= m.T.M) continue; /* the gap between tensors */
        float was = m.param[i], high = was + h, low = was - h;
        m.param[i] = high;
        rbm_prepare(&m);
        up = exact_log_z(&x, &m, u);
        m.param[i] = low;
        rbm_prepare(&m);
        down = exact_log_z(&x, &m, u);
        m.param[i] = was;
        /* third derivative of ln Z is at most 0.1 in size: h^2 / 6 of it */
        assert_near((up - down) / (double)(high - low), at < 0 ? mean[i] : pair[at], 1e-5);
    }
    rbm_prepare(&m);
    exact_free(&x);
    rbm_free(&m);
}

/* ln Z, means [N] and second moments of an RBM of V x 13 units with every kernel and by the plain
 * walk; parameters in hundreds when `steep`. */
static void compare(int V, double std, double shift, int plain_by_itself)
{
    const int size[2] = { V, 13 };
    struct rbm m;
    struct exact x, slow;
    struct err e = { "" };
    double log_z[2] = { 0 }, *mean[2], *pair[2];

    small_machine(&m, 2, size, -1, std, 35);
    for (int i = 0; i < V; i += 3) m.bias[i] += (float)shift; /* some fields are large */
    rbm_prepare(&m);
    for (int i = 0; i < 2; i++) {
        mean[i] = mem_take(m.T.N, sizeof *mean[i]);
        pair[i] = mem_take(m.T.M, sizeof *pair[i]);
    }
    assert_int_equal(exact_plan(&slow, &m, 0, EXACT_UNITS, &e), 0);
    slow.walk.plain = 1;
    log_z[0] = exact_moments(&slow, &m, NULL, mean[0], pair[0]);
    for (int k = 0; k < kern_count(); k++) {
        double was = log_z[1];
        assert_int_equal(exact_plan(&x, &m, 0, EXACT_UNITS, &e), 0);
        x.walk.kern = kern_at(k);
        log_z[1] = exact_moments(&x, &m, NULL, mean[1], pair[1]);
        assert_int_equal(x.walk.steep, plain_by_itself);
        /* a product of V factors, 13 flips of each: 20 V roundings of 1e-16 */
        assert_near(log_z[1] / log_z[0], 1.0, 1e-12);
        for (int i = 0; i < m.T.N; i++) assert_near(mean[1][i], mean[0][i], 1e-10);
        for (int64_t i = 0; i < m.T.M; i++) assert_near(pair[1][i], pair[0][i], 1e-10);
        assert_true(k == 0 || log_z[1] == was); /* every instruction set, bit for bit */
        exact_free(&x);
    }
    exact_free(&slow);
    for (int i = 0; i < 2; i++) {
        mem_free(mean[i]);
        mem_free(pair[i]);
    }
    rbm_free(&m);
}

static void the_product_form_agrees_with_the_plain_walk(void **state)
{
    (void)state;
    compare(13, 1.0, 0.0, 0);
    compare(21, 3.0, 0.0, 0);
    compare(100, 0.3, 0.0, 0);
    compare(30, 8.0, 300.0, 0);  /* fields of hundreds: an exponent is taken out at each row */
    compare(30, 8.0, -400.0, 0); /* y of 1e-200 */
    compare(17, 2.0, 900.0, 1);  /* e^900 is no double */
    compare(17, 2.0, -900.0, 1);
    compare(14, 400.0, 0.0, 1); /* nor is e^W */
}

/* A number that is not finite is not swallowed. */
static void what_is_not_finite_shows(void **state)
{
    (void)state;
    const int size[2] = { 9, 5 };
    struct rbm m;
    struct exact x;
    struct err e = { "" };

    small_machine(&m, 2, size, -1, 1.0, 36);
    assert_int_equal(exact_plan(&x, &m, 0, EXACT_UNITS, &e), 0);
    m.weight[7] = NAN;
    rbm_prepare(&m);
    assert_true(isnan(exact_log_z(&x, &m, NULL)));
    exact_free(&x);
    rbm_free(&m);
}

TEST_MAIN(cmocka_unit_test(sums_and_moments_are_those_of_all_states),
          cmocka_unit_test(parts_add_up_to_the_closed_form_and_to_the_flipped_machine),
          cmocka_unit_test(moments_are_the_slope_of_ln_z),
          cmocka_unit_test(the_product_form_agrees_with_the_plain_walk),
          cmocka_unit_test(what_is_not_finite_shows))
