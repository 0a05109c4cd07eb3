/*
 * layer_norm: y = gain (x - mean) / sqrt(var + 1e-5) + shift, mean and variance over a row (Ba,
 * Kiros and Hinton 2016), or, over: channels, of each place by itself. gain, shift [units].
 *
 * normalise: y = (x - shift) scale, with constants shift, scale [units] that do not learn: 0 and 1
 * until graph_data brings the means and inverse deviations of the data.
 */
#include "nn/layers.h"

#include <math.h>

enum { GAIN, SHIFT };         /* tensors of layer_norm */
enum { CENTRE, SCALE };       /* tensors of normalise */
enum { MEAN, INVERSE, KEPT }; /* what layer_norm keeps of each mean */
enum { OVER };                /* numbers of layer_norm: that one mean is over */

static int build(struct layer *l, const struct layer_site *s, struct err *e)
{
    int places;

    if (layer_choice(s, "over", " row channels ", &places, e)) return -1;
    l->to = l->from[0];
    l->number[OVER] = places ? l->to.c : shape_size(l->to);
    l->kept = KEPT * (shape_size(l->to) / l->number[OVER]);
    layer_tensor(l, s, "gain", l->number[OVER], 0);
    layer_tensor(l, s, "shift", l->number[OVER], 0);
    return 0;
}

static void start(const struct layer *l, const struct tensors *T, float *params, uint64_t seed)
{
    (void)seed;
    layer_fill(T, l->tensor[GAIN], params, 1.0);
    layer_fill(T, l->tensor[SHIFT], params, 0.0);
}

static void forward(const struct layer *l, const struct layer_call *c)
{
    int n = l->number[OVER], rows = c->B * (shape_size(l->to) / n);
    const float *gain = c->params + l->at[GAIN], *shift = c->params + l->at[SHIFT];

    for (int b = 0; b < rows; b++) {
        const float *x = c->x[0] + (size_t)b * (size_t)n;
        float *y = c->y + (size_t)b * (size_t)n, *keep = c->keep + (size_t)b * KEPT;
        double sum = 0.0, square = 0.0;
        for (int i = 0; i < n; i++) sum += (double)x[i];
        double mean = sum / n;
        for (int i = 0; i < n; i++) square += ((double)x[i] - mean) * ((double)x[i] - mean);
        keep[MEAN] = (float)mean;
        keep[INVERSE] = (float)(1.0 / sqrt(square / n + 1e-5));
        for (int i = 0; i < n; i++) y[i] = gain[i] * (x[i] - keep[MEAN]) * keep[INVERSE] + shift[i];
    }
}

/* With v the normalised row and g = dy gain: dx = (g - mean(g) - v mean(g v)) / deviation. */
static void backward(const struct layer *l, const struct layer_call *c)
{
    int n = l->number[OVER], rows = c->B * (shape_size(l->to) / n);
    const float *gain = c->params + l->at[GAIN];
    float *dgain = c->grad + l->at[GAIN], *dshift = c->grad + l->at[SHIFT];

    for (int b = 0; b < rows; b++) {
        const float *x = c->x[0] + (size_t)b * (size_t)n, *dy = c->dy + (size_t)b * (size_t)n;
        float mean = c->keep[(size_t)b * KEPT + MEAN],
              inverse = c->keep[(size_t)b * KEPT + INVERSE];
        double g_sum = 0.0, gv_sum = 0.0;
        for (int i = 0; i < n; i++) {
            float v = (x[i] - mean) * inverse;
            dgain[i] += dy[i] * v;
            dshift[i] += dy[i];
            g_sum += (double)(dy[i] * gain[i]);
            gv_sum += (double)(dy[i] * gain[i] * v);
        }
        if (c->dx[0] == NULL) continue;
        float *dx = c->dx[0] + (size_t)b * (size_t)n;
        float g_mean = (float)(g_sum / n), gv_mean = (float)(gv_sum / n);
        for (int i = 0; i < n; i++) {
            float v = (x[i] - mean) * inverse;
            float d = (dy[i] * gain[i] - g_mean - v * gv_mean) * inverse;
            dx[i] = c->add[0] ? dx[i] + d : d;
        }
    }
}

static int build_normalise(struct layer *l, const struct layer_site *s, struct err *e)
{
    (void)e;
    l->to = l->from[0];
    layer_fixed(l, s, "centre", shape_size(l->to));
    layer_fixed(l, s, "scale", shape_size(l->to));
    return 0;
}

static void start_normalise(const struct layer *l, const struct tensors *T, float *params,
                            uint64_t seed)
{
    (void)seed;
    layer_fill(T, l->tensor[CENTRE], params, 0.0);
    layer_fill(T, l->tensor[SCALE], params, 1.0);
}

static void normalise_forward(const struct layer *l, const struct layer_call *c)
{
    const float *centre = c->params + l->at[CENTRE], *scale = c->params + l->at[SCALE];
    int n = shape_size(l->to);

    for (int b = 0; b < c->B; b++) {
        const float *x = c->x[0] + (size_t)b * (size_t)n;
        float *y = c->y + (size_t)b * (size_t)n;
        for (int i = 0; i < n; i++) y[i] = (x[i] - centre[i]) * scale[i];
    }
}

static void normalise_backward(const struct layer *l, const struct layer_call *c)
{
    const float *scale = c->params + l->at[SCALE];
    int n = shape_size(l->to);

    if (c->dx[0] == NULL) return;
    for (int b = 0; b < c->B; b++) {
        const float *dy = c->dy + (size_t)b * (size_t)n;
        float *dx = c->dx[0] + (size_t)b * (size_t)n;
        for (int i = 0; i < n; i++) dx[i] = (c->add[0] ? dx[i] : 0.0f) + dy[i] * scale[i];
    }
}

const struct layer_kind layer_norm = {
    .name = "layer_norm",
    .keys = " over ",
    .least = 1,
    .most = 1,
    .build = build,
    .start = start,
    .forward = forward,
    .backward = backward,
    .spares = LAYER_SPARES_Y,
    .published = { "weight", "bias" },
};

const struct layer_kind layer_normalise = {
    .name = "normalise",
    .keys = "",
    .least = 1,
    .most = 1,
    .build = build_normalise,
    .start = start_normalise,
    .forward = normalise_forward,
    .backward = normalise_backward,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};
