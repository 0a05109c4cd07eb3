/* Variable elimination against enumeration, closed forms and identities. */
#include "test.h"

#include "rbm/eliminate.h"
#include "rbm/exact.h"
#include "rbm/graphs.h"
#include "rbm/small.h"

#include <string.h>

static double eliminated(const struct rbm *m, int joint, const uint8_t *u, int *width)
{
    struct eliminate x;
    struct err e = { "" };

    if (eliminate_plan(&x, m, joint, 24, &e)) fail_msg("%s", e.text);
    double log_z = eliminate_log_z(&x, m, u);
    if (width != NULL) *width = x.order.width;
    eliminate_free(&x);
    return log_z;
}

static double enumerated(const struct rbm *m, int joint, const uint8_t *u)
{
    struct exact x;
    struct err e = { "" };

    if (exact_plan(&x, m, joint, 26, &e)) fail_msg("%s", e.text);
    double log_z = exact_log_z(&x, m, u);
    exact_free(&x);
    return log_z;
}

/* Sums of up to 2^22 terms of double: 1e-12 of the largest is generous. */
static void elimination_is_enumeration_on_small_machines(void **state)
{
    (void)state;
    const int size[4] = { 3, 2, 4, 2 };
    const uint8_t u[4] = { 1, 0, 1, 1 };
    struct rbm m;

    for (int clamped = -1; clamped < 4; clamped++) { /* dense: widths of 7 */
        small_machine(&m, 4, size, clamped, 1.5, 41);
        const uint8_t *given = clamped < 0 ? NULL : u;
        assert_near(eliminated(&m, 0, given, NULL), enumerated(&m, 0, given), 1e-12);
        if (clamped >= 0)
            assert_near(eliminated(&m, 1, NULL, NULL), enumerated(&m, 1, NULL), 1e-12);
        rbm_free(&m);
    }
    const uint8_t which[11] = { 0, 1, 0, 1, 1, 0, 0, 0, 1, 0, 0 }; /* coupled to each other too */
    small_machine(&m, 4, size, -1, 1.5, 40);
    rbm_hold(&m, which);
    assert_near(eliminated(&m, 0, u, NULL), enumerated(&m, 0, u), 1e-12);
    rbm_free(&m);
    for (int seed = 0; seed < 20; seed++) { /* some couplings are missing, some units alone */
        small_machine(&m, 4, size, -1, 4.0, 50 + (uint64_t)seed);
        for (int64_t k = 0; k < m.T.M; k++) {
            struct rng r = rng_at(42, RNG_TEST, k, seed);
            if (rng_uniform(&r) < 0.75) m.weight[k] = 0.0f;
        }
        rbm_prepare(&m);
        assert_near(eliminated(&m, 0, NULL, NULL), enumerated(&m, 0, NULL), 1e-12);
        rbm_free(&m);
    }
}

static void pieces_of_chips_are_enumerated_too(void **state)
{
    (void)state;
    const struct {
        enum chip_kind kind;
        const char *size;
        int width;
    } piece[] = { { CHIP_CHIMERA, "2", 11 },
                  { CHIP_CHIMERA, "1,4", 7 },
                  { CHIP_CHIMERA, "3,2,2", 7 },
                  { CHIP_PEGASUS, "2,nice", 12 },
                  { CHIP_ZEPHYR, "1,2", 10 } };

    for (size_t i = 0; i < sizeof piece / sizeof piece[0]; i++) {
        struct rbm m;
        int width;
        chip_machine(&m, piece[i].kind, piece[i].size, 1.0, 43 + i);
        assert_near(eliminated(&m, 0, NULL, &width), enumerated(&m, 0, NULL), 1e-11);
        if (width > piece[i].width)
            fail_msg("%s: width %d, expected %d", piece[i].size, width, piece[i].width);
        rbm_free(&m);
    }
}

/* A chain of n units: the transfer matrix. */
static void a_chain_has_width_one_however_long(void **state)
{
    (void)state;
    enum { n = 3001 };
    static int32_t edge[n - 1][2];
    static double weight[n - 1], bias[n];
    double zero = 0.0, one;
    struct rbm m;
    int width;

    for (int v = 0; v < n; v++) {
        struct rng r = rng_at(44, RNG_TEST, v, 0);
        bias[v] = (double)(float)(2.0 * rng_normal(&r));
        if (v == n - 1) break;
        weight[v] = (double)(float)(3.0 * rng_normal(&r));
        edge[v][0] = v;
        edge[v][1] = v + 1;
    }
    one = bias[0];
    for (int v = 1; v < n; v++) {
        double high = fmax(zero, one), next = log(exp(zero - high) + exp(one - high)) + high;
        high = fmax(zero, one + weight[v - 1]);
        one = bias[v] + log(exp(zero - high) + exp(one + weight[v - 1] - high)) + high;
        zero = next;
    }
    double high = fmax(zero, one);
    graph_machine(&m, n, n - 1, (const int32_t(*)[2])edge, weight, bias);
    double truth = log(exp(zero - high) + exp(one - high)) + high;
    assert_near(eliminated(&m, 0, NULL, &width) / truth, 1.0, 1e-13);
    assert_int_equal(width, 1);
    rbm_free(&m);
}

/* Kaufman's form is itself held to enumeration first; below, at and above the critical point K =
 * 0.4407. K are multiples of 1/64, so W and b are floats without rounding. */
static void ising_spins_on_a_torus_have_their_closed_form(void **state)
{
    (void)state;
    const double K[4] = { 8.0 / 64, 28.0 / 64, 29.0 / 64, 64.0 / 64 };

    for (int t = 0; t < 4; t++)
        for (int L = 2; L <= 9; L++) {
            struct rbm m;
            int width, B = L == 9 ? 5 : L;
            torus_machine(&m, L, B, K[t]);
            double closed = torus_log_z(L, B, K[t]), constant = 2.0 * L * B * K[t];
            if (L <= 4) assert_near(enumerated(&m, 0, NULL) + constant, closed, 1e-10);
            assert_near((eliminated(&m, 0, NULL, &width) + constant) / closed, 1.0, 1e-12);
            if (width > 2 * B + 1) fail_msg("%d x %d: width %d", L, B, width);
            rbm_free(&m);
        }
}

/* x -> 1 - x of all units: b_i' = -b_i - sum_j W_ij, and ln Z' = ln Z - sum b - sum W. */
static void flipping_every_bit_moves_ln_z_by_a_constant(void **state)
{
    (void)state;
    struct rbm m;
    double constant = 0.0;

    chip_machine(&m, CHIP_CHIMERA, "3", 2.0, 45);
    double log_z = eliminated(&m, 0, NULL, NULL);
    for (int i = 0; i < m.T.N; i++) constant += (double)m.bias[i];
    for (int64_t k = 0; k < m.T.M; k++) constant += (double)m.weight[k];
    for (int i = 0; i < m.T.N; i++) m.bias[i] = -m.bias[i];
    for (int64_t k = 0; k < m.T.M; k++)
        for (int end = 0; end < 2; end++) m.bias[m.T.edge[k][end]] -= m.weight[k];
    rbm_prepare(&m);
    /* 7 sums of floats of order 10 in each of 72 biases: 72 * 7 * 1e-6 / 2 at worst */
    assert_near(eliminated(&m, 0, NULL, NULL), log_z - constant, 5e-4);
    rbm_free(&m);
}

/* Every kernel table merges as the definition does, also where e^a is no double. */
static void log_sums_of_two_are_those_of_the_definition(void **state)
{
    (void)state;
    enum { n = 1003 };
    double a[n], b[n], r[n];

    for (int i = 0; i < n; i++) {
        struct rng g = rng_at(46, RNG_TEST, i, 0);
        a[i] = 3000.0 * rng_normal(&g);
        b[i] = a[i] + (i % 7 == 0 ? 0.0 : ldexp(rng_normal(&g), i % 13));
    }
    for (int k = 0; k < kern_count(); k++) {
        kern_at(k)->merge(r, a, b, n);
        for (int i = 0; i < n; i++) {
            double truth = fmax(a[i], b[i]) + log1p(exp(-fabs(a[i] - b[i])));
            assert_near(r[i], truth, 4e-16 * fabs(truth) + 1e-15);
        }
    }
}

static void too_wide_is_refused_with_its_width(void **state)
{
    (void)state;
    const int size[2] = { 40, 30 };
    struct rbm m;
    struct eliminate x;
    struct err e = { "" };

    torus_machine(&m, 8, 8, 0.25);
    assert_int_equal(eliminate_plan(&x, &m, 0, 6, &e), -1);
    assert_non_null(strstr(e.text, "variable elimination of 64 units needs tables of 2^"));
    assert_non_null(strstr(e.text, "expected at most 2^6"));
    eliminate_free(&x);
    rbm_free(&m);
    small_machine(&m, 2, size, -1, 1.0, 47);
    e = (struct err){ "" };
    assert_int_equal(eliminate_plan(&x, &m, 0, 20, &e), -1);
    assert_non_null(strstr(e.text, "tables of 2^30 numbers (8.59 GB each)"));
    eliminate_free(&x);
    rbm_free(&m);
}

TEST_MAIN(cmocka_unit_test(elimination_is_enumeration_on_small_machines),
          cmocka_unit_test(pieces_of_chips_are_enumerated_too),
          cmocka_unit_test(a_chain_has_width_one_however_long),
          cmocka_unit_test(ising_spins_on_a_torus_have_their_closed_form),
          cmocka_unit_test(flipping_every_bit_moves_ln_z_by_a_constant),
          cmocka_unit_test(log_sums_of_two_are_those_of_the_definition),
          cmocka_unit_test(too_wide_is_refused_with_its_width))
