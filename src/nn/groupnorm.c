/*
 * group_norm: y = gain (x - mean) / sqrt(var + 1e-5) + shift, mean and variance of a row over all
 * places of the channels of a group (Wu and He 2018). groups (1) divides the channels; gain, shift
 * [channels].
 */
#include "nn/layers.h"

#include "num/loops.h"

#include <math.h>

enum { GAIN, SHIFT };         /* tensors */
enum { MEAN, INVERSE, KEPT }; /* kept of a group of a row */

static int build(struct layer *l, const struct layer_site *s, struct err *e)
{
    int *groups = &l->number[0];

    l->to = l->from[0];
    if (layer_int(s, "groups", 1, 1, l->to.c, groups, e)) return -1;
    if (l->to.c % *groups != 0)
        return layer_wrong(s, e, "groups: %d does not divide %d channels", *groups, l->to.c);
    l->kept = KEPT * *groups;
    layer_tensor(l, s, "gain", l->to.c, 0);
    layer_tensor(l, s, "shift", l->to.c, 0);
    return 0;
}

static void start(const struct layer *l, const struct tensors *T, float *params, uint64_t seed)
{
    (void)seed;
    layer_fill(T, l->tensor[GAIN], params, 1.0);
    layer_fill(T, l->tensor[SHIFT], params, 0.0);
}

static void prepare(struct layer *l, int batch)
{
    (void)batch;
    l->scratch = 3 * l->to.c;
}

/* Sums of the channels of a row, over places, into scratch[2C]: of x and (x - centre)^2. */
static void channel_sums(const struct layer *l, const float *x, float *restrict sum,
                         const float *centre)
{
    size_t C = (size_t)l->to.c, n = (size_t)shape_size(l->to);
    float *restrict square = sum + C;

    for (size_t k = 0; k < 2 * C; k++) sum[k] = 0.0f;
    for (size_t at = 0; at < n; at += C)
        for (size_t k = 0; k < C; k++) {
            float d = x[at + k] - (centre != NULL ? centre[k] : 0.0f);
            sum[k] += d;
            square[k] += d * d;
        }
}

static double group_sum(const float *x, int n)
{
    double sum = 0.0;

    for (int k = 0; k < n; k++) sum += (double)x[k];
    return sum;
}

/* Mean first, then the squares about it: a variance far below the mean keeps its digits. The means
 * of the groups are spread over their channels in y's first place meanwhile. */
static void moments(const struct layer *l, const struct layer_call *c, const float *x, float *y,
                    float *keep)
{
    int C = l->to.c, groups = l->number[0], size = C / groups;
    double n = (double)size * shape_places(l->to);

    channel_sums(l, x, c->scratch, NULL);
    for (int g = 0; g < groups; g++) {
        keep[g * KEPT + MEAN] = (float)(group_sum(c->scratch + g * size, size) / n);
        for (int k = 0; k < size; k++) y[g * size + k] = keep[g * KEPT + MEAN];
    }
    channel_sums(l, x, c->scratch, y);
    for (int g = 0; g < groups; g++) {
        double square = group_sum(c->scratch + C + g * size, size) / n;
        keep[g * KEPT + INVERSE] = (float)(1.0 / sqrt(square + 1e-5));
    }
}

static void forward(const struct layer *l, const struct layer_call *c)
{
    int C = l->to.c, size = C / l->number[0];
    size_t n = (size_t)shape_size(l->to);
    const float *gain = c->params + l->at[GAIN], *shift = c->params + l->at[SHIFT];
    float *restrict times = c->scratch, *restrict plus = c->scratch + C;

    for (size_t b = 0; b < (size_t)c->B; b++) {
        const float *restrict x = c->x[0] + b * n;
        float *restrict y = c->y + b * n, *keep = c->keep + b * (size_t)l->kept;
        moments(l, c, x, y, keep);
        for (int k = 0; k < C; k++) {
            const float *m = keep + k / size * KEPT;
            times[k] = gain[k] * m[INVERSE];
            plus[k] = shift[k] - m[MEAN] * times[k];
        }
        loops_best()->affine(y, x, times, plus, (size_t)C, n);
    }
}

/* Sums over places of dy and of dy v, v = (x - mean) inverse, into scratch. */
static void gradient_sums(const struct layer *l, const struct layer_call *c, const float *x,
                          const float *dy, const float *keep)
{
    int C = l->to.c, size = C / l->number[0];
    size_t n = (size_t)shape_size(l->to);
    float *restrict sum = c->scratch, *restrict product = c->scratch + C;

    loops_best()->sums(sum, product, dy, x, (size_t)C, n);
    for (int k = 0; k < C; k++) {
        const float *m = keep + k / size * KEPT;
        product[k] = (product[k] - m[MEAN] * sum[k]) * m[INVERSE];
    }
}

/* dx = (g - mean(g) - v mean(g v)) inverse with g = gain dy, means over the group. */
static void backward(const struct layer *l, const struct layer_call *c)
{
    int C = l->to.c, groups = l->number[0], size = C / groups;
    size_t n = (size_t)shape_size(l->to);
    const float *gain = c->params + l->at[GAIN];
    float *dgain = c->grad + l->at[GAIN], *dshift = c->grad + l->at[SHIFT];

    for (size_t b = 0; b < (size_t)c->B; b++) {
        const float *x = c->x[0] + b * n, *dy = c->dy + b * n;
        const float *keep = c->keep + b * (size_t)l->kept;
        gradient_sums(l, c, x, dy, keep);
        for (int k = 0; k < C; k++) {
            dshift[k] += c->scratch[k];
            dgain[k] += c->scratch[C + k];
            c->scratch[k] *= gain[k];
            c->scratch[C + k] *= gain[k];
        }
        if (c->dx[0] == NULL) continue;
        float *restrict dx = c->dx[0] + b * n, *restrict slope = c->scratch,
                        *restrict plus = c->scratch + C, *restrict times = c->scratch + 2 * C;
        for (int g = 0; g < groups; g++) {
            const float *m = keep + g * KEPT;
            double count = (double)size * shape_places(l->to);
            float a = (float)(group_sum(slope + g * size, size) / count);
            float v = (float)(group_sum(plus + g * size, size) / count) * m[INVERSE];
            for (int k = g * size; k < (g + 1) * size; k++) {
                times[k] = gain[k] * m[INVERSE];
                slope[k] = -v * m[INVERSE];
                plus[k] = (m[MEAN] * v - a) * m[INVERSE];
            }
        }
        loops_best()->affine2(dx, dy, x, times, slope, plus, (size_t)C, n, c->add[0]);
    }
}

const struct layer_kind layer_group_norm = {
    .name = "group_norm",
    .keys = " groups ",
    .least = 1,
    .most = 1,
    .build = build,
    .start = start,
    .forward = forward,
    .backward = backward,
    .prepare = prepare,
    .spares = LAYER_SPARES_Y,
    .published = { "weight", "bias" },
};
