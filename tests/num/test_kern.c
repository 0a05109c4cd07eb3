/* The kernels on bit-packed spins against plain definitions in double, and against each other. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/kern.h"

#include <math.h>
#include <string.h>

enum { N = 37, TILES = 3, LANES = TILES * KERN_LANES };

/* A random graph with weights of size one. */
struct graph {
    int64_t first[N + 1];
    int32_t neighbour[N * N];
    float weight[N * N];
    float bias[N], base[N];
    int32_t edge[N * N][2];
    int64_t row[N + 1]; /* unit i is the smaller end of edges row[i] .. row[i + 1] - 1 */
    int64_t M;
    struct kern_net net;
};

static float weight_of(int i, int j)
{
    struct rng r = rng_at(1, RNG_TEST, i < j ? i * N + j : j * N + i, 0);

    return rng_float(&r) < 0.4f ? (float)rng_normal(&r) : 0.0f;
}

/* Three complete partitions of 13, 13 and 11 units: neighbours come in fours, in pairs and alone.
 */
static float partite(int i, int j)
{
    struct rng r = rng_at(4, RNG_TEST, i < j ? i * N + j : j * N + i, 0);

    return i / 13 != j / 13 ? 3000.0f * (rng_float(&r) - 0.5f) : 0.0f;
}

static void build_from(struct graph *g, float (*weight)(int i, int j))
{
    memset(g, 0, sizeof *g);
    for (int i = 0; i < N; i++) {
        struct rng r = rng_at(2, RNG_TEST, i, 0);
        g->bias[i] = (float)rng_normal(&r);
        g->base[i] = (float)rng_normal(&r);
        g->first[i + 1] = g->first[i];
        g->row[i] = g->M;
        for (int j = 0; j < N; j++) {
            float w = i == j ? 0.0f : weight(i, j);
            if (w == 0.0f) continue;
            g->neighbour[g->first[i + 1]] = j;
            g->weight[g->first[i + 1]++] = w;
            if (i < j) {
                g->edge[g->M][0] = i;
                g->edge[g->M++][1] = j;
            }
        }
    }
    g->row[N] = g->M;
    g->net = (struct kern_net){ N, g->first, g->neighbour, g->weight, g->bias };
}

static void build(struct graph *g)
{
    build_from(g, weight_of);
}

static void coins(uint64_t *bits, int64_t n)
{
    struct rng r = rng_at(3, RNG_TEST, 0, 0);

    for (int64_t i = 0; i < n; i++) {
        uint64_t high = rng_word(&r), low = rng_word(&r);
        bits[i] = high << 32 | low;
    }
}

static int bit(const uint64_t *bits, int64_t tiles, int unit, int64_t chain)
{
    return (int)(bits[unit * tiles + chain / KERN_LANES] >> chain % KERN_LANES & 1);
}

/* phi in double, and in the float order of the kernel. */
static double field(const struct graph *g, const uint64_t *bits, int unit, int64_t chain, float *f)
{
    double sum = (double)g->bias[unit];

    *f = g->bias[unit];
    for (int64_t k = g->first[unit]; k < g->first[unit + 1]; k++) {
        if (!bit(bits, TILES, g->neighbour[k], chain)) continue;
        sum += (double)g->weight[k];
        *f += g->weight[k];
    }
    return sum;
}

static struct kern_draw draw_at(const struct graph *g, float beta, int64_t step)
{
    struct kern_draw d = { .beta = beta, .base = g->base, .key = { 77, 99 } };

    rng_counter(d.counter, RNG_CHAIN, 5, step);
    return d;
}

/* The slow twin of gibbs, one bit: the uniform from base/rng, the threshold in double. *near tells
 * that the uniform is so close to the threshold that float rounding may decide otherwise. */
static int twin(const struct graph *g, const uint64_t *bits, const struct kern_draw *d, int unit,
                int64_t chain, double *gain, int *near)
{
    uint32_t counter[4], word[4];
    int lane = (int)(chain % KERN_LANES);
    float in_float;
    double phi = field(g, bits, unit, chain, &in_float);
    double x = (1.0 - (double)d->beta) * (double)g->base[unit] + (double)d->beta * phi;

    memcpy(counter, d->counter, sizeof counter);
    counter[0] = (uint32_t)(16 * unit + lane % 16);
    counter[1] += (uint32_t)(chain / KERN_LANES);
    rng_philox(word, counter, d->key);
    double u = ((double)word[lane / 16] + 0.5) * 0x1p-32, p = 1.0 / (1.0 + exp(fabs(x)));
    *near = fabs(u / p - 1.0) < 1e-4;
    *gain = phi - (double)g->base[unit];
    return (u < p) != (x > 0.0);
}

static void a_gibbs_update_draws_what_its_twin_draws(void **state)
{
    (void)state;
    static struct graph g;
    uint64_t bits[N * TILES], is[N * TILES];
    double track[LANES] = { 0 }, gain;
    int64_t doubtful = 0;

    build(&g);
    coins(bits, N * TILES);
    for (int64_t step = 0; step < 8; step++) {
        struct kern_draw d = draw_at(&g, step % 2 ? 0.37f : 1.0f, step);
        double expected[LANES];
        memcpy(expected, track, sizeof track);
        for (int unit = 0; unit < N; unit++) {
            memcpy(is, bits, sizeof bits);
            kern_best()->gibbs(is, track, TILES, &g.net, &d, unit, unit + 1);
            for (int64_t c = 0; c < LANES; c++) {
                int near, now = bit(is, TILES, unit, c);
                int want = twin(&g, bits, &d, unit, c, &gain, &near);
                doubtful += near;
                assert_true(near || want == now);
                expected[c] += (now - bit(bits, TILES, unit, c)) * gain;
            }
            memcpy(bits, is, sizeof bits);
        }
        /* float fields of about 15 terms of size 1 err by 1e-6 each, over 37 flips */
        for (int64_t c = 0; c < LANES; c++) assert_near(track[c], expected[c], 4e-4);
    }
    /* 56,832 draws, each near with probability 2e-4: 11 +- 3.4 */
    assert_in_range(doubtful, 0, 30);
}

static void scores_and_fields_are_sums_over_set_bits(void **state)
{
    (void)state;
    static struct graph g;
    uint64_t bits[N * TILES];
    double out[LANES], based[LANES];
    float phi[LANES], in_float;

    build(&g);
    coins(bits, N * TILES);
    kern_best()->score(out, bits, TILES, &g.net, NULL);
    kern_best()->score(based, bits, TILES, &g.net, g.base);
    for (int64_t c = 0; c < LANES; c++) {
        double sum = 0.0, base = 0.0;
        for (int i = 0; i < N; i++) {
            if (!bit(bits, TILES, i, c)) continue;
            sum += (double)g.bias[i];
            base += (double)g.base[i];
            for (int j = i + 1; j < N; j++)
                if (bit(bits, TILES, j, c)) sum += (double)weight_of(i, j);
        }
        /* 300 terms of size 1, 1e-16 each */
        assert_near(out[c], sum, 1e-12);
        assert_near(based[c], sum - base, 1e-12);
    }
    for (int unit = 0; unit < N; unit++) {
        kern_best()->field(phi, bits, TILES, &g.net, unit);
        for (int64_t c = 0; c < LANES; c++) {
            field(&g, bits, unit, c, &in_float);
            assert_true(phi[c] == in_float);
        }
    }
}

static void counts_are_what_counting_one_by_one_gives(void **state)
{
    (void)state;
    static struct graph g;
    static int64_t pairs[N * N];
    uint64_t bits[N * TILES], live[TILES] = { ~(uint64_t)0, 0, 0x00ffff0000000001u };
    int64_t sums[N];

    build(&g);
    coins(bits, N * TILES);
    for (int table = 0; table < kern_count(); table++) {
        const struct kern *k = kern_at(table);
        for (int i = 0; i < N; i++) sums[i] = 1000;
        memset(pairs, 0, sizeof pairs);
        k->sums(sums, bits, TILES, live, N);
        k->pairs(pairs, bits, TILES, live, (const int32_t(*)[2])g.edge, g.row, N);
        for (int i = 0; i < N; i++) {
            int64_t n = 1000;
            for (int64_t c = 0; c < LANES; c++)
                n += bit(live, TILES, 0, c) & bit(bits, TILES, i, c);
            assert_int_equal(sums[i], n);
        }
        for (int64_t m = 0; m < g.M; m++) {
            int64_t n = 0;
            for (int64_t c = 0; c < LANES; c++)
                n += bit(live, TILES, 0, c) & bit(bits, TILES, g.edge[m][0], c) &
                     bit(bits, TILES, g.edge[m][1], c);
            assert_int_equal(pairs[m], n);
        }
    }
}

/* Squares and what is left over: three complete partitions with and without a hole, over rows whose
 * words end in the middle of a vector and beyond the span that is counted at once. */
static void counts_of_squares_of_units_leave_no_pair_out(void **state)
{
    (void)state;
    enum { UNITS = 41, MOST = 77, PAIRS = UNITS * UNITS };
    static uint64_t bits[UNITS * MOST], live[MOST];
    static const int64_t tiles[5] = { 1, 4, 13, 64, MOST };
    int32_t edge[PAIRS][2];
    int64_t row[UNITS + 1], M = 0;

    for (int i = 0; i < UNITS; i++) {
        row[i] = M;
        for (int j = i + 1; j < UNITS; j++)
            if (i / 14 != j / 14 && (i * j) % 50 != 7) {
                edge[M][0] = i;
                edge[M++][1] = j;
            }
    }
    row[UNITS] = M;
    for (int a = 0; a < 5; a++) {
        coins(bits, UNITS * tiles[a]);
        coins(live, tiles[a]);
        for (int table = 0; table < kern_count(); table++) {
            int64_t count[PAIRS];
            for (int64_t m = 0; m < M; m++) count[m] = 5;
            kern_at(table)->pairs(count, bits, tiles[a], live, (const int32_t(*)[2])edge, row,
                                  UNITS);
            for (int64_t m = 0; m < M; m++) {
                int64_t n = 5;
                for (int64_t t = 0; t < tiles[a]; t++) {
                    uint64_t x = live[t] & bits[edge[m][0] * tiles[a] + t];
                    for (x &= bits[edge[m][1] * tiles[a] + t]; x != 0; x &= x - 1) n++;
                }
                assert_int_equal(count[m], n);
            }
        }
    }
}

static void all_tables_agree(const struct graph *g)
{
    uint64_t bits[2][N * TILES];
    double track[2][LANES], out[2][LANES];
    float phi[2][LANES];

    for (int table = 0; table < kern_count(); table++) {
        int at = table > 0;
        const struct kern *k = kern_at(table);
        coins(bits[at], N * TILES);
        memset(track[at], 0, sizeof track[at]);
        for (int64_t step = 0; step < 40; step++) {
            struct kern_draw d = draw_at(g, (float)step / 40.0f, step);
            k->gibbs(bits[at], track[at], TILES, &g->net, &d, 0, N);
        }
        k->score(out[at], bits[at], TILES, &g->net, g->base);
        k->field(phi[at], bits[at], TILES, &g->net, 11);
        assert_memory_equal(bits[0], bits[at], sizeof bits[0]);
        assert_memory_equal(track[0], track[at], sizeof track[0]);
        assert_memory_equal(out[0], out[at], sizeof out[0]);
        assert_memory_equal(phi[0], phi[at], sizeof phi[0]);
    }
}

static void every_instruction_set_gives_the_same_bits(void **state)
{
    (void)state;
    static struct graph g;

    build_from(&g, weight_of);
    all_tables_agree(&g);
    build_from(&g, partite);
    all_tables_agree(&g);
}

/* Betas by chain: every lane draws what it draws when its beta is that of all. */
static void a_chain_of_its_own_beta_does_as_if_all_had_it(void **state)
{
    (void)state;
    enum { RUNGS = 5 };
    static struct graph g;
    static uint64_t alone[RUNGS][N * TILES], bits[N * TILES];
    static double followed[RUNGS][LANES], track[LANES];
    float betas[LANES];

    build_from(&g, partite);
    for (int c = 0; c < LANES; c++) betas[c] = (float)(c % RUNGS) / (float)(RUNGS - 1);
    for (int table = 0; table < kern_count(); table++) {
        const struct kern *k = kern_at(table);
        struct kern_draw d = draw_at(&g, 0.0f, 3);
        for (int r = 0; r < RUNGS; r++) {
            d.beta = (float)r / (float)(RUNGS - 1);
            coins(alone[r], N * TILES);
            memset(followed[r], 0, sizeof followed[r]);
            k->gibbs(alone[r], followed[r], TILES, &g.net, &d, 0, N);
        }
        d.beta = NAN;
        d.betas = betas;
        coins(bits, N * TILES);
        memset(track, 0, sizeof track);
        k->gibbs(bits, track, TILES, &g.net, &d, 0, N);
        for (int c = 0; c < LANES; c++) {
            assert_true(track[c] == followed[c % RUNGS][c]);
            for (int i = 0; i < N; i++)
                assert_int_equal(bit(bits, TILES, i, c), bit(alone[c % RUNGS], TILES, i, c));
        }
    }
}

static void tables_are_found_by_name(void **state)
{
    (void)state;
    struct err e = { "" };

    assert_string_equal(kern_at(0)->name, "base");
    assert_ptr_equal(kern_named("auto", &e), kern_best());
    for (int i = 0; i < kern_count(); i++)
        assert_ptr_equal(kern_named(kern_at(i)->name, &e), kern_at(i));
    assert_false(err_is(&e));
    assert_null(kern_named("v5", &e));
    assert_non_null(strstr(e.text, "'v5'"));
}

TEST_MAIN(cmocka_unit_test(a_gibbs_update_draws_what_its_twin_draws),
          cmocka_unit_test(scores_and_fields_are_sums_over_set_bits),
          cmocka_unit_test(counts_are_what_counting_one_by_one_gives),
          cmocka_unit_test(counts_of_squares_of_units_leave_no_pair_out),
          cmocka_unit_test(every_instruction_set_gives_the_same_bits),
          cmocka_unit_test(a_chain_of_its_own_beta_does_as_if_all_had_it),
          cmocka_unit_test(tables_are_found_by_name))
