/*
 * Layers that move numbers, or do one thing to each:
 *
 *   reshape    the same numbers in another shape; shape: [channels, z, phi, r]
 *   slice      channels first .. first + units - 1; or partition: k, the bits of partition k where
 *              all bits are the first channels (sizes p0, p1, ... say how many each has)
 *   broadcast  the channels of one place, at each of z, phi, r places (places: [z, phi, r])
 *   bias       y = x + a number of its own for each unit [units]; may start from data
 *   dropout    in training each number is 0 with probability rate, else divided by 1 - rate
 *              (Srivastava et al. 2014): a function of (seed, global number of the row, step,
 * layer)
 */
#include "nn/layers.h"

#include "base/rng.h"

#include <stdio.h>
#include <string.h>

enum { FIRST }; /* numbers */
enum { RATE };  /* options */

static size_t numbers(const struct layer *l, const struct layer_call *c)
{
    return (size_t)c->B * (size_t)shape_size(l->to);
}

void layer_copy(const struct layer *l, const struct layer_call *c)
{
    memcpy(c->y, c->x[0], numbers(l, c) * sizeof *c->y);
}

void layer_copy_back(const struct layer *l, const struct layer_call *c)
{
    float *restrict dx = c->dx[0];
    size_t n = numbers(l, c);

    if (dx == NULL) return;
    if (!c->add[0]) memcpy(dx, c->dy, n * sizeof *dx);
    for (size_t i = 0; c->add[0] && i < n; i++) dx[i] += c->dy[i];
}

/* --- reshape --------------------------------------------------------------------------------- */

static int build_reshape(struct layer *l, const struct layer_site *s, struct err *e)
{
    const struct yaml *y = yaml_get(s->at, "shape");
    char text[48];
    int n[4];

    if (y == NULL || y->kind != YAML_LIST || y->n != 4)
        return layer_wrong(s, e, "this layer needs 'shape', [channels, z, phi, r]");
    for (int i = 0; i < 4; i++)
        if (layer_entry(s, y, i, "shape", &n[i], e)) return -1;
    l->to = (struct shape){ n[0], n[1], n[2], n[3] };
    double product = (double)n[0] * n[1] * n[2] * n[3];
    if (product == (double)shape_size(l->from[0])) return 0;
    return layer_wrong(s, e, "reshape: %s has %d numbers, %d x %d x %d x %d has %.0f",
                       layer_shape(l->from[0], text), shape_size(l->from[0]), n[0], n[1], n[2],
                       n[3], product);
}

/* --- slice ----------------------------------------------------------------------------------- */

static int size_of(const struct layer_site *s, int partition)
{
    char name[16];

    snprintf(name, sizeof name, "p%d", partition);
    for (int i = 0; i < s->sizes; i++)
        if (strcmp(s->size[i].name, name) == 0) return s->size[i].n;
    return 0;
}

static int build_slice(struct layer *l, const struct layer_site *s, struct err *e)
{
    int *first = &l->number[FIRST], units = 0, partition;
    char text[48];

    if (layer_int(s, "partition", -1, 0, 63, &partition, e) ||
        layer_int(s, "first", 0, 0, 1 << 24, first, e))
        return -1;
    if (partition < 0 && layer_size(s, "units", &units, e)) return -1;
    for (int k = 0; k < partition; k++) *first += size_of(s, k);
    if (partition >= 0 && (units = size_of(s, partition)) == 0)
        return layer_wrong(s, e, "slice: there is no partition %d", partition);
    l->to = l->from[0];
    l->to.c = units;
    if (*first + units <= l->from[0].c) return 0;
    return layer_wrong(s, e, "slice: channels %d to %d of %s", *first, *first + units - 1,
                       layer_shape(l->from[0], text));
}

static void slice_forward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)l->to.c, wide = (size_t)l->from[0].c;
    size_t rows = (size_t)c->B * (size_t)shape_places(l->to);
    const float *x = c->x[0] + l->number[FIRST];

    for (size_t i = 0; i < rows; i++) memcpy(c->y + i * n, x + i * wide, n * sizeof *c->y);
}

static void slice_backward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)l->to.c, wide = (size_t)l->from[0].c;
    size_t rows = (size_t)c->B * (size_t)shape_places(l->to);

    if (c->dx[0] == NULL) return;
    if (!c->add[0]) memset(c->dx[0], 0, rows * wide * sizeof *c->dx[0]);
    for (size_t i = 0; i < rows; i++) {
        float *dx = c->dx[0] + i * wide + l->number[FIRST];
        for (size_t k = 0; k < n; k++) dx[k] += c->dy[i * n + k];
    }
}

/* --- broadcast ------------------------------------------------------------------------------- */

static int build_broadcast(struct layer *l, const struct layer_site *s, struct err *e)
{
    int n[3];
    char text[48];

    if (layer_triple(s, "places", 0, n, e)) return -1;
    if (shape_places(l->from[0]) != 1)
        return layer_wrong(s, e, "broadcast: %s has more than one place",
                           layer_shape(l->from[0], text));
    l->to = (struct shape){ l->from[0].c, n[0], n[1], n[2] };
    return 0;
}

static void broadcast_forward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)l->to.c, places = (size_t)shape_places(l->to);

    for (size_t i = 0; i < (size_t)c->B * places; i++)
        memcpy(c->y + i * n, c->x[0] + i / places * n, n * sizeof *c->y);
}

static void broadcast_backward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)l->to.c, places = (size_t)shape_places(l->to);

    if (c->dx[0] == NULL) return;
    if (!c->add[0]) memset(c->dx[0], 0, (size_t)c->B * n * sizeof *c->dx[0]);
    for (size_t i = 0; i < (size_t)c->B * places; i++) {
        float *dx = c->dx[0] + i / places * n;
        for (size_t k = 0; k < n; k++) dx[k] += c->dy[i * n + k];
    }
}

/* --- bias ------------------------------------------------------------------------------------ */

static int build_bias(struct layer *l, const struct layer_site *s, struct err *e)
{
    (void)e;
    l->to = l->from[0];
    layer_tensor(l, s, "bias", shape_size(l->to), 0);
    return 0;
}

static void bias_start(const struct layer *l, const struct tensors *T, float *params, uint64_t seed)
{
    (void)seed;
    layer_fill(T, l->tensor[0], params, 0.0);
}

static void bias_forward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)shape_size(l->to);
    const float *bias = c->params + l->at[0];

    for (size_t b = 0; b < (size_t)c->B; b++)
        for (size_t k = 0; k < n; k++) c->y[b * n + k] = c->x[0][b * n + k] + bias[k];
}

static void bias_backward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)shape_size(l->to);
    float *db = c->grad + l->at[0];

    for (size_t b = 0; b < (size_t)c->B; b++)
        for (size_t k = 0; k < n; k++) db[k] += c->dy[b * n + k];
    layer_copy_back(l, c);
}

/* --- dropout --------------------------------------------------------------------------------- */

static int build_dropout(struct layer *l, const struct layer_site *s, struct err *e)
{
    double rate;

    if (layer_real(s, "rate", 0.1, &rate, e)) return -1;
    if (rate < 0.0 || rate >= 1.0)
        return layer_wrong(s, e, "rate: %g: expected 0 to below 1", rate);
    l->option[RATE] = (float)rate;
    l->to = l->from[0];
    l->kept = shape_size(l->to);
    return 0;
}

static void dropout_forward(const struct layer *l, const struct layer_call *c)
{
    size_t n = (size_t)l->kept;
    float rate = l->option[RATE];

    for (size_t b = 0; b < (size_t)c->B; b++) {
        const float *x = c->x[0] + b * n;
        float *y = c->y + b * n, *times = c->keep + b * n;
        int64_t item = c->draw->item != NULL ? c->draw->item[b] : (int64_t)b;
        struct rng r = rng_at(c->draw->seed, RNG_DROPOUT, item, c->draw->step);
        r.counter[0] = (uint32_t)l->out << 20; /* each layer has its own blocks */
        for (size_t k = 0; k < n; k++) {
            times[k] = !c->training ? 1.0f : rng_float(&r) < rate ? 0.0f : 1.0f / (1.0f - rate);
            y[k] = x[k] * times[k];
        }
    }
}

static void dropout_backward(const struct layer *l, const struct layer_call *c)
{
    size_t n = numbers(l, c);
    float *dx = c->dx[0];

    for (size_t i = 0; i < n && dx != NULL; i++)
        dx[i] = (c->add[0] ? dx[i] : 0.0f) + c->dy[i] * c->keep[i];
}

const struct layer_kind layer_reshape = {
    .name = "reshape",
    .keys = " shape ",
    .least = 1,
    .most = 1,
    .build = build_reshape,
    .forward = layer_copy,
    .backward = layer_copy_back,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};

const struct layer_kind layer_slice = {
    .name = "slice",
    .keys = " first units partition ",
    .least = 1,
    .most = 1,
    .build = build_slice,
    .forward = slice_forward,
    .backward = slice_backward,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};

const struct layer_kind layer_broadcast = {
    .name = "broadcast",
    .keys = " places ",
    .least = 1,
    .most = 1,
    .build = build_broadcast,
    .forward = broadcast_forward,
    .backward = broadcast_backward,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};

const struct layer_kind layer_bias = {
    .name = "bias",
    .keys = "",
    .least = 1,
    .most = 1,
    .build = build_bias,
    .start = bias_start,
    .forward = bias_forward,
    .backward = bias_backward,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};

const struct layer_kind layer_dropout = {
    .name = "dropout",
    .keys = " rate ",
    .least = 1,
    .most = 1,
    .build = build_dropout,
    .forward = dropout_forward,
    .backward = dropout_backward,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};
