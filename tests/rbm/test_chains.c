/* Persistent chains: stationarity against enumeration, conditions, independence of ranks. */
#include "test.h"

#include "rbm/chains.h"
#include "rbm/fits.h"
#include "rbm/small.h"
#include "rbm/spins.h"

#include <string.h>

static const int SIZE[3] = { 2, 3, 2 };
enum { N = 7, STATES = 1 << N, TILES = 64, LANES = TILES * 64 };

/* How often each state occurs in bits [N, TILES], lanes with c % 4 == of alone (of < 0: all). */
static int64_t tally(const uint64_t *bits, int of, int64_t count[STATES])
{
    int64_t n = 0;

    for (int64_t c = 0; c < LANES; c++) {
        int s = 0;
        if (of >= 0 && c % 4 != of) continue;
        for (int i = 0; i < N; i++) s |= (int)(bits[i * TILES + c / 64] >> c % 64 & 1) << i;
        count[s]++;
        n++;
    }
    return n;
}

static void assert_fits(const int64_t *count, const double *p, int64_t n)
{
    double chi2;

    if (!fits(count, p, STATES, n, &chi2)) fail_msg("chi-square %g", chi2);
}

static void free_chains_visit_states_as_boltzmann_says(void **state)
{
    (void)state;
    struct rbm m;
    struct chains c;
    double p[STATES];

    small_machine(&m, 3, SIZE, -1, 1.2, 21);
    small_probabilities(&m, NULL, p);
    for (int reverse = 0; reverse < 2; reverse++) {
        int64_t count[STATES] = { 0 };
        struct gibbs g = { .beta = 1.0f, .reverse = reverse, .seed = 5, .stream = RNG_CHAIN };
        chains_init(&c, (struct block){ 0, TILES }, LANES, &m, 5);
        for (int64_t s = 0; s < 60; s++) gibbs_sweep(&g, &m, kern_best(), c.bits, NULL, c.tiles, s);
        assert_int_equal(tally(c.bits, -1, count), LANES);
        assert_fits(count, p, LANES);
        chains_free(&c);
    }
    rbm_free(&m);
}

/* At beta the machine is (1 - beta) base.x - beta E(x). */
static void a_path_mixes_base_and_machine(void **state)
{
    (void)state;
    struct rbm m, mixed;
    struct chains c;
    float base[N] = { 1, -1, 0.5f, 0, -2, 0.3f, 1.5f };
    double p[STATES];
    int64_t count[STATES] = { 0 };
    struct gibbs g = { .beta = 0.4f, .base = base, .seed = 6, .stream = RNG_AIS };

    small_machine(&m, 3, SIZE, -1, 1.2, 21);
    small_machine(&mixed, 3, SIZE, -1, 1.2, 21);
    for (int i = 0; i < N; i++) mixed.bias[i] = 0.6f * base[i] + 0.4f * m.bias[i];
    for (int64_t k = 0; k < m.T.M; k++) mixed.weight[k] *= 0.4f;
    rbm_prepare(&mixed);
    small_probabilities(&mixed, NULL, p);
    chains_init(&c, (struct block){ 0, TILES }, LANES, &m, 5);
    for (int64_t s = 0; s < 60; s++) gibbs_sweep(&g, &m, kern_best(), c.bits, NULL, c.tiles, s);
    tally(c.bits, -1, count);
    assert_fits(count, p, LANES);
    chains_free(&c);
    rbm_free(&m);
    rbm_free(&mixed);
}

/* Lane c carries condition c % 4; each condition has its own distribution. */
static void clamped_chains_keep_their_condition(void **state)
{
    (void)state;
    struct rbm m;
    struct chains c;
    double p[STATES];
    uint64_t rows[2 * TILES];

    small_machine(&m, 3, SIZE, 0, 1.2, 22);
    for (int t = 0; t < TILES; t++) {
        rows[t] = 0xaaaaaaaaaaaaaaaau;         /* unit 0: bit 0 of c */
        rows[TILES + t] = 0xccccccccccccccccu; /* unit 1: bit 1 of c */
    }
    chains_init(&c, (struct block){ 0, TILES }, LANES, &m, 8);
    chains_condition(&c, &m, rows);
    chains_sweep(&c, &m, kern_best(), 60);
    assert_int_equal(c.sweep, 60);
    assert_memory_equal(c.bits, rows, sizeof rows);
    for (int of = 0; of < 4; of++) {
        uint8_t u[2] = { of % 2 == 1, of >= 2 };
        int64_t count[STATES] = { 0 };
        small_probabilities(&m, u, p);
        int64_t n = tally(c.bits, of, count);
        assert_int_equal(n, LANES / 4);
        assert_fits(count, p, n);
    }
    chains_free(&c);
    rbm_free(&m);
}

/* Single units of two partitions, one in the middle of its own: every condition's distribution, and
 * restarts leave the condition. */
static void any_units_may_be_clamped(void **state)
{
    (void)state;
    const int unit[2] = { 3, 5 };
    struct rbm m;
    struct chains c;
    double p[STATES];
    uint64_t rows[2 * TILES];
    int last;

    small_machine(&m, 3, SIZE, -1, 1.2, 22);
    small_hold(&m, unit, 2);
    assert_int_equal(rbm_clamped(&m), -1);
    assert_int_equal(rbm_free_units(&m, 2, 6), 2);
    assert_int_equal(rbm_run(&m, 2, 5, &last), 2);
    assert_int_equal(last, 3);
    assert_int_equal(rbm_run(&m, last, 5, &last), 4);
    assert_int_equal(last, 5);
    assert_int_equal(rbm_run(&m, 3, 4, &last), 4);
    for (int t = 0; t < TILES; t++) {
        rows[t] = 0xaaaaaaaaaaaaaaaau;
        rows[TILES + t] = 0xccccccccccccccccu;
    }
    chains_init(&c, (struct block){ 0, TILES }, LANES, &m, 9);
    chains_condition(&c, &m, rows);
    for (int again = 0; again < 2; again++) {
        chains_restart(&c, &m, again);
        chains_sweep(&c, &m, kern_best(), 60);
        for (int of = 0; of < 4; of++) {
            uint8_t u[2] = { of % 2 == 1, of >= 2 };
            int64_t count[STATES] = { 0 };
            small_probabilities(&m, u, p);
            assert_int_equal(tally(c.bits, of, count), LANES / 4);
            assert_fits(count, p, LANES / 4);
        }
    }
    small_hold(&m, (const int[]){ 2, 3, 4 }, 3);
    assert_int_equal(rbm_clamped(&m), 1);
    small_hold(&m, (const int[]){ 1, 2, 3, 4 }, 4);
    assert_int_equal(rbm_clamped(&m), -1);
    small_hold(&m, unit, 0);
    assert_int_equal(rbm_clamped(&m), -1);
    assert_false(rbm_is_held(&m, 3));
    chains_free(&c);
    rbm_free(&m);
}

static void sweeps_go_from_first_to_last_or_back(void **state)
{
    (void)state;
    const int one[2] = { 1, 1 };
    struct rbm m;

    small_machine(&m, 2, one, -1, 1.0, 1);
    m.bias[0] = 60;
    m.bias[1] = -60;
    m.weight[0] = 120;
    rbm_prepare(&m);
    for (int reverse = 0; reverse < 2; reverse++) {
        uint64_t bits[2] = { 0, 0 };
        struct gibbs g = { .beta = 1.0f, .reverse = reverse, .seed = 1, .stream = RNG_CHAIN };
        gibbs_sweep(&g, &m, kern_best(), bits, NULL, (struct block){ 0, 1 }, 0);
        assert_true(bits[0] == ~(uint64_t)0);
        assert_true(bits[1] == (reverse ? 0 : ~(uint64_t)0)); /* drawn before unit 0 came up */
    }
    rbm_free(&m);
}

static void swept(struct chains *c, const struct rbm *m, struct block tiles, enum rng_stream stream)
{
    chains_init(c, tiles, 11 * 64 - 20, m, 99);
    c->stream = stream;
    chains_sweep(c, m, kern_best(), 9);
}

/* Any rank's share, swept alone, is bit for bit its slice of the whole pool. */
static void chains_do_not_know_how_many_ranks_there_are(void **state)
{
    (void)state;
    struct rbm m;
    struct chains all, mine;
    int64_t n = 0;

    small_machine(&m, 3, SIZE, -1, 0.5, 23);
    swept(&all, &m, block_of(11, 0, 1), RNG_CHAIN);
    for (int size = 2; size <= 12; size += 5) {
        n = 0;
        for (int rank = 0; rank < size; rank++) {
            swept(&mine, &m, block_of(11, rank, size), RNG_CHAIN);
            n += chains_mine(&mine);
            for (int i = 0; i < N; i++)
                assert_memory_equal(mine.bits + i * mine.tiles.count,
                                    all.bits + i * 11 + mine.tiles.first,
                                    (size_t)mine.tiles.count * sizeof mine.bits[0]);
            chains_free(&mine);
        }
        assert_int_equal(n, 11 * 64 - 20);
    }
    assert_true(all.live[10] == ((uint64_t)1 << 44) - 1);
    swept(&mine, &m, block_of(11, 0, 1), RNG_LATENT);
    assert_memory_not_equal(mine.bits, all.bits, 11 * N * sizeof all.bits[0]);
    chains_free(&mine);
    chains_free(&all);
    chains_free(&all);
    rbm_free(&m);
}

/* The same on the ranks that really run. */
static void ranks_share_a_pool(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct rbm m;
    struct chains all, mine;

    small_machine(&m, 3, SIZE, -1, 0.5, 23);
    swept(&all, &m, block_of(11, 0, 1), RNG_CHAIN);
    swept(&mine, &m, block_of(11, P->rank, P->size), RNG_CHAIN);
    int same = 1;
    for (int i = 0; i < N; i++)
        same &= memcmp(mine.bits + i * mine.tiles.count, all.bits + i * 11 + mine.tiles.first,
                       (size_t)mine.tiles.count * sizeof mine.bits[0]) == 0;
    assert_true(test_agree(same));
    chains_free(&mine);
    chains_free(&all);
    rbm_free(&m);
}

/* Sweep number, seed and bits are the whole state. */
static void a_stopped_pool_goes_on(void **state)
{
    (void)state;
    struct rbm m;
    struct chains whole, half, rest;

    small_machine(&m, 3, SIZE, -1, 0.5, 24);
    chains_init(&whole, (struct block){ 0, 3 }, 180, &m, 1);
    chains_init(&half, (struct block){ 0, 3 }, 180, &m, 1);
    chains_sweep(&whole, &m, kern_best(), 10);
    chains_sweep(&half, &m, kern_best(), 4);
    chains_init(&rest, (struct block){ 0, 3 }, 180, &m, 1);
    memcpy(rest.bits, half.bits, 3 * N * sizeof rest.bits[0]);
    rest.sweep = half.sweep;
    chains_sweep(&rest, &m, kern_best(), 6);
    assert_memory_equal(rest.bits, whole.bits, 3 * N * sizeof rest.bits[0]);
    chains_free(&whole);
    chains_free(&half);
    chains_free(&rest);
    rbm_free(&m);
}

TEST_MAIN(cmocka_unit_test(free_chains_visit_states_as_boltzmann_says),
          cmocka_unit_test(a_path_mixes_base_and_machine),
          cmocka_unit_test(clamped_chains_keep_their_condition),
          cmocka_unit_test(any_units_may_be_clamped),
          cmocka_unit_test(sweeps_go_from_first_to_last_or_back),
          cmocka_unit_test(chains_do_not_know_how_many_ranks_there_are),
          cmocka_unit_test(ranks_share_a_pool), cmocka_unit_test(a_stopped_pool_goes_on))
