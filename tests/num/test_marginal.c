/* The kernel of units that are summed over along a path, against its definition in double. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/kern.h"

#include <math.h>
#include <string.h>

enum { TILES = 2, LANES = TILES * KERN_LANES };

static double softplus(double x)
{
    return x > 0.0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static int bit(const uint64_t *row, int c)
{
    return (int)(row[c / 64] >> c % 64 & 1);
}

/* Fields of size `size`, half of the bits set. */
static void fill(float *phi, uint64_t *row, float size)
{
    struct rng r = rng_at(3, RNG_TEST, (int64_t)size, 0);

    for (int c = 0; c < LANES; c++) phi[c] = size * (2.0f * rng_float(&r) - 1.0f);
    for (int t = 0; t < TILES; t++) {
        uint64_t high = rng_word(&r), low = rng_word(&r);
        row[t] = high << 32 | low;
    }
}

/* Small steps and large, fields near and far, on every instruction set; and all the same bits. */
static void gains_and_slopes_are_those_of_the_logarithm(void **state)
{
    (void)state;
    static const float from[6] = { 0.0f, 0.5f, 0.3f, 0.0f, 0.25f, 1.0f };
    static const float to[6] = { 0.001f, 0.5001f, 0.2f, 1.0f, 0.26f, 0.0f };
    static const float size[4] = { 0.1f, 3.0f, 30.0f, 600.0f };
    double first[2][LANES], all[2][LANES];
    const float base = 0.7f;

    for (int n = 0; n < 24; n++) {
        float phi[LANES], a = from[n % 6], b = to[n % 6];
        uint64_t row[TILES];
        fill(phi, row, size[n / 6]);
        for (int i = 0; i < kern_count(); i++) {
            memset(all, 0, sizeof all);
            kern_at(i)->gains(all[0], all[1], row, phi, TILES, base, a, b);
            if (i == 0) memcpy(first, all, sizeof all);
            assert_memory_equal(all, first, sizeof all);
        }
        for (int c = 0; c < LANES; c++) {
            double over = (double)phi[c] - 0.7f, x = bit(row, c);
            double y = (1.0 - (double)a) * 0.7f + (double)a * (double)phi[c];
            double h = ((double)b - (double)a) * over;
            /* x is subtracted before anything is rounded: y and h are floats, 1e-7 of each; the
             * derivative of the gain in y is below min(|h|, 1) */
            double gain = softplus(y + h) - softplus(y) - x * h;
            double near = fmin(fabs(h), 1.0) * 2e-7 * (1.0 + fabs(y)) + 4e-7 * fabs(h);
            assert_near(first[0][c], gain, near + 1e-9);
            double p = 1.0 / (1.0 + exp(-y));
            assert_near(first[1][c], (p - x) * over, 1e-6 * fabs(over) * (1.0 + fabs(y)) + 1e-9);
        }
    }
}

TEST_MAIN(cmocka_unit_test(gains_and_slopes_are_those_of_the_logarithm))
