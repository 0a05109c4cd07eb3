/* Energies of bits and of relaxed bits, initial values. */
#include "test.h"

#include "rbm/small.h"
#include "rbm/spins.h"

#include <string.h>

static const int SIZE[4] = { 5, 3, 6, 4 };
enum { N = 18, B = 70 };

/* The machine with a third of its edges, as a list. */
static void thinned(struct rbm *to, const struct rbm *from)
{
    struct topology T;
    struct err e = { "" };
    int32_t edge[N * N][2];
    int64_t n = 0;

    for (int64_t k = 0; k < from->T.M; k += 3) {
        edge[n][0] = from->T.edge[k][1];
        edge[n++][1] = from->T.edge[k][0];
    }
    assert_int_equal(topology_list(&T, 4, SIZE, n, (const int32_t(*)[2])edge, NULL, &e), 0);
    rbm_init(to, &T, -1);
    memcpy(to->bias, from->bias, N * sizeof to->bias[0]);
    for (int64_t k = 0; k < to->T.M; k++)
        to->weight[k] = rbm_weight(from, to->T.edge[k][0], to->T.edge[k][1]);
    rbm_prepare(to);
}

/* Its biases alone. */
static void uncoupled(struct rbm *to, const struct rbm *from)
{
    struct topology T;
    struct err e = { "" };

    assert_int_equal(topology_none(&T, 4, SIZE, &e), 0);
    rbm_init(to, &T, -1);
    rbm_random(to, 0.5, 3);
    memcpy(to->bias, from->bias, N * sizeof to->bias[0]);
    rbm_prepare(to);
}

static void some_states(uint8_t *x)
{
    struct rng r = rng_at(4, RNG_TEST, 0, 0);

    for (int i = 0; i < B * N; i++) x[i] = (uint8_t)(rng_word(&r) & 1);
}

/* -E = sum_i x_i (b_i + sum_{j>i} W_ij x_j), through rbm_weight. */
static double definition(const struct rbm *m, const uint8_t *x)
{
    double sum = 0.0;

    for (int i = 0; i < N; i++) {
        sum += x[i] * (double)m->bias[i];
        for (int j = i + 1; j < N; j++) sum += x[i] * x[j] * (double)rbm_weight(m, i, j);
    }
    return -sum;
}

static void bits_have_the_energy_of_the_definition(void **state)
{
    (void)state;
    struct rbm m[3];
    uint8_t x[B * N], back[B * N];
    uint64_t bits[N * 2];
    double plain[B], fast[128];

    small_machine(&m[0], 4, SIZE, -1, 0.8, 1);
    thinned(&m[1], &m[0]);
    uncoupled(&m[2], &m[0]);
    some_states(x);
    spins_pack(bits, x, B, N);
    spins_unpack(back, bits, 2, B, N);
    assert_memory_equal(x, back, sizeof x);
    for (int k = 0; k < 3; k++) {
        rbm_energy_states(&m[k], x, B, plain);
        rbm_energy(&m[k], kern_best(), bits, 2, fast);
        for (int b = 0; b < B; b++) {
            assert_near(plain[b], definition(&m[k], x + b * N), 1e-12);
            assert_near(fast[b], plain[b], 1e-12);
        }
        rbm_free(&m[k]);
    }
}

static void relaxed_bits_agree_with_bits_and_with_a_difference_quotient(void **state)
{
    (void)state;
    struct rbm m[2];
    uint8_t x[B * N];
    static float z[B * N], g[B * N], work[B * N];
    double plain[B], energy[B], up[B], down[B];

    small_machine(&m[0], 4, SIZE, 0, 0.8, 1);
    thinned(&m[1], &m[0]);
    some_states(x);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < B * N; i++) z[i] = (float)x[i];
        rbm_energy_states(&m[k], x, B, plain);
        rbm_relaxed(&m[k], z, B, energy, NULL, work);
        /* float fields of some 15 terms of size 1 */
        for (int b = 0; b < B; b++) assert_near(energy[b], plain[b], 3e-5);
        struct rng r = rng_at(6, RNG_TEST, 0, 0);
        for (int i = 0; i < B * N; i++) z[i] = rng_float(&r);
        rbm_relaxed(&m[k], z, B, energy, g, g);
        for (int i = 0; i < N; i++) { /* E is linear in each z_i: the quotient is exact */
            for (int b = 0; b < B; b++) z[b * N + i] += 0.25f;
            rbm_relaxed(&m[k], z, B, up, NULL, work);
            for (int b = 0; b < B; b++) z[b * N + i] -= 0.5f;
            rbm_relaxed(&m[k], z, B, down, NULL, work);
            for (int b = 0; b < B; b++) {
                z[b * N + i] += 0.25f;
                assert_near((up[b] - down[b]) / 0.5, (double)g[b * N + i], 1e-4);
            }
        }
        rbm_free(&m[k]);
    }
}

static void first_values_come_from_the_seed_and_the_data(void **state)
{
    (void)state;
    const int size[2] = { 40, 50 };
    struct rbm m, other;
    struct err e = { "" };
    double mean[90], sum = 0.0, squares = 0.0;

    small_machine(&m, 2, size, -1, 0.3, 9);
    small_machine(&other, 2, size, -1, 0.3, 10);
    for (int64_t k = 0; k < m.T.M; k++) {
        sum += (double)m.weight[k];
        squares += (double)m.weight[k] * (double)m.weight[k];
    }
    /* 2,000 draws: mean 0 +- 0.3 / 45, rms 0.3 (1 +- 1.6%); 4 errors */
    assert_near(sum / 2000.0, 0.0, 0.027);
    assert_near(sqrt(squares / 2000.0), 0.3, 0.3 * 0.064);
    assert_true(m.weight[0] != other.weight[0]);
    for (int i = 0; i < 90; i++) mean[i] = i / 89.0;
    rbm_bias_from(&m, mean, 1e-3);
    assert_near((double)m.bias[0], log(1e-3 / (1.0 - 1e-3)), 1e-6);
    assert_near((double)m.bias[89], -log(1e-3 / (1.0 - 1e-3)), 1e-6);
    assert_near(1.0 / (1.0 + exp(-(double)m.bias[30])), mean[30], 1e-7);
    assert_int_equal(rbm_check(&m, &e), 0);
    m.weight[52] = NAN;
    assert_int_equal(rbm_check(&m, &e), -1);
    assert_string_equal(e.text, "weight of units 1 and 42 is nan: expected a finite number");
    assert_int_equal(m.table.parameters, 90 + 2000);
    rbm_free(&m);
    rbm_free(&other);
    rbm_free(&other);
}

static void lanes_that_count_are_told_from_padding(void **state)
{
    (void)state;
    uint64_t live[5], rows[2 * 3];
    const uint8_t u[3 * 2] = { 0, 1, 1, 0, 1, 1 };
    float z[3] = { 0.2f, 0.9f, 0.5f };

    spins_live(live, (struct block){ 1, 3 }, 140);
    assert_true(live[0] == ~(uint64_t)0 && live[1] == 0xfff && live[2] == 0);
    spins_conditions(rows, u, 3, 2, (struct block){ 1, 3 }, 2);
    assert_true(rows[0] == 0 && rows[1] == ~(uint64_t)0 && rows[2] == ~(uint64_t)0);
    assert_true(rows[3] == ~(uint64_t)0 && rows[4] == 0 && rows[5] == 0);
    spins_pack_floats(rows, z, 3, 1);
    assert_true(rows[0] == 2);
}

TEST_MAIN(cmocka_unit_test(bits_have_the_energy_of_the_definition),
          cmocka_unit_test(relaxed_bits_agree_with_bits_and_with_a_difference_quotient),
          cmocka_unit_test(first_values_come_from_the_seed_and_the_data),
          cmocka_unit_test(lanes_that_count_are_told_from_padding))
