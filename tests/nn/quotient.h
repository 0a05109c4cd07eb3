/*
 * quotient.h - gradients held to difference quotients of a loss; for the tests of layers.
 */
#ifndef NN_QUOTIENT_H
#define NN_QUOTIENT_H

#include "test.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

/* What is differentiated: the loss, and the sum of the sizes of its terms into *size. */
struct slope {
    double (*loss)(void *ctx, double *size);
    void *ctx;
};

/* Away from 0, where relu and its kin have a kink: no step of a quotient crosses it. */
static inline void slope_fill(float *x, int64_t n, int64_t item)
{
    struct rng r = rng_at(7, RNG_TEST, item, 0);

    for (int64_t i = 0; i < n; i++) {
        float v = 2.0f * rng_float(&r) - 1.0f;
        x[i] = v + (v < 0.0f ? -0.2f : 0.2f);
    }
}

/* Central quotient of the loss when x moves by h along d. */
static inline double quotient(const struct slope *s, float *x, const float *start, const float *d,
                              int64_t n, double h, double *size)
{
    double up, down;

    for (int64_t i = 0; i < n; i++) x[i] = start[i] + (float)h * d[i];
    up = s->loss(s->ctx, size);
    for (int64_t i = 0; i < n; i++) x[i] = start[i] - (float)h * d[i];
    down = s->loss(s->ctx, size);
    memcpy(x, start, (size_t)n * sizeof(float));
    return (up - down) / (2.0 * h);
}

/*
 * g . d against Richardson's (4 D(h/2) - D(h)) / 3 along a random d. Its truncation is O(h^4), less
 * than a quarter of the correction it makes; float rounding of the loss, some 8 operations deep on
 * numbers up to 2, gives 3 * 16 * 2^-24 size / h. With |d| of order one and h = 1/16 both are below
 * 1e-4 of the sizes here.
 */
static inline void slope_check(const struct slope *s, const char *text, const char *name, float *x,
                               const float *g, int64_t n, int64_t item)
{
    const double h = 1.0 / 16.0;
    float *d = mem_take(n, sizeof *d), *start = mem_take(n, sizeof *start);
    double along = 0.0, norm = 0.0, size;

    slope_fill(d, n, 1000 + item);
    for (int64_t i = 0; i < n; i++) norm += (double)d[i] * (double)d[i];
    for (int64_t i = 0; i < n; i++) d[i] = (float)((double)d[i] / sqrt(norm));
    memcpy(start, x, (size_t)n * sizeof(float));
    for (int64_t i = 0; i < n; i++) along += (double)g[i] * (double)d[i];
    double wide = quotient(s, x, start, d, n, h, &size);
    double close = quotient(s, x, start, d, n, h / 2.0, &size);
    double best = (4.0 * close - wide) / 3.0;
    double tolerance = 48.0 * 0x1p-24 * size / h + 0.25 * fabs(close - wide) + 1e-5;
    if (!(fabs(best - along) <= tolerance)) print_error("%s, gradient of %s:\n", text, name);
    assert_near(along, best, tolerance);
    mem_free(d);
    mem_free(start);
}

#endif
