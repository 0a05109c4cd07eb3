#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/conv.h"
#include "num/dnn.h"
#include "num/dnnhalf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static float *filled(int64_t n, int64_t item)
{
    struct rng r = rng_at(1, RNG_TEST, item, 0);
    float *x = mem_take(n, sizeof *x);

    for (int64_t i = 0; i < n; i++) x[i] = 2.0f * rng_float(&r) - 1.0f;
    return x;
}

/* Called for every product that the definition adds up: numbers of x, W and y. */
struct sums {
    const float *x, *y, *W;
    double *dx, *dy, *dW;
};

/* The three sums by their definition, in double. */
static void by_definition(const struct conv_shape *s, const struct sums *m, int B)
{
    int64_t in = 0, k = 0, out = 0;

    for (int b = 0; b < B; b++)
        for (int z = 0; z < s->out[0]; z++)
            for (int p = 0; p < s->out[1]; p++)
                for (int r = 0; r < s->out[2]; r++, out += s->to)
                    for (int t = 0; t < s->kernel[0] * s->kernel[1] * s->kernel[2]; t++) {
                        int tz = t / (s->kernel[1] * s->kernel[2]);
                        int tp = t / s->kernel[2] % s->kernel[1], tr = t % s->kernel[2];
                        in = b * s->in[0] + z * s->stride[0] + tz;
                        in = in * s->in[1] + p * s->stride[1] + tp;
                        in = (in * s->in[2] + r * s->stride[2] + tr) * s->from;
                        for (int o = 0; o < s->to; o++)
                            for (int c = 0; c < s->from; c++) {
                                k = ((int64_t)o * s->kernel[0] * s->kernel[1] * s->kernel[2] + t) *
                                        s->from +
                                    c;
                                m->dy[out + o] += (double)m->x[in + c] * (double)m->W[k];
                                m->dx[in + c] += (double)m->y[out + o] * (double)m->W[k];
                                m->dW[k] += (double)m->x[in + c] * (double)m->y[out + o];
                            }
                    }
}

static void near_all(const float *x, const double *want, int64_t n, double before, double terms,
                     const char *what)
{
    double worst = 0.0;

    for (int64_t i = 0; i < n; i++) worst = fmax(worst, fabs((double)x[i] - before - want[i]));
    /* a float sum of n products of numbers in [-1, 1]: n sqrt(n) 2^-24 would be typical, n^2 is
     * the bound; between them n * 16 is never met and any wrong term is far above */
    if (!(worst <= 16.0 * (terms + 1.0) * 0x1p-24)) print_error("%s of %g terms\n", what, terms);
    assert_near(worst, 0.0, 16.0 * (terms + 1.0) * 0x1p-24);
}

/* What a kernel in bfloat16 takes x for; freed with m's other blocks. */
static float *taken_for(const float *x, int64_t n, int half)
{
    float *y = mem_take(n, sizeof *y);
    uint16_t *h = mem_take(n, sizeof *h);

    dnnhalf_round(h, x, n);
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)h[i] << 16;
        y[i] = x[i];
        if (half) memcpy(&y[i], &bits, sizeof bits);
    }
    mem_free(h);
    return y;
}

static void check(struct conv_shape s, int B, int direct, int half)
{
    struct conv c;
    conv_init(&c, &s, direct, half);
    s = c.s;
    int taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
    int64_t places = (int64_t)s.out[0] * s.out[1] * s.out[2];
    int64_t nx = B * c.x_row, ny = B * c.y_row, nw = (int64_t)s.to * taps * s.from;
    float *x = filled(nx, 1), *y = filled(ny, 2), *W = filled(nw, 3);
    float *fx = filled(nx, 4), *fy = filled(ny, 5), *fw = mem_take(nw, sizeof *fw);
    float *scratch = mem_take(conv_scratch(&c, B) + 1, sizeof *scratch);
    float *tx = taken_for(x, nx, half && !c.stack), *ty = taken_for(y, ny, half && !c.stack),
          *tw = taken_for(W, nw, half && !c.stack);
    struct sums m = { tx,
                      ty,
                      tw,
                      mem_take(nx, sizeof(double)),
                      mem_take(ny, sizeof(double)),
                      mem_take(nw, sizeof(double)) };

    by_definition(&s, &m, B);
    scratch[conv_scratch(&c, B)] = 7.0f;
    conv_forward(&c, fy, x, W, B, 0, scratch);
    near_all(fy, m.dy, ny, 0.0, taps * s.from, "forward");
    for (int64_t i = 0; i < ny; i++) fy[i] = 0.5f;
    conv_forward(&c, fy, x, W, B, 1, scratch);
    near_all(fy, m.dy, ny, 0.5, taps * s.from, "forward added");
    conv_adjoint(&c, fx, y, W, B, 0, scratch);
    near_all(fx, m.dx, nx, 0.0, taps * s.to, "adjoint");
    for (int64_t i = 0; i < nx; i++) fx[i] = 0.5f;
    conv_adjoint(&c, fx, y, W, B, 1, scratch);
    near_all(fx, m.dx, nx, 0.5, taps * s.to, "adjoint added");
    for (int64_t i = 0; i < nw; i++) fw[i] = 0.25f;
    conv_weights(&c, fw, x, y, B, scratch);
    near_all(fw, m.dW, nw, 0.25, (double)places * B, "weights");
    assert_true(scratch[conv_scratch(&c, B)] == 7.0f);
    void *block[] = { x, y, W, tx, ty, tw, fx, fy, fw, scratch, m.dx, m.dy, m.dW };
    for (size_t i = 0; i < sizeof block / sizeof block[0]; i++) mem_free(block[i]);
    conv_free(&c);
}

/* Odd channels, strides that leave a rest, one place, whole and flat kernels. */
static const struct conv_shape shapes[] = {
    { 1, 4, { 7, 5, 4 }, { 0 }, { 3, 3, 3 }, { 2, 1, 1 } },
    { 3, 129, { 5, 4, 3 }, { 0 }, { 3, 3, 2 }, { 2, 1, 1 } },
    { 129, 5, { 4, 4, 4 }, { 0 }, { 3, 3, 3 }, { 2, 2, 1 } },
    { 17, 302, { 3, 3, 4 }, { 0 }, { 3, 3, 3 }, { 1, 2, 2 } },
    { 6, 30, { 3, 3, 2 }, { 0 }, { 3, 3, 2 }, { 2, 1, 1 } },
    { 5, 33, { 2, 3, 2 }, { 0 }, { 1, 1, 1 }, { 1, 1, 1 } },
    { 5, 3, { 5, 3, 4 }, { 0 }, { 1, 1, 1 }, { 2, 1, 3 } },
    { 1, 1, { 9, 2, 3 }, { 0 }, { 7, 1, 1 }, { 1, 1, 1 } },
    { 1, 1, { 45, 16, 9 }, { 0 }, { 31, 1, 1 }, { 1, 1, 1 } },
    { 1, 1, { 9, 5, 7 }, { 0 }, { 3, 1, 1 }, { 2, 1, 1 } },
    { 32, 64, { 6, 5, 4 }, { 0 }, { 3, 3, 3 }, { 2, 1, 1 } },
};

static void products_are_the_definition(void **state)
{
    (void)state;
    dnn_init(1);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) check(shapes[i], 3, 0, 0);
    check((struct conv_shape){ 8, 7, { 40, 20, 20 }, { 0 }, { 3, 3, 3 }, { 2, 1, 1 } }, 2, 0, 0);
}

/* Either by a direct kernel or by products, as the shape decides. */
static void convolutions_are_the_definition(void **state)
{
    (void)state;
    dnn_init(1);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) check(shapes[i], 3, 1, 0);
}

/* 16 rows at a time and a rest, channels that fill vectors and that do not. */
static void direct_kernels_are_the_definition(void **state)
{
    (void)state;
    const struct conv_shape s[] = { { 32, 64, { 5, 4, 4 }, { 0 }, { 3, 3, 3 }, { 2, 1, 1 } },
                                    { 32, 48, { 5, 4, 3 }, { 0 }, { 5, 3, 2 }, { 2, 1, 1 } },
                                    { 64, 32, { 3, 4, 3 }, { 0 }, { 3, 3, 3 }, { 1, 2, 1 } } };

    dnn_init(1);
    for (size_t i = 0; i < sizeof s / sizeof s[0]; i++) {
        check(s[i], CONV_ROWS, 1, 0);
        check(s[i], CONV_ROWS + 2, 1, 0);
        if (dnnhalf_here()) check(s[i], CONV_ROWS + 2, 1, 1);
    }
}

/* The operands are rounded, the sums are those of float32: judged by the definition on rounded
 * numbers, to the tolerance of float32. */
static void products_in_bfloat16_are_the_definition(void **state)
{
    (void)state;
    if (!dnnhalf_here()) test_skip("this processor has no bfloat16 arithmetic");
    dnn_init(1);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) check(shapes[i], 3, 1, 1);
    check((struct conv_shape){ 8, 7, { 40, 20, 20 }, { 0 }, { 3, 3, 3 }, { 2, 1, 1 } }, 2, 0, 1);
}

static void kernels_that_do_not_fit_have_no_places(void **state)
{
    (void)state;
    assert_int_equal(conv_out(45, 3, 2), 22);
    assert_int_equal(conv_out(3, 3, 2), 1);
    assert_int_equal(conv_out(2, 3, 1), -1);
    assert_int_equal(conv_out(2, 0, 1), -1);
    assert_int_equal(conv_out(2, 1, 0), -1);
}

TEST_MAIN(cmocka_unit_test(products_are_the_definition),
          cmocka_unit_test(convolutions_are_the_definition),
          cmocka_unit_test(direct_kernels_are_the_definition),
          cmocka_unit_test(products_in_bfloat16_are_the_definition),
          cmocka_unit_test(kernels_that_do_not_fit_have_no_places))
