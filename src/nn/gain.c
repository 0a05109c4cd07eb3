/*
 * Two layers that keep the shape:
 *
 *   gain       y = g x with one trained number g (init, 1): how much of a branch is let through
 *   noise      y = x + deviation n, n normal: a function of (seed, RNG_DROPOUT, item, step) and of
 *              the layer; when: training (evaluation adds nothing) or always, as CaloQVAE does
 *   transpose  channels become places and places channels: [places, C] to [C, places], after which
 *              a convolution of kernel 1 mixes places
 */
#include "nn/layers.h"

#include "base/rng.h"

#include <string.h>

/* --- gain ------------------------------------------------------------------------------------ */

enum { INIT }; /* options */

static int build_gain(struct layer *l, const struct layer_site *s, struct err *e)
{
    double init;

    if (layer_real(s, "init", 1.0, &init, e)) return -1;
    l->option[INIT] = (float)init;
    l->to = l->from[0];
    layer_tensor(l, s, "gain", 1, 0);
    return 0;
}

static void gain_start(const struct layer *l, const struct tensors *T, float *params, uint64_t seed)
{
    (void)seed;
    layer_fill(T, l->tensor[0], params, (double)l->option[INIT]);
}

static void gain_forward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)c->B * (size_t)shape_size(l->to);
    float g = c->params[l->at[0]];

    for (size_t i = 0; i < n; i++) c->y[i] = g * c->x[0][i];
}

/* A float sum over all numbers would lose bits: row by row, and in double. */
static void gain_backward(const struct layer *l, const struct layer_call *c)
{
    size_t row = (size_t)shape_size(l->to), n = (size_t)c->B * row;
    const float *restrict x = c->x[0], *restrict dy = c->dy;
    float g = c->params[l->at[0]], *dx = c->dx[0];
    double sum = 0.0;

    for (size_t b = 0; b < (size_t)c->B; b++) {
        double part = 0.0;
        for (size_t i = b * row; i < (b + 1) * row; i++) part += (double)(x[i] * dy[i]);
        sum += part;
    }
    c->grad[l->at[0]] += (float)sum;
    for (size_t i = 0; i < n && dx != NULL; i++) dx[i] = (c->add[0] ? dx[i] : 0.0f) + g * dy[i];
}

/* --- noise ----------------------------------------------------------------------------------- */

enum { DEVIATION }; /* options */
enum { ALWAYS };    /* numbers */

static int build_noise(struct layer *l, const struct layer_site *s, struct err *e)
{
    double deviation;

    if (layer_real(s, "deviation", 1.0, &deviation, e) ||
        layer_choice(s, "when", " training always ", &l->number[ALWAYS], e))
        return -1;
    if (deviation < 0.0) return layer_wrong(s, e, "deviation: %g: expected 0 or more", deviation);
    l->option[DEVIATION] = (float)deviation;
    l->to = l->from[0];
    return 0;
}

static void noise_forward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)shape_size(l->to);

    if (!c->training && !l->number[ALWAYS]) {
        layer_copy(l, c);
        return;
    }
    for (size_t b = 0; b < (size_t)c->B; b++) {
        int64_t item = c->draw->item != NULL ? c->draw->item[b] : (int64_t)b;
        struct rng r = rng_at(c->draw->seed, RNG_DROPOUT, item, c->draw->step);
        r.counter[0] = (uint32_t)l->out << 20; /* each layer has its own blocks */
        for (size_t k = b * n; k < (b + 1) * n; k++)
            c->y[k] = c->x[0][k] + l->option[DEVIATION] * (float)rng_normal(&r);
    }
}

/* --- transpose ------------------------------------------------------------------------------- */

static int build_transpose(struct layer *l, const struct layer_site *s, struct err *e)
{
    (void)s, (void)e;
    l->to = (struct shape){ shape_places(l->from[0]), l->from[0].c, 1, 1 };
    return 0;
}

/* y [m, n] (+)= x [n, m]^T, in squares that stay in the cache. */
static void turn(float *restrict y, const float *restrict x, size_t n, size_t m, int add)
{
    enum { SIDE = 16 };

    for (size_t i = 0; i < n; i += SIDE)
        for (size_t j = 0; j < m; j += SIDE)
            for (size_t k = j; k < j + SIDE && k < m; k++)
                for (size_t h = i; h < i + SIDE && h < n; h++)
                    y[k * n + h] = (add ? y[k * n + h] : 0.0f) + x[h * m + k];
}

static void transpose_forward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)shape_places(l->from[0]), m = (size_t)l->from[0].c;

    for (size_t b = 0; b < (size_t)c->B; b++) turn(c->y + b * n * m, c->x[0] + b * n * m, n, m, 0);
}

static void transpose_backward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)shape_places(l->from[0]), m = (size_t)l->from[0].c;

    for (size_t b = 0; b < (size_t)c->B && c->dx[0] != NULL; b++)
        turn(c->dx[0] + b * n * m, c->dy + b * n * m, m, n, c->add[0]);
}

const struct layer_kind layer_gain = {
    .name = "gain",
    .keys = " init ",
    .least = 1,
    .most = 1,
    .build = build_gain,
    .start = gain_start,
    .forward = gain_forward,
    .backward = gain_backward,
};

const struct layer_kind layer_noise = {
    .name = "noise",
    .keys = " deviation when ",
    .least = 1,
    .most = 1,
    .build = build_noise,
    .forward = noise_forward,
    .backward = layer_copy_back,
};

const struct layer_kind layer_transpose = {
    .name = "transpose",
    .keys = "",
    .least = 1,
    .most = 1,
    .build = build_transpose,
    .forward = transpose_forward,
    .backward = transpose_backward,
};
