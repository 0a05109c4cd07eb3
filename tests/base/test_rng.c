/*
 * test_rng.c - Philox against Random123's known answers, variates against their moments and laws.
 *
 * Seeds are fixed. A tolerance of 5 sigma of the estimate (each derived beside it) would fail one
 * right generator in two million.
 */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { DRAWS = 100000 };

/* kat_vectors of Random123 1.14, lines "philox4x32 10". */
static void philox_gives_the_known_answers(void **state)
{
    (void)state;
    static const uint32_t known[3][10] = {
        { 0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
        { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d,
          0x41c83b0e, 0xa20bc7c6, 0x6d5451fd },
        { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09,
          0x94fdcceb, 0x5001e420, 0x24126ea1 },
    };
    uint32_t out[4];

    for (int i = 0; i < 3; i++) {
        rng_philox(out, known[i], known[i] + 4);
        assert_memory_equal(out, known[i] + 6, sizeof out);
    }
}

static void words_are_philox_of_the_counter(void **state)
{
    (void)state;
    const uint64_t seed = 0x0123456789abcdef;
    const uint32_t key[2] = { 0x89abcdef, 0x01234567 };
    const int64_t item = 0xabc12345678, step = 0xfed87654321;
    struct rng r = rng_at(seed, RNG_CHAIN, item, step);
    uint32_t counter[4], out[4];

    rng_counter(counter, RNG_CHAIN, item, step);
    assert_int_equal(counter[0], 0);
    for (int block = 0; block < 3; block++, counter[0]++) {
        rng_philox(out, counter, key);
        for (int i = 0; i < 4; i++) assert_int_equal(rng_word(&r), out[i]);
    }
}

/* The largest and the smallest of each part, in every combination. */
static void no_two_places_share_a_counter(void **state)
{
    (void)state;
    static const int64_t at[] = {
        0, 1, 0xfff, 0xffffffff, 0x100000000, 0xfff00000000, 0xfffffffffff
    };
    static const enum rng_stream streams[] = { RNG_TEST, RNG_SYNTH, RNG_STREAMS - 1 };
    enum { N = 7 * 7 * 3 };
    uint32_t counter[N][4];
    int n = 0;

    for (int s = 0; s < 3; s++)
        for (int i = 0; i < 7; i++)
            for (int j = 0; j < 7; j++) rng_counter(counter[n++], streams[s], at[i], at[j]);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            assert_true(memcmp(counter[i], counter[j], sizeof counter[0]) != 0);
}

static struct rng source(int64_t item)
{
    return rng_at(2024, RNG_TEST, item, 0);
}

/* Mean 1/2 and variance 1/12 of a uniform: sigma of the mean sqrt(1/12n), of the mean square
 * sqrt(4/45n), because var(u^2) = 1/5 - 1/9. */
static void uniforms_fill_their_interval(void **state)
{
    (void)state;
    struct rng r = source(1), all = { .word = { ~0u, ~0u, ~0u, ~0u } }, none = { .used = 0 };
    double sum[3] = { 0 }, squares[3] = { 0 };

    for (int i = 0; i < DRAWS; i++) {
        double u[3] = { (double)rng_float(&r), rng_uniform(&r), rng_open(&r) };
        for (int k = 0; k < 3; k++) {
            assert_true(u[k] >= 0.0 && u[k] < 1.0);
            sum[k] += u[k], squares[k] += u[k] * u[k];
        }
    }
    for (int k = 0; k < 3; k++) {
        assert_near(sum[k] / DRAWS, 0.5, 5 * sqrt(1.0 / 12 / DRAWS));
        assert_near(squares[k] / DRAWS, 1.0 / 3, 5 * sqrt(4.0 / 45 / DRAWS));
    }
    struct rng again = all;
    assert_true(rng_float(&again) == 1.0f - 0x1p-24f);
    again = all;
    assert_true(rng_uniform(&again) == 1.0 - 0x1p-53);
    again = all;
    assert_true(rng_open(&again) < 1.0);
    assert_true(rng_open(&none) > 0.0);
}

/* Moments 0, 1, 0, 3; var(x^2) = 2, var(x^3) = 15, var(x^4) = 96. P(x < t) = erfc(-t/sqrt 2)/2. */
static void normals_have_their_moments_and_law(void **state)
{
    (void)state;
    struct rng r = source(2);
    double m[5] = { 0 };
    int below[5] = { 0 };

    for (int i = 0; i < DRAWS; i++) {
        double x = rng_normal(&r), p = 1.0;
        for (int k = 1; k <= 4; k++) m[k] += (p *= x);
        for (int t = -2; t <= 2; t++) below[t + 2] += x < t;
    }
    assert_near(m[1] / DRAWS, 0, 5 * sqrt(1.0 / DRAWS));
    assert_near(m[2] / DRAWS, 1, 5 * sqrt(2.0 / DRAWS));
    assert_near(m[3] / DRAWS, 0, 5 * sqrt(15.0 / DRAWS));
    assert_near(m[4] / DRAWS, 3, 5 * sqrt(96.0 / DRAWS));
    for (int t = -2; t <= 2; t++) {
        double p = erfc(-t / sqrt(2.0)) / 2;
        assert_near(below[t + 2] / (double)DRAWS, p, 5 * sqrt(p * (1 - p) / DRAWS));
    }
}

/* Mean a, variance a, fourth central moment 3 a^2 + 6 a, so the variance of (x - a)^2 is
 * 2 a^2 + 6 a. Laws: shape 1/2, P(x < t) = erf(sqrt t); shape 1, 1 - exp(-t). */
static void gammas_have_their_moments_and_law(void **state)
{
    (void)state;
    static const double shapes[] = { 0.05, 0.5, 1.0, 1.5, 7.0, 300.0 };

    for (int s = 0; s < 6; s++) {
        struct rng r = source(10 + s);
        double a = shapes[s], sum = 0, squares = 0;
        int below = 0;
        for (int i = 0; i < DRAWS; i++) {
            double x = rng_gamma(&r, a);
            assert_true(x >= 0.0);
            sum += x, squares += (x - a) * (x - a), below += x < 0.3;
        }
        assert_near(sum / DRAWS, a, 5 * sqrt(a / DRAWS));
        assert_near(squares / DRAWS, a, 5 * sqrt((2 * a * a + 6 * a) / DRAWS));
        double p = a == 0.5 ? erf(sqrt(0.3)) : 1 - exp(-0.3);
        if (a == 0.5 || a == 1.0)
            assert_near(below / (double)DRAWS, p, 5 * sqrt(p * (1 - p) / DRAWS));
    }
}

/* Mean and variance m, fourth central moment 3 m^2 + m; each P(k) = exp(-m) m^k / k!, and the sum
 * of those beyond 1.5 sigma. Both sides of the switch at 10; there enough draws to see a shift of
 * 0.03. */
static void poissons_have_their_moments_and_law(void **state)
{
    (void)state;
    static const double means[] = { 0.2, 4.0, 9.999, 10.0, 35.0, 1e4, 1e9 };

    for (int s = 0; s < 7; s++) {
        struct rng r = source(20 + s);
        double m = means[s], n = s == 3 ? 400000 : 100000, sum = 0, squares = 0;
        double count[128] = { 0 }, tail = 0, law = 0;
        for (int i = 0; i < (int)n; i++) {
            int64_t k = rng_poisson(&r, m);
            double off = (double)k - m;
            assert_true(k >= 0);
            if (k < 128) count[k]++;
            sum += off, squares += off * off;
        }
        assert_near(sum / n, 0, 5 * sqrt(m / n));
        assert_near(squares / n, m, 5 * sqrt((2 * m * m + m) / n));
        for (int k = 0; k < 128; k++) {
            double p = exp(k * log(m) - m - lgamma(k + 1.0));
            if (p * n > 10) /* some 150 bins in all: 5 sigma still */
                assert_near(count[k], p * n, 5 * sqrt(p * (1 - p) * n));
            if (fabs(k - m) > 1.5 * sqrt(m)) tail += count[k], law += p;
        }
        assert_near(tail / n, law, 5 * sqrt(law * (1 - law) / n));
    }
    struct rng r = source(30);
    for (int i = 0; i < 100; i++) assert_int_equal(rng_poisson(&r, 0.0), 0);
}

/* A third of 0..3 2^62 - 1 lies below 2^62; a plain remainder of 64 bits would put half there. */
static void numbers_below_n_are_unbiased(void **state)
{
    (void)state;
    const uint64_t quarter = (uint64_t)1 << 62;
    struct rng r = source(3);
    int low = 0, count[10] = { 0 };

    for (int i = 0; i < DRAWS; i++) {
        uint64_t x = rng_below(&r, 3 * quarter), y = rng_below(&r, 10);
        assert_true(x < 3 * quarter && y < 10);
        low += x < quarter;
        count[y]++;
    }
    assert_near(low / (double)DRAWS, 1.0 / 3, 5 * sqrt(2.0 / 9 / DRAWS));
    for (int k = 0; k < 10; k++) assert_near(count[k], DRAWS / 10, 5 * sqrt(0.09 * DRAWS));
    for (int i = 0; i < 10; i++) assert_int_equal(rng_below(&r, 1), 0);
}

/* How many entries stand where they stand in another permutation. */
static int agreements(int64_t n, uint64_t seed, enum rng_stream stream, int64_t step)
{
    int same = 0;

    for (int64_t i = 0; i < n; i++)
        same += rng_permuted(seed, stream, step, n, i) == rng_permuted(9, RNG_SHUFFLE, 4, n, i);
    return same;
}

/* Two random permutations agree in 1 +- 1 places; more than 10 has a chance of 1e-8. */
static void permutations_are_permutations_and_differ(void **state)
{
    (void)state;
    char *seen = mem_take(5000, 1);

    for (int64_t n = 1; n < 5000; n = n < 140 ? n + 1 : n * 2 - 140 + n % 3) {
        memset(seen, 0, 5000);
        for (int64_t i = 0; i < n; i++) {
            int64_t to = rng_permuted(9, RNG_SHUFFLE, n % 5, n, i);
            assert_true(to >= 0 && to < n);
            assert_false(seen[to]);
            seen[to] = 1;
        }
    }
    mem_free(seen);
    assert_int_equal(agreements(1000, 9, RNG_SHUFFLE, 4), 1000);
    assert_true(agreements(1000, 9, RNG_SHUFFLE, 5) < 10);
    assert_true(agreements(1000, 9, RNG_SHUFFLE, (int64_t)1 << 40) < 10);
    assert_true(agreements(1000, 8, RNG_SHUFFLE, 4) < 10);
    assert_true(agreements(1000, 9 + ((uint64_t)1 << 32), RNG_SHUFFLE, 4) < 10);
    assert_true(agreements(1000, 9, RNG_SPLIT, 4) < 10);
}

/* Over many steps each place of a small permutation gets each entry equally often. */
static void permutations_are_fair(void **state)
{
    (void)state;
    enum { N = 5, STEPS = 20000 };
    int count[N][N] = { { 0 } };

    for (int step = 0; step < STEPS; step++)
        for (int i = 0; i < N; i++) count[i][rng_permuted(1, RNG_SHUFFLE, step, N, i)]++;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            assert_near(count[i][j], STEPS / N, 5 * sqrt(STEPS * (1.0 / N) * (1 - 1.0 / N)));
}

static void long_permutations_stay_in_range(void **state)
{
    (void)state;
    const int64_t n = 1000000000000;
    int64_t to[300];

    for (int i = 0; i < 300; i++) {
        to[i] = rng_permuted(1, RNG_SHUFFLE, 0, n, n - 1 - i * 3333333333);
        assert_true(to[i] >= 0 && to[i] < n);
        for (int j = 0; j < i; j++) assert_true(to[i] != to[j]);
    }
}

TEST_MAIN(cmocka_unit_test(philox_gives_the_known_answers),
          cmocka_unit_test(words_are_philox_of_the_counter),
          cmocka_unit_test(no_two_places_share_a_counter),
          cmocka_unit_test(uniforms_fill_their_interval),
          cmocka_unit_test(normals_have_their_moments_and_law),
          cmocka_unit_test(gammas_have_their_moments_and_law),
          cmocka_unit_test(poissons_have_their_moments_and_law),
          cmocka_unit_test(numbers_below_n_are_unbiased),
          cmocka_unit_test(permutations_are_permutations_and_differ),
          cmocka_unit_test(permutations_are_fair),
          cmocka_unit_test(long_permutations_stay_in_range))
