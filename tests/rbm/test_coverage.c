/* Annealing against closed forms and identities, and how often its 95% intervals hold. */
#include "test.h"

#include "num/logweights.h"
#include "num/quality.h"
#include "rbm/ais.h"
#include "rbm/exact.h"
#include "rbm/graphs.h"
#include "rbm/small.h"

/* Forward AIS of `tiles` tiles in K steps from the machine's biases, or from fair coins. */
static void anneal(struct ais *a, const struct rbm *m, int64_t tiles, int K, enum ais_base kind,
                   int marginal, uint64_t seed)
{
    double *beta = mem_take(K + 1, sizeof *beta);
    float *base = mem_take(m->T.N, sizeof *base);

    ais_linear(beta, K);
    ais_base(base, m, kind, NULL, 0.01);
    ais_init(a, m, kern_best(), (struct block){ 0, tiles }, 0, K, beta, 1, base, NULL, seed);
    ais_marginal(a, m, marginal);
    ais_advance(a, m, kern_best(), K);
    mem_free(beta);
    mem_free(base);
}

/* 400 runs of 128 chains of each machine: of 400 intervals that hold with 95%, 380 +- 4.4 do. */
static void intervals_of_real_runs_cover_as_often_as_they_say(void **state)
{
    (void)state;
    enum { RUNS = 400, TILES = 2, CHAINS = 64 * TILES };
    const int size[3][4] = { { 3, 3, 3, 3 }, { 8, 6, 0, 0 }, { 4, 2, 5, 0 } };
    const int partitions[3] = { 4, 2, 3 }, steps[3] = { 20, 30, 12 };
    int all = 0;

    for (int i = 0; i < 3; i++)
        for (int marginal = -1; marginal < 1; marginal++) {
            struct rbm m;
            struct exact x;
            struct ais a;
            struct err e = { "" };
            int covered = 0;
            double spread = 0.0;
            small_machine(&m, partitions[i], size[i], -1, 0.8, 61 + (uint64_t)i);
            assert_int_equal(exact_plan(&x, &m, 0, EXACT_UNITS, &e), 0);
            double log_z = exact_log_z(&x, &m, NULL);
            anneal(&a, &m, RUNS * TILES, steps[i], AIS_BIASES, marginal, 62);
            for (int r = 0; r < RUNS; r++) {
                const double *w = a.log_w + r * CHAINS;
                double low, high;
                quality_interval(w, CHAINS, &low, &high);
                covered += a.log_z0[0] + low <= log_z && log_z <= a.log_z0[0] + high;
                spread += logweights_of(w, CHAINS).variance / RUNS;
            }
            all += covered;
            assert_true(spread > 0.01 && spread < 1.0); /* neither trivial nor hopeless */
            assert_in_range(covered, 368, 390);         /* 92% .. 97.5% */
            ais_free(&a);
            exact_free(&x);
            rbm_free(&m);
        }
    assert_in_range(all, 2400 * 0.94, 2400 * 0.965); /* 2280 +- 10.7 */
}

static struct logweights_bracket estimate(const struct rbm *m, int K, uint64_t seed)
{
    struct ais a;

    anneal(&a, m, 16, K, AIS_UNIFORM, -1, seed);
    struct logweights_bracket b = logweights_bracket(a.log_z0[0], a.log_w, 16 * 64, NULL, 0);
    ais_free(&a);
    return b;
}

/* x -> 1 - x: ln Z moves by a constant, and so must its estimates. */
static void flipping_every_bit_does_not_move_the_estimate(void **state)
{
    (void)state;
    const int size[2] = { 30, 20 };
    struct rbm m;
    double constant = 0.0;

    small_machine(&m, 2, size, -1, 0.5, 63);
    struct logweights_bracket was = estimate(&m, 200, 64);
    for (int i = 0; i < m.T.N; i++) constant += (double)m.bias[i];
    for (int64_t k = 0; k < m.T.M; k++) constant += (double)m.weight[k];
    for (int i = 0; i < m.T.N; i++) m.bias[i] = -m.bias[i];
    for (int64_t k = 0; k < m.T.M; k++)
        for (int end = 0; end < 2; end++) m.bias[m.T.edge[k][end]] -= m.weight[k];
    rbm_prepare(&m);
    struct logweights_bracket is = estimate(&m, 200, 65);
    double error = sqrt(was.error * was.error + is.error * is.error);
    assert_near(is.logz, was.logz - constant, 4.0 * error);
    assert_true(error < 0.1);
    rbm_free(&m);
}

/* From high temperature to below the critical point, K = 0.4407. */
static void spins_on_a_torus_anneal_to_their_closed_form(void **state)
{
    (void)state;
    const double K[3] = { 16.0 / 64, 26.0 / 64, 32.0 / 64 };

    for (int t = 0; t < 3; t++) {
        struct rbm m;
        torus_machine(&m, 8, 6, K[t]);
        struct logweights_bracket b = estimate(&m, 400, 66 + (uint64_t)t);
        double closed = torus_log_z(8, 6, K[t]) - 2.0 * 8 * 6 * K[t];
        assert_near(b.logz, closed, 4.0 * b.error);
        assert_true(b.error < 0.1);
        rbm_free(&m);
    }
}

TEST_MAIN(cmocka_unit_test(intervals_of_real_runs_cover_as_often_as_they_say),
          cmocka_unit_test(flipping_every_bit_does_not_move_the_estimate),
          cmocka_unit_test(spins_on_a_torus_anneal_to_their_closed_form))
