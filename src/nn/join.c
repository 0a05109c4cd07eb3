/*
 * Layers of several inputs: concat (channels after channels), add and multiply (with add a block
 * becomes residual, with multiply and add a condition modulates). An input of one place stands at
 * every place of the others; with add and multiply an input of one channel does for all channels.
 * detach: the input as it is, through which no gradient goes.
 */
#include "nn/layers.h"

#include <string.h>

/* Into *s: the space of the inputs that have one. */
static int common_space(const struct layer *l, const struct layer_site *site, struct shape *s,
                        struct err *e)
{
    char one[48], other[48];
    int widest = 0;

    for (int i = 1; i < l->ins; i++)
        if (shape_places(l->from[i]) > shape_places(l->from[widest])) widest = i;
    *s = l->from[widest];
    for (int i = 0; i < l->ins; i++) {
        struct shape f = l->from[i];
        if (shape_places(f) == 1 || (f.d == s->d && f.h == s->h && f.w == s->w)) continue;
        return layer_wrong(site, e, "%s of inputs %d and %d: the places of %s and %s do not fit",
                           l->kind->name, widest, i, layer_shape(*s, one), layer_shape(f, other));
    }
    return 0;
}

static int build_concat(struct layer *l, const struct layer_site *s, struct err *e)
{
    if (common_space(l, s, &l->to, e)) return -1;
    l->to.c = 0;
    for (int i = 0; i < l->ins; i++) l->to.c += l->from[i].c;
    return 0;
}

/* Where input i's channels of place p (counted over rows) begin. */
static size_t begin(const struct layer *l, int i, size_t p)
{
    size_t places = (size_t)shape_places(l->to), one = (size_t)shape_places(l->from[i]);

    return (one == places ? p : p / places) * (size_t)l->from[i].c;
}

static void concat_forward(const struct layer *l, const struct layer_call *c)
{
    size_t all = (size_t)l->to.c, rows = (size_t)c->B * (size_t)shape_places(l->to), before = 0;

    for (int i = 0; i < l->ins; i++) {
        size_t n = (size_t)l->from[i].c;
        for (size_t p = 0; p < rows; p++)
            memcpy(c->y + p * all + before, c->x[i] + begin(l, i, p), n * sizeof(float));
        before += n;
    }
}

/* dx of input i starts at 0 unless there is something to add to. */
static void clear(const struct layer *l, const struct layer_call *c, int i)
{
    if (!c->add[i])
        memset(c->dx[i], 0, (size_t)c->B * (size_t)shape_size(l->from[i]) * sizeof(float));
}

static void concat_backward(const struct layer *l, const struct layer_call *c)
{
    size_t all = (size_t)l->to.c, rows = (size_t)c->B * (size_t)shape_places(l->to), before = 0;

    for (int i = 0; i < l->ins; i++) {
        size_t n = (size_t)l->from[i].c;
        if (c->dx[i] != NULL) clear(l, c, i);
        for (size_t p = 0; p < rows && c->dx[i] != NULL; p++) {
            const float *restrict dy = c->dy + p * all + before;
            float *restrict dx = c->dx[i] + begin(l, i, p);
            for (size_t k = 0; k < n; k++) dx[k] += dy[k];
        }
        before += n;
    }
}

static int build_fitting(struct layer *l, const struct layer_site *s, struct err *e)
{
    char one[48], other[48];
    int widest = 0;

    if (common_space(l, s, &l->to, e)) return -1;
    for (int i = 1; i < l->ins; i++)
        if (l->from[i].c > l->from[widest].c) widest = i;
    l->to.c = l->from[widest].c;
    for (int i = 0; i < l->ins; i++)
        if (l->from[i].c != 1 && l->from[i].c != l->to.c)
            return layer_wrong(s, e, "%s of inputs %d and %d: the channels of %s and %s differ",
                               l->kind->name, widest, i, layer_shape(l->from[widest], one),
                               layer_shape(l->from[i], other));
    return 0;
}

/* y += x, or y *= x, of the whole shape or of what stands for it. */
static void combine(const struct layer *l, const struct layer_call *c, int i, int times)
{
    size_t C = (size_t)l->to.c, rows = (size_t)c->B * (size_t)shape_places(l->to);
    int single = l->from[i].c == 1 && C > 1;

    for (size_t p = 0; p < rows; p++) {
        const float *restrict x = c->x[i] + begin(l, i, p);
        float *restrict y = c->y + p * C;
        if (single && times)
            for (size_t k = 0; k < C; k++) y[k] *= x[0];
        else if (single)
            for (size_t k = 0; k < C; k++) y[k] += x[0];
        else if (times)
            for (size_t k = 0; k < C; k++) y[k] *= x[k];
        else
            for (size_t k = 0; k < C; k++) y[k] += x[k];
    }
}

static void add_forward(const struct layer *l, const struct layer_call *c)
{
    memset(c->y, 0, (size_t)c->B * (size_t)shape_size(l->to) * sizeof(float));
    for (int i = 0; i < l->ins; i++) combine(l, c, i, 0);
}

static void multiply_forward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)c->B * (size_t)shape_size(l->to);

    for (size_t k = 0; k < n; k++) c->y[k] = 1.0f;
    for (int i = 0; i < l->ins; i++) combine(l, c, i, 1);
}

/* dx of input i += dy, times the other input where there is one. */
static void share(const struct layer *l, const struct layer_call *c, int i, int other)
{
    size_t C = (size_t)l->to.c, rows = (size_t)c->B * (size_t)shape_places(l->to);
    size_t step = l->from[i].c == 1 ? 0 : 1;
    size_t also = other >= 0 && l->from[other].c == 1 ? 0 : 1;

    if (c->dx[i] == NULL) return;
    clear(l, c, i);
    for (size_t p = 0; p < rows; p++) {
        const float *dy = c->dy + p * C, *x = other >= 0 ? c->x[other] + begin(l, other, p) : NULL;
        float *dx = c->dx[i] + begin(l, i, p);
        for (size_t k = 0; k < C; k++) dx[k * step] += x != NULL ? dy[k] * x[k * also] : dy[k];
    }
}

static void add_backward(const struct layer *l, const struct layer_call *c)
{
    for (int i = 0; i < l->ins; i++) share(l, c, i, -1);
}

static void multiply_backward(const struct layer *l, const struct layer_call *c)
{
    for (int i = 0; i < 2; i++) share(l, c, i, 1 - i);
}

const struct layer_kind layer_concat = {
    .name = "concat",
    .keys = "",
    .least = 1,
    .most = LAYER_INPUTS,
    .build = build_concat,
    .forward = concat_forward,
    .backward = concat_backward,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};

const struct layer_kind layer_add = {
    .name = "add",
    .keys = "",
    .least = 2,
    .most = LAYER_INPUTS,
    .build = build_fitting,
    .forward = add_forward,
    .backward = add_backward,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};

const struct layer_kind layer_multiply = {
    .name = "multiply",
    .keys = "",
    .least = 2,
    .most = 2,
    .build = build_fitting,
    .forward = multiply_forward,
    .backward = multiply_backward,
    .spares = LAYER_SPARES_Y,
};

static int build_detach(struct layer *l, const struct layer_site *s, struct err *e)
{
    (void)s, (void)e;
    l->to = l->from[0];
    l->stops = 1;
    return 0;
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
    .forward = layer_copy,
    .backward = detach_backward,
};
