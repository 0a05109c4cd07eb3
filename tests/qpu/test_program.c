/* Problems as devices are asked for them - conditioned, embedded, in gauges - and their reads back:
 * energies by identity, averages by enumeration. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "qpu/bicliques.h"
#include "qpu/cliques.h"
#include "qpu/device.h"
#include "qpu/program.h"
#include "rbm/small.h"

#include <math.h>
#include <string.h>

static const int SIZE[3] = { 3, 3, 2 };
enum { N = 8, HELD = 3, FREE = N - HELD, READS = 6400 };
static const uint8_t U[HELD] = { 1, 0, 1 };

/* Three partitions, the first one held at U: the problem of the free units and that of all. */
struct made {
    struct rbm m;
    struct ising g, whole;
    struct lattice L;
    struct vicinity v;
    struct strands s;
    struct embedding chains;
    struct device d; /* as make_drawn opens it */
    uint8_t *states; /* [READS, FREE] */
};

static void make(struct made *x, double scale)
{
    struct err e = { "" };

    *x = (struct made){ .states = NULL };
    small_machine(&x->m, 3, SIZE, 0, 0.8, 12);
    ising_init(&x->g, &x->m, 1);
    ising_set(&x->g, &x->m, scale, U);
    ising_init(&x->whole, &x->m, 0);
    ising_set(&x->whole, &x->m, scale, NULL);
    assert_int_equal(chip_make(&x->L, CHIP_ZEPHYR, "2", &e), 0);
    vicinity_init(&x->v, &x->L);
    strands_init(&x->s, &x->v, CHIP_ZEPHYR, "2");
    assert_int_equal(cliques_complete(&x->chains, &x->s, FREE, &e), 0);
}

static void drop(struct made *x)
{
    embedding_free(&x->chains);
    strands_free(&x->s);
    vicinity_free(&x->v);
    lattice_free(&x->L);
    ising_free(&x->g);
    ising_free(&x->whole);
    rbm_free(&x->m);
    device_free(&x->d);
    mem_free(x->states);
}

static struct program_options options(const struct made *x, enum condition_how how, int embedded,
                                      int gauges)
{
    return (struct program_options){ .condition = how,
                                     .strength = 8.0,
                                     .flux_per_h = 7.07e-4,
                                     .embedding = embedded ? &x->chains : NULL,
                                     .chip = &x->v,
                                     .rule = CHAIN_FIXED,
                                     .chain = 1.5,
                                     .gauges = gauges,
                                     .seed = 4,
                                     .number = 17 };
}

/* A read of problem k that says state y of the free units, with every held unit as it should be. */
static void encode(uint8_t *read, const struct program *x, int k, const uint8_t *y)
{
    for (int i = 0; i < x->g->n; i++)
        for (int64_t c = x->first[i]; c < x->first[i + 1]; c++) read[x->member[c]] = y[i];
    for (int c = 0; c < x->clamps; c++) read[x->clamp[c]] = x->want[c];
    for (int i = 0; i < x->p.n; i++) read[i] ^= x->sign[(int64_t)k * x->p.n + i] < 0;
}

/* In every gauge, for every state: H of what is programmed is H of what is wanted but for one
 * constant, and the read decodes to the state. Sums of some 50 numbers below 10: 1e-12. */
static void energies_and_states_come_back(void **state)
{
    (void)state;
    struct err e = { "" };
    struct made a;

    make(&a, 1.3);
    for (int how = CONDITION_FOLD; how <= CONDITION_FLUX; how++)
        for (int embedded = 0; embedded <= 1; embedded++)
            for (int gauges = 0; gauges <= 3; gauges += 3) {
                struct program_options o = options(&a, (enum condition_how)how, embedded, gauges);
                struct program x;
                double gap = 0.0, H, P;
                assert_int_equal(program_init(&x, &a.g, &a.whole, U, &o, &e), 0);
                assert_int_equal(x.G, gauges > 0 ? gauges : 1);
                uint8_t *read = mem_take(x.p.n, 1), y[FREE], back[FREE];
                int32_t broken;
                for (int64_t t = 0; t < x.G << FREE; t++) {
                    int k = (int)(t >> FREE);
                    small_state(y, FREE, t & ((1 << FREE) - 1));
                    encode(read, &x, k, y);
                    ising_energy(&a.g, y, 1, &H);
                    ising_energy(&x.problem[k], read, 1, &P);
                    if (t == 0) gap = P - H;
                    assert_near(P - H, gap, 1e-12);
                    assert_int_equal(program_decode(&x, k, read, 1, t, back, &broken), 1);
                    assert_memory_equal(back, y, FREE);
                    assert_int_equal(broken, 0);
                }
                assert_int_equal(x.tally.clean, x.G << FREE);
                mem_free(read);
                program_free(&x);
            }
    drop(&a);
}

/* Draw READS of all gauges on a device and decode them; returns what is left. turn: the sign of the
 * flux biases. */
static int64_t draw(struct program *x, struct device *d, int turn, uint8_t *states)
{
    struct err e = { "" };
    int64_t left = 0;

    for (int k = 0; k < x->G; k++) {
        struct block share = block_of(READS / 64, k, x->G), tiles = { 0, share.count };
        int64_t rows = share.count * 64;
        const double *flux = program_flux(x, k);
        double *turned = mem_take(x->p.n, sizeof *turned), *H = mem_take(rows, sizeof *H);
        uint8_t *reads = mem_take(rows * x->p.n, 1);
        for (int i = 0; i < x->p.n && flux != NULL; i++) turned[i] = turn * flux[i];
        struct device_call c = {
            .number = k, .reads = rows, .flux = flux != NULL ? turned : NULL, .placed = 1
        };
        if (device_draw(d, &x->problem[k], &c, tiles, reads, H, NULL, &e) != rows)
            fail_msg("%s", e.text);
        left += program_decode(x, k, reads, rows, share.first * 64, states + left * x->g->n, NULL);
        mem_free(turned);
        mem_free(reads);
        mem_free(H);
    }
    return left;
}

static void open_gibbs(struct device *d, int sweeps)
{
    struct device_keys k = {
        .kind = DEVICE_GIBBS, .beta = 1.0, .sweeps = sweeps, .seed = 31, .kern = kern_best()
    };
    struct err e = { "" };

    assert_int_equal(device_open(d, &k, &e), 0);
}

/* With a device and room for its reads. */
static void make_drawn(struct made *x, int sweeps)
{
    make(x, 1.0);
    open_gibbs(&x->d, sweeps);
    x->states = mem_take(READS * FREE, 1);
}

/* Means of the free units within 5 standard errors of the enumeration given U. */
static void judge(const struct made *a, const uint8_t *states, int64_t n)
{
    double p[1 << N], mean[N] = { 0.0 };

    small_probabilities(&a->m, U, p);
    for (int64_t s = 0; s < 1 << N; s++)
        for (int i = 0; i < N; i++) mean[i] += (double)(s >> i & 1) * p[s];
    for (int k = 0; k < FREE; k++) {
        double got = 0.0, want = mean[a->g.unit[k]];
        for (int64_t r = 0; r < n; r++) got += states[r * FREE + k];
        assert_near(got / (double)n, want, 5.0 * sqrt(want * (1.0 - want) / (double)n));
    }
}

/* Held units take the asked bits and the others the averages that follow, natively and on chains,
 * in three gauges; a read is lost with a probability of some e^-10. With the flux biases of the
 * other sign every read is lost: the held units stand the other way round. Reads with a broken
 * chain are dropped, so that what is left follows the machine whatever the chains' strength. */
static void held_units_take_the_asked_bits(void **state)
{
    (void)state;
    struct err e = { "" };
    struct made a;

    make_drawn(&a, 400);
    for (int how = CONDITION_FOLD; how <= CONDITION_FLUX; how++)
        for (int embedded = 0; embedded <= 1; embedded++) {
            struct program_options o = options(&a, (enum condition_how)how, embedded, 3);
            struct program x;
            o.repair = CHAIN_DISCARD;
            assert_int_equal(program_init(&x, &a.g, &a.whole, U, &o, &e), 0);
            int64_t left = draw(&x, &a.d, 1, a.states);
            assert_true(x.tally.lost <= READS / 100);
            assert_int_equal(left, READS - x.tally.lost - x.tally.dropped);
            assert_true(left > (embedded ? READS / 4 : READS * 9 / 10));
            judge(&a, a.states, left);
            int64_t lost = x.tally.lost;
            if (how == CONDITION_FLUX) assert_int_equal(draw(&x, &a.d, -1, a.states), 0);
            if (how == CONDITION_FLUX) assert_int_equal(x.tally.lost - lost, READS);
            program_free(&x);
        }
    drop(&a);
}

/* Chains of J = -3 break with a probability of some e^-12: then majority, too, agrees with the
 * enumeration, and so does the repair by energies. */
static void strong_chains_draw_the_dense_machine(void **state)
{
    (void)state;
    struct err e = { "" };
    struct made a;

    make_drawn(&a, 8000);
    for (int repair = CHAIN_MAJORITY; repair <= CHAIN_MINIMISE; repair++) {
        struct program_options o = options(&a, CONDITION_FOLD, 1, 0);
        struct program x;
        o.chain = 3.0;
        o.repair = (enum chain_repair)repair;
        assert_int_equal(program_init(&x, &a.g, NULL, NULL, &o, &e), 0);
        int64_t left = draw(&x, &a.d, 1, a.states);
        assert_true(x.tally.clean > READS * 98 / 100);
        assert_int_equal(left, repair == CHAIN_DISCARD ? x.tally.clean : READS);
        judge(&a, a.states, left);
        program_free(&x);
    }
    drop(&a);
}

/* A chain of which one half differs from the other: a coin, a lost read, or the energy. */
static void broken_chains_are_counted_and_repaired(void **state)
{
    (void)state;
    struct err e = { "" };
    struct made a;
    uint8_t y[FREE] = { 0, 1, 0, 1, 1 }, back[FREE], best[FREE], other[FREE];
    int ones = 0;

    make(&a, 1.0);
    for (int repair = CHAIN_MAJORITY; repair <= CHAIN_MINIMISE; repair++) {
        struct program_options o = options(&a, CONDITION_FOLD, 1, 0);
        struct program x;
        int32_t broken = -1;
        double E, lower;
        o.repair = (enum chain_repair)repair;
        assert_int_equal(program_init(&x, &a.g, NULL, NULL, &o, &e), 0);
        uint8_t *read = mem_take(x.p.n, 1);
        encode(read, &x, 0, y);
        int64_t even = -1;
        for (int i = 0; i < FREE; i++)
            if ((x.first[i + 1] - x.first[i]) % 2 == 0) even = i;
        assert_true(even >= 0);
        for (int64_t c = 0; c < (x.first[even + 1] - x.first[even]) / 2; c++)
            read[x.member[x.first[even] + c]] ^= 1;
        for (int64_t t = 0; t < 100; t++) {
            int64_t left = program_decode(&x, 0, read, 1, t, back, &broken);
            assert_int_equal(left, repair != CHAIN_DISCARD);
            if (left == 0) continue;
            assert_int_equal(broken, 1);
            for (int i = 0; i < FREE; i++) assert_true(i == even || back[i] == y[i]);
            ones += repair == CHAIN_MAJORITY && back[even];
            memcpy(best, back, FREE);
        }
        assert_int_equal(x.tally.broken[even], 100);
        assert_int_equal(x.tally.clean, 0);
        memcpy(other, best, FREE);
        other[even] ^= 1;
        ising_energy(&a.g, best, 1, &E);
        ising_energy(&a.g, other, 1, &lower);
        if (repair == CHAIN_MINIMISE) assert_true(E <= lower);
        mem_free(read);
        program_free(&x);
    }
    assert_true(ones > 25 && ones < 75); /* 100 fair coins: five standard deviations */
    drop(&a);
}

/* A device that adds 0.2 to every field: uncoupled spins without fields of their own have a mean of
 * -tanh(0.2). Over 32 gauges of 64 spins each the mean is a sum of 2,048 fair signs times 0.197,
 * over 2,048, and the reads' own noise: below 5 (0.197 / 45 + 1 / sqrt(64 READS)). */
static void gauges_cancel_a_mean_field(void **state)
{
    (void)state;
    enum { SPINS = 64 };
    struct err e = { "" };
    struct ising g;
    struct device d;
    uint8_t *states = mem_take(READS * SPINS, 1);
    double mean[2];

    ising_take(&g, SPINS, 0);
    open_gibbs(&d, 2);
    for (int way = 0; way < 2; way++) {
        struct program_options o = { .gauges = way == 0 ? 0 : 32, .seed = 9 };
        struct program x;
        assert_int_equal(program_init(&x, &g, NULL, NULL, &o, &e), 0);
        for (int k = 0; k < x.G; k++)
            for (int i = 0; i < SPINS; i++) x.problem[k].h[i] += 0.2;
        int64_t n = draw(&x, &d, 1, states) * SPINS;
        mean[way] = 0.0;
        for (int64_t i = 0; i < n; i++) mean[way] += (2.0 * states[i] - 1.0) / (double)n;
        program_free(&x);
    }
    assert_near(mean[0], -tanh(0.2), 5.0 / sqrt((double)READS * SPINS));
    assert_near(mean[1], 0.0, 5.0 * (0.197 / 45.0 + 1.0 / sqrt((double)READS * SPINS)));
    mem_free(states);
    device_free(&d);
    ising_free(&g);
}

/* Signs of the numbers of spec/annealer.md 4.3, and the limit of 0.01 flux quanta: 14.14 fields. */
static void flux_biases_have_their_sign_and_their_limit(void **state)
{
    (void)state;
    struct err e = { "" };
    double strength = 14.0;

    assert_near(condition_flux(1.0, condition_flux_per_h("Advantage_system4.1"), 1), 7.07e-4, 0.0);
    assert_near(condition_flux(1.0, condition_flux_per_h("Advantage2_system1"), 0), -5.74e-4, 0.0);
    assert_near(condition_flux_per_h("Advantage2_system12"), 0.0, 0.0); /* is none of these */
    assert_int_equal(condition_check_flux(&strength, 7.07e-4, 0, &e), 0);
    strength = 15.0;
    assert_int_equal(condition_check_flux(&strength, 7.07e-4, 0, &e), -1);
    assert_non_null(strstr(e.text, "0.01"));
    assert_int_equal(condition_check_flux(&strength, 7.07e-4, 1, &e), 0);
    assert_near(strength, 0.01 / 7.07e-4, 1e-12);
}

TEST_MAIN(cmocka_unit_test(energies_and_states_come_back),
          cmocka_unit_test(held_units_take_the_asked_bits),
          cmocka_unit_test(strong_chains_draw_the_dense_machine),
          cmocka_unit_test(broken_chains_are_counted_and_repaired),
          cmocka_unit_test(gauges_cancel_a_mean_field),
          cmocka_unit_test(flux_biases_have_their_sign_and_their_limit))
