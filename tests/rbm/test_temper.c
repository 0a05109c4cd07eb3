/* Parallel tempering: the rule of exchange by its definition, ladders against enumeration. */
#include "test.h"

#include "rbm/fits.h"
#include "rbm/small.h"
#include "rbm/spins.h"
#include "rbm/temper.h"

#include <string.h>

enum { N = 8, STATES = 1 << N };
static const int SIZE[2] = { 4, 4 };

/* Two modes, all units 0 or all 1, with e^-8 between them; units differ a little, and the modes
 * weigh about 1 to 3. */
static void two_modes(struct rbm *m)
{
    small_machine(m, 2, SIZE, -1, 0.1, 71);
    for (int i = 0; i < N; i++) m->bias[i] = -7.85f + 0.1f * (float)(i % 3 - 1);
    for (int64_t k = 0; k < m->T.M; k++) m->weight[k] += 4.0f;
    rbm_prepare(m);
}

/* Probabilities of (1 - beta) 0 - beta E. */
static void at_beta(const struct rbm *m, double beta, double *p)
{
    double sum = 0.0;
    uint8_t x[N];

    for (int s = 0; s < STATES; s++) {
        small_state(x, N, s);
        rbm_energy_states(m, x, 1, &p[s]);
        sum += p[s] = exp(-beta * p[s]);
    }
    for (int s = 0; s < STATES; s++) p[s] /= sum;
}

/* Counts of states [N, tiles] of the lanes of mask (NULL: all, of bits). */
static int64_t tally(int64_t *count, const uint64_t *bits, const uint64_t *mask, int64_t tiles)
{
    int64_t n = 0;

    memset(count, 0, STATES * sizeof *count);
    for (int64_t c = 0; c < tiles * 64; c++) {
        int s = 0;
        if (mask != NULL && !(mask[c / 64] >> c % 64 & 1)) continue;
        for (int i = 0; i < N; i++) s |= (int)(bits[i * tiles + c / 64] >> c % 64 & 1) << i;
        count[s]++;
        n++;
    }
    return n;
}

static void pool(struct chains *c, struct temper *t, const struct rbm *m, int64_t tiles, int L,
                 double least)
{
    struct err e = { "" };

    chains_init(c, (struct block){ 0, tiles }, tiles * 64, m, 5);
    if (temper_init(t, c, L, least, NULL, &e)) fail_msg("%s", e.text);
}

/* pi(x, y) A(x, y -> y, x) = pi(y, x) A(y, x -> x, y) where A = min(1, e^odds), pi by energies; and
 * that is how often exchanges happen. */
static void exchanges_are_in_detailed_balance(void **state)
{
    (void)state;
    enum { TILES = 400 };
    struct rbm m;
    struct chains c;
    struct temper t;
    uint8_t x[N], y[N];
    double ex, ey;

    two_modes(&m);
    for (int trial = 0; trial < 50; trial++) {
        double beta[2] = { 0.02 * trial, 0.02 * trial + 0.3 };
        small_state(x, N, 37 * trial % STATES);
        small_state(y, N, (11 * trial + 5) % STATES);
        rbm_energy_states(&m, x, 1, &ex);
        rbm_energy_states(&m, y, 1, &ey);
        double here = exp(-beta[0] * ex - beta[1] * ey);
        double there = exp(-beta[0] * ey - beta[1] * ex);
        double go = fmin(1.0, exp(temper_odds(beta[0], -ex, beta[1], -ey)));
        double back = fmin(1.0, exp(temper_odds(beta[0], -ey, beta[1], -ex)));
        assert_near(here * go / (there * back), 1.0, 1e-12);
        assert_true(go == 1.0 || back == 1.0);
    }
    /* ladders of four; U of lane c is 0.3 (c % 4)^2: all pairs of one parity are tried */
    pool(&c, &t, &m, TILES, 4, 0.1);
    for (int64_t i = 0; i < TILES * 64; i++) t.u[i] = 0.3 * (double)((i % 4) * (i % 4));
    for (int odd = 0; odd < 2; odd++) {
        int64_t tried[3] = { 0 }, swapped[3] = { 0 };
        c.sweep = 6 + odd;
        for (int64_t i = 0; i < TILES * 64; i++) t.rung[i] = (uint8_t)(3 - i % 4); /* U falls */
        memset(t.tried, 0, 3 * TILES * sizeof *t.tried);
        memset(t.swapped, 0, 3 * TILES * sizeof *t.swapped);
        temper_swap(&t, &c);
        temper_count(&t, tried, swapped);
        for (int r = 0; r < 3; r++) {
            int a = 3 - r, b = 2 - r; /* lanes at rungs r and r + 1 */
            double p = exp(
                temper_odds((double)t.beta[r], 0.3 * a * a, (double)t.beta[r + 1], 0.3 * b * b));
            assert_int_equal(tried[r], r % 2 == odd ? TILES * 16 : 0);
            if (r % 2 != odd) continue;
            /* with U the larger the colder an exchange is certain, else as rare as odds say */
            p = fmin(p, 1.0);
            assert_near((double)swapped[r] / (double)tried[r], p,
                        4.0 * sqrt(p * (1.0 - p) / (double)tried[r]) + 1e-12);
        }
        for (int64_t i = 0; i < TILES * 64; i += 4) { /* still one lane at each rung */
            int seen = 0;
            for (int j = 0; j < 4; j++) seen |= 1 << t.rung[i + j];
            assert_int_equal(seen, 15);
        }
    }
    temper_free(&t);
    chains_free(&c);
    rbm_free(&m);
}

/* As many sweeps of plain chains miss the modes' weights; ladders have them, at every rung. */
static void ladders_find_the_modes_that_plain_chains_miss(void **state)
{
    (void)state;
    enum { L = 8, PLAIN = 64, TILES = PLAIN * L, SWEEPS = 400 };
    struct rbm m;
    struct chains c;
    struct temper t;
    int64_t count[STATES];
    uint64_t *mask = mem_take(TILES, sizeof *mask);
    double p[STATES], chi2;

    two_modes(&m);
    at_beta(&m, 1.0, p);
    assert_true(p[0] > 0.1 && p[STATES - 1] > 0.1);
    chains_init(&c, (struct block){ 0, PLAIN }, PLAIN * 64, &m, 5);
    chains_sweep(&c, &m, kern_best(), SWEEPS);
    assert_false(fits(count, p, STATES, tally(count, c.bits, NULL, PLAIN), &chi2));
    assert_true(chi2 > 500.0); /* not by a hair */
    chains_free(&c);

    pool(&c, &t, &m, TILES, L, 0.0);
    temper_sweep(&t, &c, &m, kern_best(), SWEEPS);
    for (int r = 0; r < L; r++) {
        memset(mask, 0, TILES * sizeof *mask);
        for (int64_t i = 0; i < TILES * 64; i++)
            mask[i / 64] |= (uint64_t)(t.rung[i] == r) << i % 64;
        at_beta(&m, (double)t.beta[r], p);
        int64_t n = tally(count, c.bits, mask, TILES);
        assert_int_equal(n, PLAIN * 64);
        if (!fits(count, p, STATES, n, &chi2)) fail_msg("rung %d: chi-square %g", r, chi2);
    }
    assert_memory_equal(mask, t.top, TILES * sizeof *mask);
    assert_true(t.trips > PLAIN * 64); /* every chain more than once and back */

    uint64_t *bits = mem_take(N * PLAIN, sizeof *bits);
    int64_t again[STATES];
    temper_collect(bits, &t, &c, N);
    tally(again, bits, NULL, PLAIN);
    assert_memory_equal(again, count, sizeof count);
    mem_free(bits);
    mem_free(mask);
    temper_free(&t);
    chains_free(&c);
    rbm_free(&m);
}

/* Betas placed by a pilot: all pairs are refused alike. */
static void placed_betas_are_refused_alike(void **state)
{
    (void)state;
    enum { L = 8, TILES = 16 };
    struct rbm m;
    struct chains c;
    struct temper t;
    double spread[2];

    two_modes(&m);
    pool(&c, &t, &m, TILES, L, 0.0);
    for (int placed = 0; placed < 2; placed++) {
        int64_t tried[L - 1] = { 0 }, swapped[L - 1] = { 0 };
        double least = 1.0, most = 0.0;
        temper_sweep(&t, &c, &m, kern_best(), 1000);
        temper_count(&t, tried, swapped);
        for (int r = 0; r < L - 1; r++) {
            double part = (double)swapped[r] / (double)tried[r];
            least = fmin(least, part);
            most = fmax(most, part);
        }
        spread[placed] = most - least;
        for (int round = 0; round < 4 && !placed; round++) {
            temper_place(&t);
            temper_sweep(&t, &c, &m, kern_best(), 500);
        }
        temper_place(&t);
    }
    assert_true(spread[0] > 0.3);
    assert_true(spread[1] < 0.1);
    for (int64_t tile = 0; tile < TILES; tile++) {
        assert_true(t.beta[tile * L] == 0.0f && t.beta[tile * L + L - 1] == 1.0f);
        for (int r = 1; r < L; r++) assert_true(t.beta[tile * L + r] > t.beta[tile * L + r - 1]);
    }
    temper_free(&t);
    chains_free(&c);
    rbm_free(&m);
}

/* Any rank's share is its slice of the whole, betas and rungs too. */
static void ladders_do_not_know_how_many_ranks_there_are(void **state)
{
    (void)state;
    enum { L = 16, TILES = 7 };
    const struct par *P = test_par();
    struct block share = block_of(TILES, P->rank, P->size);
    struct rbm m;
    struct chains all, mine;
    struct temper whole, part;
    struct err e = { "" };

    two_modes(&m);
    pool(&all, &whole, &m, TILES, L, 0.1);
    chains_init(&mine, share, TILES * 64, &m, 5);
    assert_int_equal(temper_init(&part, &mine, L, 0.1, NULL, &e), 0);
    whole.every = part.every = 20;
    temper_sweep(&whole, &all, &m, kern_best(), 50);
    temper_sweep(&part, &mine, &m, kern_best(), 50);
    int same = 1;
    for (int i = 0; i < N; i++)
        same &= memcmp(mine.bits + i * share.count, all.bits + i * TILES + share.first,
                       (size_t)share.count * sizeof *mine.bits) == 0;
    same &= memcmp(part.rung, whole.rung + share.first * 64, (size_t)share.count * 64) == 0;
    same &= memcmp(part.beta, whole.beta + share.first * L,
                   (size_t)(share.count * L) * sizeof *part.beta) == 0;
    assert_int_equal(par_sum_one(P, part.trips), whole.trips);
    assert_true(test_agree(same));
    temper_free(&whole);
    temper_free(&part);
    chains_free(&all);
    chains_free(&mine);
    rbm_free(&m);
}

/* Starts under conditions: the distribution of each; plain ones are those of chains_sweep. */
static void starts_are_samples_under_their_conditions(void **state)
{
    (void)state;
    enum { TILES = 64 };
    const int unit[1] = { 6 };
    struct rbm m;
    struct chains c;
    double p[STATES], chi2;
    uint64_t *bits = mem_take(N * TILES, sizeof *bits), mask[TILES];
    int64_t count[STATES];
    struct temper_options o = { .rungs = 8, .sweeps = 600 };

    two_modes(&m);
    for (int i = 0; i < N; i++) m.bias[i] += i < 4 ? 0.2f : 1.1f; /* both modes, given either */
    rbm_prepare(&m);
    small_hold(&m, unit, 1);
    for (int t = 0; t < TILES; t++) bits[unit[0] * TILES + t] = 0xccccccccccccccccu;
    temper_start(bits, (struct block){ 0, TILES }, &m, kern_best(), &o, 3);
    for (int u = 0; u < 2; u++) {
        uint8_t given = (uint8_t)u;
        small_probabilities(&m, &given, p);
        for (int t = 0; t < TILES; t++) {
            mask[t] = u ? 0xccccccccccccccccu : 0x3333333333333333u;
            assert_true(bits[unit[0] * TILES + t] == 0xccccccccccccccccu);
        }
        int64_t n = tally(count, bits, mask, TILES);
        if (!fits(count, p, STATES, n, &chi2)) fail_msg("condition %d: chi-square %g", u, chi2);
    }
    o.rungs = 0;
    o.sweeps = 7;
    chains_init(&c, (struct block){ 0, TILES }, TILES * 64, &m, 3);
    chains_condition(&c, &m, bits + unit[0] * TILES);
    temper_start(bits, (struct block){ 0, TILES }, &m, kern_best(), &o, 3);
    chains_sweep(&c, &m, kern_best(), 7);
    assert_memory_equal(bits, c.bits, N * TILES * sizeof *bits);
    mem_free(bits);
    chains_free(&c);
    rbm_free(&m);
}

static void ladders_that_are_none_are_refused(void **state)
{
    (void)state;
    static const double falls[4] = { 0.0, 0.5, 0.4, 1.0 }, short_of[4] = { 0.0, 0.1, 0.2, 0.9 };
    struct rbm m;
    struct chains c;
    struct temper t;
    struct err e = { "" };

    two_modes(&m);
    chains_init(&c, (struct block){ 0, 1 }, 64, &m, 5);
    assert_int_equal(temper_init(&t, &c, 6, 0.0, NULL, &e), -1);
    assert_string_equal(e.text, "a ladder of 6 temperatures, expected 2, 4, 8, 16, 32 or 64");
    e = (struct err){ "" };
    assert_int_equal(temper_init(&t, &c, 4, 0.0, falls, &e), -1);
    assert_string_equal(e.text,
                        "beta 2 of a ladder is 0.4, expected betas that rise from 0 or more");
    e = (struct err){ "" };
    assert_int_equal(temper_init(&t, &c, 4, 0.0, short_of, &e), -1);
    assert_string_equal(e.text, "the last beta of a ladder is 0.9, expected 1");
    temper_free(&t);
    chains_free(&c);
    rbm_free(&m);
}

TEST_MAIN(cmocka_unit_test(exchanges_are_in_detailed_balance),
          cmocka_unit_test(ladders_find_the_modes_that_plain_chains_miss),
          cmocka_unit_test(placed_betas_are_refused_alike),
          cmocka_unit_test(ladders_do_not_know_how_many_ranks_there_are),
          cmocka_unit_test(starts_are_samples_under_their_conditions),
          cmocka_unit_test(ladders_that_are_none_are_refused))
