/* The Bernoulli step of the kernels: how often, how exactly, and far out. */
#include "test.h"

#include "base/rng.h"
#include "num/kern.h"

#include <math.h>
#include <string.h>

static int bit(const uint64_t *bits, int64_t tiles, int unit, int64_t chain)
{
    return (int)(bits[unit * tiles + chain / KERN_LANES] >> chain % KERN_LANES & 1);
}

/* Chi-square of the Bernoulli step over fields from one tail to the other. */
static void ones_come_as_often_as_the_logistic_function_says(void **state)
{
    (void)state;
    enum { FIELDS = 14, ROW = 64, STEPS = 512 };
    static const float x[FIELDS] = { -11, -9, -7, -5, -3, -1, -0.25f, 0, 0.5f, 2, 4, 6, 8, 10 };
    static uint64_t bits[FIELDS * ROW], live[ROW];
    int64_t none[FIELDS + 1] = { 0 }, count[FIELDS] = { 0 };
    struct kern_net net = { FIELDS, none, NULL, NULL, x };
    double draws = (double)STEPS * ROW * KERN_LANES, total = 0.0; /* 2,097,152 */

    memset(live, 0xff, sizeof live);
    for (int64_t step = 0; step < STEPS; step++) {
        struct kern_draw d = { .beta = 1.0f, .key = { 3, 4 } };
        rng_counter(d.counter, RNG_CHAIN, 0, step);
        kern_best()->gibbs(bits, NULL, ROW, &net, &d, 0, FIELDS);
        kern_best()->sums(count, bits, ROW, live, FIELDS);
    }
    for (int i = 0; i < FIELDS; i++) {
        double p = 1.0 / (1.0 + exp(-(double)x[i])), n = (double)count[i] - draws * p;
        double z2 = n * n / (draws * p * (1.0 - p));
        assert_true(z2 < 16.0); /* 4 sigma; the rarest value is expected 35 times */
        total += z2;
    }
    assert_true(total < 36.1); /* 99.9% of chi-square with 14 degrees */
}

/* 1.6 million draws at random fields against the threshold in double: an error of the exponential
 * by 2e-5 turns some four of them. */
static void the_threshold_is_exact_to_a_few_millionths(void **state)
{
    (void)state;
    enum { UNITS = 256, ROW = 16, STEPS = 6 };
    static float x[UNITS];
    static uint64_t bits[UNITS * ROW];
    int64_t none[UNITS + 1] = { 0 }, wrong = 0;
    struct kern_net net = { UNITS, none, NULL, NULL, x };

    for (int i = 0; i < UNITS; i++) {
        struct rng r = rng_at(7, RNG_TEST, i, 0);
        x[i] = 8.0f * rng_float(&r) - 4.0f;
    }
    for (int64_t step = 0; step < STEPS; step++) {
        struct kern_draw d = { .beta = 1.0f, .key = { 8, 9 } };
        rng_counter(d.counter, RNG_CHAIN, 0, step);
        kern_best()->gibbs(bits, NULL, ROW, &net, &d, 0, UNITS);
        for (int i = 0; i < UNITS; i++) {
            double p = 1.0 / (1.0 + exp(fabs((double)x[i])));
            for (int block = 0; block < 16 * ROW; block++) {
                uint32_t counter[4] = { (uint32_t)(16 * i + block % 16),
                                        d.counter[1] + (uint32_t)(block / 16), d.counter[2],
                                        d.counter[3] };
                uint32_t word[4];
                rng_philox(word, counter, d.key);
                for (int w = 0; w < 4; w++) {
                    double u = ((double)word[w] + 0.5) * 0x1p-32;
                    if (fabs(u / p - 1.0) < 4e-6) continue;
                    int chain = block / 16 * KERN_LANES + 16 * w + block % 16;
                    wrong += bit(bits, ROW, i, chain) != ((u < p) != (x[i] > 0.0f));
                }
            }
        }
    }
    assert_int_equal(wrong, 0);
}

/* AVX-512 decides most draws by sixteen bits: fields from end to end, in floats and in steps of
 * every fineness, against plain C, which compares all bits. 4 million draws; one in 2,000 is near.
 */
static void what_sixteen_bits_decide_all_bits_decide(void **state)
{
    (void)state;
    enum { UNITS = 1024, ROW = 12 };
    static uint64_t bits[2][UNITS * ROW];
    static int32_t steps[UNITS];
    static float x[UNITS];
    int64_t none[UNITS + 1] = { 0 };
    struct kern_net net = { UNITS, none, NULL, NULL, x };
    struct kern_draw d = { .beta = 1.0f, .key = { 13, 14 } };

    for (int fine = -1; fine < 5; fine++) {
        struct kern_grid g = { .N = UNITS, .first = none, .bias = steps, .span = 1, .fine = fine };
        const int most = INT16_MAX; /* |x| to 16, 8, ... 1 */
        g.step = ldexpf(1.0f, fine < 0 ? -11 : -11 - fine);
        for (int i = 0; i < UNITS; i++) {
            struct rng r = rng_at(9, RNG_TEST, i, fine + 1);
            steps[i] =
                i < 3 ? (i - 1) * (most - 1) : (int32_t)((float)most * (2 * rng_float(&r) - 1));
            x[i] = 17.0f * (2.0f * rng_float(&r) - 1.0f);
        }
        rng_counter(d.counter, RNG_CHAIN, 0, fine + 1);
        for (int table = 0; table < kern_count(); table++) {
            uint64_t *is = bits[table > 0];
            if (fine < 0)
                kern_at(table)->gibbs(is, NULL, ROW, &net, &d, 0, UNITS);
            else
                kern_at(table)->grid(is, NULL, ROW, &g, &d, 0, UNITS);
            assert_memory_equal(bits[0], is, sizeof bits[0]);
        }
    }
}

/* Beyond the resolution of a float threshold: the tails are 1e-9, both of them, and never NaN. */
static void fields_far_out_decide_surely(void **state)
{
    (void)state;
    const float x[6] = { -40, -1000, -3e38f, 40, 1000, 3e38f };
    int64_t none[7] = { 0 }, count[6] = { 0 };
    uint64_t bits[6 * 64], live[64];
    struct kern_net net = { 6, none, NULL, NULL, x };

    memset(live, 0xff, sizeof live);
    for (int table = 0; table < kern_count(); table++) {
        for (int64_t step = 0; step < 20; step++) {
            struct kern_draw d = { .beta = 1.0f, .key = { 5, 6 } };
            rng_counter(d.counter, RNG_CHAIN, 0, step);
            memset(bits, step % 2 ? 0xff : 0, sizeof bits);
            kern_at(table)->gibbs(bits, NULL, 64, &net, &d, 0, 6);
            kern_at(table)->sums(count, bits, 64, live, 6);
        }
    }
    for (int i = 0; i < 3; i++) assert_int_equal(count[i], 0);
    for (int i = 3; i < 6; i++) assert_int_equal(count[i], 20 * 64 * 64 * kern_count());
}

TEST_MAIN(cmocka_unit_test(ones_come_as_often_as_the_logistic_function_says),
          cmocka_unit_test(the_threshold_is_exact_to_a_few_millionths),
          cmocka_unit_test(what_sixteen_bits_decide_all_bits_decide),
          cmocka_unit_test(fields_far_out_decide_surely))
