/*
 * Layers of several inputs: concat (units after units), add and multiply (equal shapes; with add a
 * block becomes residual, with multiply and add a condition modulates). detach: the input as it is,
 * through which no gradient goes.
 */
#include "nn/layers.h"

#include <string.h>

static int build_concat(struct layer *l, const struct layer_site *s, struct err *e)
{
    int channels = 0;

    for (int i = 0; i < l->ins; i++) {
        struct shape f = l->from[i], g = l->from[0];
        if (f.d != g.d || f.h != g.h || f.w != g.w)
            return layer_wrong(
                s, e, "concat of inputs 0 and %d: %d x %d x %d and %d x %d x %d do not fit", i, g.d,
                g.h, g.w, f.d, f.h, f.w);
        channels += f.c;
    }
    l->to = l->from[0];
    l->to.c = channels;
    return 0;
}

static void concat_forward(const struct layer *l, const struct layer_call *c)
{
    size_t all = (size_t)shape_size(l->to), before = 0;

    for (int i = 0; i < l->ins; i++) {
        size_t n = (size_t)shape_size(l->from[i]);
        for (size_t b = 0; b < (size_t)c->B; b++)
            memcpy(c->y + b * all + before, c->x[i] + b * n, n * sizeof(float));
        before += n;
    }
}

static void concat_backward(const struct layer *l, const struct layer_call *c)
{
    size_t all = (size_t)shape_size(l->to), before = 0;

    for (int i = 0; i < l->ins; i++) {
        size_t n = (size_t)shape_size(l->from[i]);
        for (size_t b = 0; b < (size_t)c->B && c->dx[i] != NULL; b++) {
            const float *dy = c->dy + b * all + before;
            float *dx = c->dx[i] + b * n;
            for (size_t k = 0; k < n; k++) dx[k] = (c->add[i] ? dx[k] : 0.0f) + dy[k];
        }
        before += n;
    }
}

static int build_equal(struct layer *l, const struct layer_site *s, struct err *e)
{
    struct shape g = l->from[0];

    for (int i = 1; i < l->ins; i++) {
        struct shape f = l->from[i];
        if (f.c != g.c || f.d != g.d || f.h != g.h || f.w != g.w)
            return layer_wrong(
                s, e, "%s of inputs 0 and %d: %d x %d x %d x %d and %d x %d x %d x %d differ",
                l->kind->name, i, g.c, g.d, g.h, g.w, f.c, f.d, f.h, f.w);
    }
    l->to = g;
    return 0;
}

static void add_forward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)c->B * (size_t)shape_size(l->to);

    memcpy(c->y, c->x[0], n * sizeof(float));
    for (int i = 1; i < l->ins; i++)
        for (size_t k = 0; k < n; k++) c->y[k] += c->x[i][k];
}

static void add_backward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)c->B * (size_t)shape_size(l->to);

    for (int i = 0; i < l->ins; i++) {
        float *dx = c->dx[i];
        if (dx == NULL) continue;
        for (size_t k = 0; k < n; k++) dx[k] = (c->add[i] ? dx[k] : 0.0f) + c->dy[k];
    }
}

static void multiply_forward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)c->B * (size_t)shape_size(l->to);

    for (size_t k = 0; k < n; k++) c->y[k] = c->x[0][k] * c->x[1][k];
}

static void multiply_backward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)c->B * (size_t)shape_size(l->to);

    for (int i = 0; i < 2; i++) {
        const float *other = c->x[1 - i];
        float *dx = c->dx[i];
        if (dx == NULL) continue;
        for (size_t k = 0; k < n; k++) dx[k] = (c->add[i] ? dx[k] : 0.0f) + c->dy[k] * other[k];
    }
}

const struct layer_kind layer_concat = {
    .name = "concat",
    .keys = "",
    .least = 1,
    .most = LAYER_INPUTS,
    .build = build_concat,
    .forward = concat_forward,
    .backward = concat_backward,
};

const struct layer_kind layer_add = {
    .name = "add",
    .keys = "",
    .least = 2,
    .most = LAYER_INPUTS,
    .build = build_equal,
    .forward = add_forward,
    .backward = add_backward,
};

const struct layer_kind layer_multiply = {
    .name = "multiply",
    .keys = "",
    .least = 2,
    .most = 2,
    .build = build_equal,
    .forward = multiply_forward,
    .backward = multiply_backward,
};

static int build_detach(struct layer *l, const struct layer_site *s, struct err *e)
{
    (void)s, (void)e;
    l->to = l->from[0];
    l->stops = 1;
    return 0;
}

static void detach_forward(const struct layer *l, const struct layer_call *c)
{
    memcpy(c->y, c->x[0], (size_t)c->B * (size_t)shape_size(l->to) * sizeof(float));
}

static void detach_backward(const struct layer *l, const struct layer_call *c)
{
    (void)l, (void)c; /* never called: its value wants no gradient */
}

const struct layer_kind layer_detach = {
    .name = "detach",
    .keys = "",
    .least = 1,
    .most = 1,
    .build = build_detach,
    .forward = detach_forward,
    .backward = detach_backward,
};
