/* Counts, gradients and updates against their formulas and against enumeration. */
#include "test.h"

#include "rbm/chains.h"
#include "rbm/exact.h"
#include "rbm/phases.h"
#include "rbm/small.h"
#include "rbm/spins.h"
#include "rbm/update.h"

#include <string.h>

static const int SIZE[4] = { 3, 3, 3, 3 };
enum { N = 12, D = 150, C = 90, PAIRS = 54 };

static void states(uint8_t *x, int n, float p, int64_t item)
{
    struct rng r = rng_at(41, RNG_TEST, item, 0);

    for (int i = 0; i < n * N; i++) x[i] = rng_float(&r) < p;
}

/* <(x_i - a) (x_j - b)> over n states. */
static double moment(const uint8_t *x, int n, int i, double a, int j, double b)
{
    double sum = 0.0;

    for (int s = 0; s < n; s++) sum += (x[s * N + i] - a) * (x[s * N + j] - b);
    return sum / n;
}

/* Both phases from states, in two pieces with a ragged end each. */
static void fill(struct phases *p, const struct rbm *m, const uint8_t *data, const uint8_t *chain)
{
    uint64_t bits[N * 3], live[3];

    phases_clear(p);
    for (int half = 0; half < 2; half++) {
        int n = half ? D - 70 : 70;
        spins_pack(bits, data + half * 70 * N, n, N);
        memset(live, 0, sizeof live);
        spins_live(live, (struct block){ 0, spins_tiles(n) }, n);
        phases_data(p, m, kern_best(), bits, spins_tiles(n), live);
    }
    spins_pack(bits, chain, C, N);
    for (int i = 0; i < N; i++) bits[2 * i + 1] |= ~(uint64_t)0 << (C - 64); /* padding runs too */
    spins_live(live, (struct block){ 0, 2 }, C);
    phases_chains(p, m, kern_best(), bits, 2, live);
}

static void gradients_follow_their_definitions(void **state)
{
    (void)state;
    uint8_t data[D * N], chain[C * N];
    struct rbm m;
    struct phases p;
    struct reducer serial = reducer_serial();
    double mean[N], pair[PAIRS], other[N];

    small_machine(&m, 4, SIZE, 0, 1.0, 41);
    phases_init(&p, &m);
    states(data, D, 0.6f, 0);
    states(chain, C, 0.4f, 1);
    for (enum phases_kind kind = PHASES_PLAIN; kind <= PHASES_ENHANCED; kind++) {
        fill(&p, &m, data, chain);
        phases_reduce(&p, &serial);
        assert_int_equal(*p.data_n, D);
        assert_int_equal(*p.chain_n, C);
        phases_gradient(&p, &m, kind, 1.0);
        phases_means(&p, 0, mean, pair);
        phases_means(&p, 1, other, NULL);
        const float *unit = p.gradient, *edge = p.gradient + (m.weight - m.param);
        double bias[N];
        for (int i = 0; i < N; i++) {
            double d = moment(data, D, i, 0, i, 0), c = moment(chain, C, i, 0, i, 0);
            assert_near(mean[i], d, 1e-14);
            assert_near(other[i], c, 1e-14);
            bias[i] = d - c;
        }
        for (int64_t k = 0; k < m.T.M; k++) {
            int i = m.T.edge[k][0], j = m.T.edge[k][1];
            double a = mean[i], b = mean[j], g;
            assert_near(pair[k], moment(data, D, i, 0, j, 0), 1e-14);
            if (kind == PHASES_PLAIN) a = b = 0.0;
            if (kind == PHASES_ENHANCED) { /* covariances, each about its own means */
                g = moment(data, D, i, a, j, b) - moment(chain, C, i, other[i], j, other[j]);
                a = 0.5 * (a + other[i]);
                b = 0.5 * (b + other[j]);
            } else {
                g = moment(data, D, i, a, j, b) - moment(chain, C, i, a, j, b);
            }
            assert_near((double)edge[k], g, 1e-7);
            bias[i] -= g * b;
            bias[j] -= g * a;
        }
        for (int i = 0; i < N; i++) assert_near((double)unit[i], i < 3 ? 0.0 : bias[i], 1e-6);
        p.offsets_seen = 0;
    }
    phases_free(&p);
    phases_free(&p);
    rbm_free(&m);
}

static void offsets_follow_the_data(void **state)
{
    (void)state;
    uint8_t data[D * N], chain[C * N];
    struct rbm m;
    struct phases p;
    double first[N], second[N];

    small_machine(&m, 4, SIZE, -1, 1.0, 42);
    phases_init(&p, &m);
    states(chain, C, 0.4f, 1);
    states(data, D, 0.6f, 2);
    fill(&p, &m, data, chain);
    phases_means(&p, 0, first, NULL);
    phases_gradient(&p, &m, PHASES_DATA, 0.01);
    states(data, D, 0.3f, 3);
    fill(&p, &m, data, chain);
    phases_means(&p, 0, second, NULL);
    phases_gradient(&p, &m, PHASES_DATA, 0.01);
    for (int i = 0; i < N; i++) assert_near(p.offset[i], 0.99 * first[i] + 0.01 * second[i], 1e-14);
    assert_int_equal(p.offsets_seen, 2);
    phases_free(&p);
    rbm_free(&m);
}

/* Counted over ranks, the whole is what one rank alone counts. */
static void ranks_sum_counts_exactly(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct reducer r = par_reducer(P);
    struct rbm m;
    struct chains all, mine;
    struct phases p, q;

    small_machine(&m, 4, SIZE, -1, 1.0, 43);
    phases_init(&p, &m);
    phases_init(&q, &m);
    chains_init(&all, (struct block){ 0, 5 }, 300, &m, 3);
    chains_init(&mine, block_of(5, P->rank, P->size), 300, &m, 3);
    chains_sweep(&all, &m, kern_best(), 3);
    chains_sweep(&mine, &m, kern_best(), 3);
    phases_data(&p, &m, kern_best(), all.bits, 5, all.live);
    phases_chains(&p, &m, kern_best(), all.bits, 5, all.live);
    phases_data(&q, &m, kern_best(), mine.bits, mine.tiles.count, mine.live);
    phases_chains(&q, &m, kern_best(), mine.bits, mine.tiles.count, mine.live);
    phases_reduce(&q, &r);
    int same = memcmp(p.count, q.count, (size_t)p.total * sizeof p.count[0]) == 0;
    assert_true(test_agree(same && *p.chain_n == 300));
    phases_free(&p);
    phases_free(&q);
    chains_free(&all);
    chains_free(&mine);
    rbm_free(&m);
}

/* PCD on a clamped machine: <x_i x_j> over chains that carry 3 conditions equals the mean of three
 * enumerations within errors; so does the gradient, whatever the centring. */
static void chains_give_the_gradient_of_enumeration(void **state)
{
    (void)state;
    enum { TILES = 63 };
    const uint8_t u[9] = { 0, 0, 1, 1, 1, 0, 1, 0, 1 };
    struct rbm m;
    struct chains c;
    struct phases p;
    struct exact x;
    struct err e = { "" };
    uint64_t rows[3 * TILES];
    double mean[N] = { 0 }, pair[PAIRS] = { 0 }, got[N], both[PAIRS], one[N], two[PAIRS];

    small_machine(&m, 4, SIZE, 0, 0.8, 44);
    assert_int_equal(exact_plan(&x, &m, 0, EXACT_UNITS, &e), 0);
    for (int q = 0; q < 3; q++) {
        exact_moments(&x, &m, u + 3 * q, one, two);
        for (int i = 0; i < N; i++) mean[i] += one[i] / 3.0;
        for (int k = 0; k < PAIRS; k++) pair[k] += two[k] / 3.0;
    }
    chains_init(&c, (struct block){ 0, TILES }, TILES * 64, &m, 12);
    spins_conditions(rows, u, 3, 3, c.tiles, TILES / 3);
    chains_condition(&c, &m, rows);
    chains_sweep(&c, &m, kern_best(), 50);
    phases_init(&p, &m);
    phases_chains(&p, &m, kern_best(), c.bits, TILES, c.live);
    phases_means(&p, 1, got, both);
    /* 4,032 independent chains: 4.2 errors for 63 figures */
    for (int i = 0; i < N; i++)
        assert_near(got[i], mean[i], 4.2 * sqrt(mean[i] * (1 - mean[i]) / 4032.0) + 1e-12);
    for (int k = 0; k < PAIRS; k++)
        assert_near(both[k], pair[k], 4.2 * sqrt(pair[k] * (1 - pair[k]) / 4032.0) + 1e-12);
    phases_free(&p);
    exact_free(&x);
    chains_free(&c);
    rbm_free(&m);
}

/* Bits as floats give the counts of bits; floats give their own sums to half a unit each. */
static void fixed_point_counts_follow_their_definitions(void **state)
{
    (void)state;
    const double point = 1 << PHASES_POINT, exact = (double)((int64_t)1 << PHASES_EXACT_POINT);
    uint8_t x[D * N];
    float z[D * N];
    double mean[N], pair[PAIRS];
    struct rbm m;
    struct phases p;

    small_machine(&m, 4, SIZE, -1, 1.0, 49);
    phases_init(&p, &m);
    states(x, D, 0.6f, 0);
    for (int i = 0; i < D * N; i++) z[i] = x[i];
    phases_data_floats(&p, &m, z, D);
    assert_int_equal(*p.data_n, (int64_t)D << PHASES_POINT);
    for (int k = 0; k < PAIRS; k++)
        assert_near((double)p.data_pair[k],
                    point * D * moment(x, D, m.T.edge[k][0], 0, m.T.edge[k][1], 0), 1e-6 * point);
    struct rng r = rng_at(50, RNG_TEST, 0, 0);
    for (int i = 0; i < D * N; i++) z[i] = rng_float(&r);
    phases_clear(&p);
    phases_chains_floats(&p, &m, z, D);
    phases_means(&p, 1, mean, pair);
    for (int i = 0; i < N; i++) {
        double sum = 0.0;
        for (int s = 0; s < D; s++) sum += (double)z[s * N + i] / D;
        assert_near(mean[i], sum, 0.5 / point);
    }
    for (int k = 0; k < PAIRS; k++) {
        double sum = 0.0;
        for (int s = 0; s < D; s++)
            sum += (double)(z[s * N + m.T.edge[k][0]] * z[s * N + m.T.edge[k][1]]) / D;
        assert_near(pair[k], sum, 0.5 / point);
    }
    for (int i = 0; i < N; i++) mean[i] = 0.1 * i / N;
    phases_clear(&p);
    for (int n = 0; n < 3; n++) phases_chains_exact(&p, &m, mean, pair);
    double got[N];
    phases_means(&p, 1, got, NULL);
    for (int i = 0; i < N; i++) assert_near(got[i], mean[i], 0.5 / exact);
    phases_free(&p);
    rbm_free(&m);
}

/* The last partition's units become P(1 | rest) by the definition; the others stay bits. */
static void softened_units_are_conditional_probabilities(void **state)
{
    (void)state;
    uint8_t x[C * N];
    uint64_t bits[N * 2], one[N];
    float z[64 * N];
    struct rbm m;

    small_machine(&m, 4, SIZE, -1, 1.0, 51);
    states(x, C, 0.5f, 4);
    spins_pack(bits, x, C, N);
    for (int64_t t = 0; t < 2; t++) {
        phases_soften(z, &m, kern_best(), bits, 2, t, one);
        for (int c = 0; c < 64 && t * 64 + c < C; c++)
            for (int i = 0; i < N; i++) {
                uint8_t y[2 * N];
                double energy[2];
                memcpy(y, x + (t * 64 + c) * N, N);
                memcpy(y + N, y, N);
                y[i] = 0;
                y[N + i] = 1;
                rbm_energy_states(&m, y, 2, energy);
                double p = 1.0 / (1.0 + exp(energy[1] - energy[0]));
                assert_near((double)z[c * N + i], i < 9 ? x[(t * 64 + c) * N + i] : p, 2e-6);
            }
    }
    rbm_free(&m);
}

/* Training on bits drawn from a known machine raises the exact likelihood to the data's own. */
static void training_finds_a_machine(void **state)
{
    (void)state;
    enum { DATA = 32 };
    const int size[2] = { 4, 3 };
    struct rbm truth, m;
    struct chains data, c;
    struct phases p;
    struct update u;
    struct exact x;
    struct err e = { "" };
    double mean[7], pair[12], want[7], both[12];

    small_machine(&truth, 2, size, -1, 1.5, 47);
    small_machine(&m, 2, size, -1, 0.01, 48);
    chains_init(&data, (struct block){ 0, DATA }, DATA * 64, &truth, 1);
    chains_sweep(&data, &truth, kern_best(), 50);
    chains_init(&c, (struct block){ 0, DATA }, DATA * 64, &m, 2);
    phases_init(&p, &m);
    update_init(&u, UPDATE_SGD, &m);
    for (int step = 0; step < 1500; step++) {
        u.rate = 0.5 / (1.0 + step / 300.0);
        phases_clear(&p);
        phases_data(&p, &m, kern_best(), data.bits, DATA, data.live);
        chains_sweep(&c, &m, kern_best(), 1);
        phases_chains(&p, &m, kern_best(), c.bits, DATA, c.live);
        phases_gradient(&p, &m, PHASES_DATA, 1.0);
        update_step(&u, &m, p.gradient);
    }
    phases_means(&p, 0, want, both);
    assert_int_equal(exact_plan(&x, &m, 0, EXACT_UNITS, &e), 0);
    exact_moments(&x, &m, NULL, mean, pair);
    /* at the maximum the moments are the data's; 2,048 chains leave a noise of 1% in each step */
    for (int i = 0; i < 7; i++) assert_near(mean[i], want[i], 0.02);
    for (int k = 0; k < 12; k++) assert_near(pair[k], both[k], 0.02);
    exact_free(&x);
    update_free(&u);
    phases_free(&p);
    chains_free(&c);
    chains_free(&data);
    rbm_free(&m);
    rbm_free(&truth);
}

TEST_MAIN(cmocka_unit_test(fixed_point_counts_follow_their_definitions),
          cmocka_unit_test(softened_units_are_conditional_probabilities),
          cmocka_unit_test(gradients_follow_their_definitions),
          cmocka_unit_test(offsets_follow_the_data), cmocka_unit_test(ranks_sum_counts_exactly),
          cmocka_unit_test(chains_give_the_gradient_of_enumeration),
          cmocka_unit_test(training_finds_a_machine))
