/* ln Z along a course of machines against enumeration of each of them. */
#include "test.h"

#include "rbm/exact.h"
#include "rbm/small.h"
#include "rbm/spins.h"
#include "rbm/trajectory.h"

#include <string.h>

enum { N = 12, STEPS = 12, TILES = 40 };
static const int SIZE[4] = { 3, 3, 3, 3 };

/* The machine after `step` changes: couplings and biases wander from a start with small couplings
 * to couplings of size 3. */
static void at_step(struct rbm *m, int step)
{
    double part = (double)step / STEPS;

    for (int64_t k = 0; k < m->table.total; k++) {
        struct rng r = rng_at(91, RNG_TEST, k, 0);
        double start = rng_normal(&r), goal = rng_normal(&r), wave = rng_normal(&r);
        int bias = m->param + k < m->weight;
        double x = bias ? 0.5 * start + part * goal : 0.05 * start + 3.0 * part * goal;
        m->param[k] = (float)(x + 0.1 * sin(9.0 * part) * wave);
    }
    rbm_prepare(m);
}

static double truth(const struct rbm *m, const uint8_t *u)
{
    struct exact x;
    struct err e = { "" };

    assert_int_equal(exact_plan(&x, m, 0, EXACT_UNITS, &e), 0);
    double z = exact_log_z(&x, m, u);
    exact_free(&x);
    return z;
}

static struct trajectory_estimate estimate(const struct trajectory *t, int conditional)
{
    double *sums = mem_take(2 * t->tiles.count, sizeof *sums);

    trajectory_sums(t, sums);
    struct trajectory_estimate s = trajectory_estimate(sums, t->tiles.count, conditional);
    mem_free(sums);
    return s;
}

/* 40 islands: 4 of their own errors, at ten places of the course, and the error is a small one. */
static void islands_follow_ln_z(void **state)
{
    (void)state;
    struct rbm m;
    struct trajectory t;

    small_machine(&m, 4, SIZE, -1, 1.0, 90);
    at_step(&m, 0);
    trajectory_init(&t, (struct block){ 0, TILES }, &m, 1, 17);
    trajectory_start(&t, &m, kern_best(), 5, NULL);
    for (int step = 0; step <= STEPS; step++) {
        if (step > 0) {
            at_step(&m, step);
            trajectory_step(&t, &m, kern_best());
        }
        struct trajectory_estimate s = estimate(&t, 0);
        assert_near(s.logz, truth(&m, NULL), 4.0 * s.error + 1e-6);
        assert_true(s.error < 0.2 && s.ess > 0.1 * TILES * 64 && s.ess <= TILES * 64 + 1e-6);
    }
    assert_true(t.resamplings > TILES); /* every island more than once */
    assert_int_equal(t.step, STEPS + 5);
    trajectory_free(&t);
    trajectory_free(&t);
    rbm_free(&m);
}

/* Weights are those of importance sampling where nothing moves: the machine at once, no bridge. */
static void one_step_is_importance_sampling(void **state)
{
    (void)state;
    struct rbm m;
    struct trajectory t;
    uint8_t x[64 * N];
    double energy[64], sum = 0.0, z0 = 0.0;

    small_machine(&m, 4, SIZE, -1, 0.1, 92);
    trajectory_init(&t, (struct block){ 0, 1 }, &m, 1, 17);
    trajectory_start(&t, &m, kern_best(), 0, NULL);
    spins_unpack(x, t.bits, 1, 64, N);
    for (int i = 0; i < N; i++) z0 += log1p(exp((double)m.bias[i]));
    /* the couplings turn around: the states of the biases' machine become those of m less its own
     */
    rbm_energy_states(&m, x, 64, energy);
    for (int64_t k = 0; k < m.T.M; k++) m.weight[k] *= -1.0f;
    rbm_prepare(&m);
    double after[64];
    rbm_energy_states(&m, x, 64, after);
    for (int c = 0; c < 64; c++) sum += exp(energy[c] - after[c]) / 64;
    trajectory_step(&t, &m, kern_best());
    assert_near(estimate(&t, 0).logz, z0 + log(sum), 1e-9);
    trajectory_free(&t);
    rbm_free(&m);
}

/* Each tile its own condition: its own ln Z(u), and their mean. */
static void tiles_follow_their_conditions(void **state)
{
    (void)state;
    enum { Q = 4, EACH = 20 };
    const int hold[3] = { 1, 4, 8 };
    const uint8_t u[Q * 3] = { 0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1 };
    struct rbm m;
    struct trajectory t;
    uint64_t rows[3 * Q * EACH];
    double sums[2 * Q * EACH], mean = 0.0;

    small_machine(&m, 4, SIZE, -1, 1.0, 90);
    small_hold(&m, hold, 3);
    at_step(&m, 0);
    trajectory_init(&t, (struct block){ 0, Q * EACH }, &m, 1, 18);
    spins_conditions(rows, u, Q, 3, t.tiles, EACH);
    trajectory_start(&t, &m, kern_best(), 5, rows);
    for (int step = 1; step <= STEPS; step++) {
        at_step(&m, step);
        trajectory_step(&t, &m, kern_best());
    }
    trajectory_sums(&t, sums);
    for (int q = 0; q < Q; q++) {
        struct trajectory_estimate s = trajectory_estimate(sums + 2 * q * EACH, EACH, 0);
        double z = truth(&m, u + 3 * q);
        assert_near(s.logz, z, 4.0 * s.error);
        mean += z / Q;
    }
    /* ln of a tile's estimate lies below by half its variance, 0.07; 4 errors of 80 of them: 0.12
     */
    assert_near(estimate(&t, 1).logz, mean - 0.035, 0.12);
    trajectory_free(&t);
    rbm_free(&m);
}

/* Any rank's share is its slice, and a stopped one goes on: bits, weights, sums are the state. */
static void ranks_and_stops_do_not_matter(void **state)
{
    (void)state;
    enum { ALL = 5 };
    const struct par *P = test_par();
    struct block share = block_of(ALL, P->rank, P->size);
    struct rbm m;
    struct trajectory whole, part, rest;

    small_machine(&m, 4, SIZE, -1, 1.0, 90);
    at_step(&m, 0);
    trajectory_init(&whole, (struct block){ 0, ALL }, &m, 2, 19);
    trajectory_init(&part, share, &m, 2, 19);
    trajectory_init(&rest, share, &m, 2, 19);
    trajectory_start(&whole, &m, kern_best(), 3, NULL);
    trajectory_start(&part, &m, kern_best(), 3, NULL);
    for (int step = 1; step <= STEPS; step++) {
        at_step(&m, step);
        trajectory_step(&whole, &m, kern_best());
        trajectory_step(step <= 6 ? &part : &rest, &m, kern_best());
        if (step != 6) continue;
        memcpy(rest.bits, part.bits, (size_t)(N * share.count) * sizeof *rest.bits);
        memcpy(rest.log_w, part.log_w, (size_t)share.count * 64 * sizeof *rest.log_w);
        memcpy(rest.log_z, part.log_z, (size_t)share.count * sizeof *rest.log_z);
        rest.step = part.step;
        trajectory_settle(&rest, &m, kern_best());
    }
    int same = rest.step == whole.step;
    for (int i = 0; i < N; i++)
        same &= memcmp(rest.bits + i * share.count, whole.bits + i * ALL + share.first,
                       (size_t)share.count * sizeof *rest.bits) == 0;
    same &= memcmp(rest.log_w, whole.log_w + share.first * 64,
                   (size_t)share.count * 64 * sizeof *rest.log_w) == 0;
    same &= memcmp(rest.log_z, whole.log_z + share.first,
                   (size_t)share.count * sizeof *rest.log_z) == 0;
    assert_true(test_agree(same));
    trajectory_free(&whole);
    trajectory_free(&part);
    trajectory_free(&rest);
    rbm_free(&m);
}

TEST_MAIN(cmocka_unit_test(islands_follow_ln_z), cmocka_unit_test(one_step_is_importance_sampling),
          cmocka_unit_test(tiles_follow_their_conditions),
          cmocka_unit_test(ranks_and_stops_do_not_matter))
