#include "test.h"

#include "base/rng.h"
#include "num/kern.h"
#include "num/loops.h"

#include <math.h>
#include <string.h>

enum { MOST = 33 * 20 };

static void fill(float *x, int n, int64_t item)
{
    struct rng r = rng_at(9, RNG_TEST, item, 0);

    for (int i = 0; i < n; i++) x[i] = 4.0f * rng_float(&r) - 2.0f;
}

struct set {
    float x[MOST], d[MOST], y[MOST], z[MOST], a[33], b[33], c[33], s[66];
};

static void start(struct set *t)
{
    memset(t, 0, sizeof *t);
    fill(t->x, MOST, 1);
    fill(t->d, MOST, 2);
    fill(t->y, MOST, 3);
    fill(t->a, 33, 4);
    fill(t->b, 33, 5);
    fill(t->c, 33, 6);
}

/* Every loop once over 20 rows of C channels, one result behind the other; returns their number. */
static int results(const struct loops *L, int C, float out[16 * MOST])
{
    struct loops_adam m = { 0.1f, 0.5f, 0.01f, 0.99f, 0.9f, 0.99f, 1e-3f };
    struct set t;
    size_t n = 20 * (size_t)C;
    int at = 0;

    for (int k = 0; k < 16; k++) {
        float *r = k == 5 || k == 6 ? t.s : t.y;
        start(&t);
        if (k == 0) L->affine(t.y, t.x, t.a, t.b, (size_t)C, n);
        if (k == 1) L->affine2(t.y, t.d, t.x, t.a, t.b, t.c, (size_t)C, n, 0);
        if (k == 2) L->affine2(t.y, t.d, t.x, t.a, t.b, t.c, (size_t)C, n, 1);
        if (k == 3) L->prelu(t.y, t.x, t.a, (size_t)C, n);
        if (k == 4) L->prelu_back(t.y, t.s, t.d, t.x, t.a, (size_t)C, n, 0);
        if (k == 5) L->sums(t.s, t.s + 33, t.d, t.x, (size_t)C, n);
        if (k == 6) L->prelu_back(NULL, t.s, t.d, t.x, t.a, (size_t)C, n, 0);
        if (k == 7) L->prelu_back(t.y, t.s, t.d, t.x, t.a, (size_t)C, n, 1);
        if (k == 8) L->silu(t.y, t.x, n);
        if (k == 9) L->silu_back(t.y, t.d, t.x, n, 0);
        if (k == 10) L->silu_back(t.y, t.d, t.x, n, 1);
        if (k == 11) L->soften(t.y, 20, C, C, 0.5f);
        if (k == 12) L->harden(t.y, t.x, 20, C, C, 0.5f);
        if (k == 13) L->soften_columns(t.y, 20, C, C, t.s);
        if (k == 14) L->harden_columns(t.y, t.x, 20, C, C, t.s);
        if (k == 15) {
            for (int i = 0; i < MOST; i++) t.z[i] = fabsf(t.d[i]);
            L->adam(t.y, t.x, t.d, t.z, (int64_t)n, &m);
        }
        memcpy(out + at, r, (r == t.s ? 66 : n) * sizeof *out);
        at += r == t.s ? 66 : (int)n;
    }
    return at;
}

static void every_instruction_set_gives_the_same_bits(void **state)
{
    (void)state;
    static float plain[16 * MOST], other[16 * MOST];
    const int channels[] = { 1, 7, 32, 33 };

    for (int c = 0; c < 4; c++) {
        int n = results(loops_at(0), channels[c], plain);
        for (int i = 1; i < kern_count(); i++) {
            assert_int_equal(results(loops_at(i), channels[c], other), n);
            assert_memory_equal(plain, other, (size_t)n * sizeof *plain);
        }
    }
}

static double sigma(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* By libm in double. Numbers are below 10 and less than 40 are added: 1e-5 is 100 roundings. */
static void loops_are_their_definitions(void **state)
{
    (void)state;
    enum { C = 33, N = 20 * C };
    const struct loops *L = loops_best();
    static float r[16 * MOST];
    struct set t;

    results(L, C, r);
    start(&t);
    const float *affine2 = r + N, *prelu = r + 3 * N, *back = r + 4 * N, *sums = r + 5 * N;
    const float *slopes = sums + 66, *added = slopes + 66, *silu = added + N, *slope = silu + N;
    const float *soft = slope + 2 * N, *hard = soft + N, *columns = hard + N, *across = columns + N;
    const float *adam = across + N;
    for (int i = 0; i < N; i++) {
        double x = (double)t.x[i], d = (double)t.d[i], y = (double)t.y[i], a = (double)t.a[i % C];
        double b = (double)t.b[i % C], c = (double)t.c[i % C], row = 0.0, inner = 0.0;
        double s = sigma(x), column = 0.0, along = 0.0;
        for (int k = 0; k < C; k++) {
            double v = (double)t.y[i / C * C + k];
            row += exp(v);
            inner += v * (double)t.x[i / C * C + k];
        }
        for (int k = 0; k < 20; k++) {
            double v = (double)t.y[k * C + i % C];
            column += exp(v);
            along += v * (double)t.x[k * C + i % C];
        }
        double g = 0.5 * x + 0.01 * y, first = 0.9 * d + 0.1 * g;
        double second = 0.99 * fabs(d) + 0.01 * g * g;
        assert_near((double)r[i], x * a + b, 1e-5);
        assert_near((double)affine2[i], a * d + b * x + c, 1e-5);
        assert_near((double)affine2[N + i], y + a * d + b * x + c, 1e-5);
        assert_near((double)prelu[i], x > 0.0 ? x : a * x, 1e-5);
        assert_near((double)back[i], x > 0.0 ? d : a * d, 1e-5);
        assert_near((double)added[i], y + (x > 0.0 ? d : a * d), 1e-5);
        assert_near((double)silu[i], x * s, 1e-5);
        assert_near((double)slope[i], d * s * (1.0 + x * (1.0 - s)), 1e-5);
        assert_near((double)slope[N + i], y + d * s * (1.0 + x * (1.0 - s)), 1e-5);
        assert_near((double)soft[i], 0.5 * exp(y) / row, 1e-6);
        assert_near((double)hard[i], x * (y - inner / 0.5), 3e-4);
        assert_near((double)columns[i], exp(y) / column, 1e-6);
        assert_near((double)across[i], x * (y - along), 1e-4);
        assert_near((double)adam[i], 0.99 * y - 0.1 * first / (sqrt(second) + 1e-3), 1e-5);
    }
    for (int k = 0; k < C; k++) {
        double sum = 0.0, product = 0.0, below = 0.0;
        for (int i = k; i < N; i += C) {
            sum += (double)t.d[i];
            product += (double)t.d[i] * (double)t.x[i];
            below += t.x[i] > 0.0f ? 0.0 : (double)t.d[i] * (double)t.x[i];
        }
        assert_near((double)sums[k], sum, 1e-5);
        assert_near((double)sums[33 + k], product, 3e-5);
        assert_near((double)slopes[k], below, 3e-5);
    }
}

TEST_MAIN(cmocka_unit_test(every_instruction_set_gives_the_same_bits),
          cmocka_unit_test(loops_are_their_definitions))
