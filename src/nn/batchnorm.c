/*
 * batch_norm: y = gain (x - mean) / sqrt(var + epsilon) + shift, mean and variance of each channel
 * over the places of all rows of the step (Ioffe and Szegedy 2015). gain, shift [channels]; mean,
 * variance [channels] are fixed: the moving averages that evaluation uses.
 *
 * Keys: epsilon (1e-5), momentum (0.1, of the moving averages), local (false: the rows of all
 * ranks count, in both directions; true: each rank normalises by its own rows).
 */
#include "nn/layers.h"

#include "base/mem.h"
#include "num/loops.h"

#include <math.h>
#include <string.h>

enum { GAIN, SHIFT, MEAN, VARIANCE };
enum { EPSILON, MOMENTUM, LOCAL }; /* options */

/* Made in forward for backward: of each channel mean, 1 / deviation; numbers that were averaged. */
struct moments {
    float *mean, *inverse; /* [channels] */
    double *sum;           /* [2 channels + 1] */
    double count;
};

static int build(struct layer *l, const struct layer_site *s, struct err *e)
{
    double epsilon, momentum;
    int local;

    if (layer_real(s, "epsilon", 1e-5, &epsilon, e) ||
        layer_real(s, "momentum", 0.1, &momentum, e) || layer_flag(s, "local", 0, &local, e))
        return -1;
    if (epsilon <= 0.0 || momentum < 0.0 || momentum > 1.0)
        return layer_wrong(s, e, "epsilon %g, momentum %g: expected > 0, and 0 to 1", epsilon,
                           momentum);
    l->to = l->from[0];
    l->option[EPSILON] = (float)epsilon;
    l->option[MOMENTUM] = (float)momentum;
    l->option[LOCAL] = (float)local;
    layer_tensor(l, s, "gain", l->to.c, 0);
    layer_tensor(l, s, "shift", l->to.c, 0);
    layer_fixed(l, s, "mean", l->to.c);
    layer_fixed(l, s, "variance", l->to.c);
    return 0;
}

static void start(const struct layer *l, const struct tensors *T, float *params, uint64_t seed)
{
    (void)seed;
    for (int i = 0; i < 4; i++)
        layer_fill(T, l->tensor[i], params, i == GAIN || i == VARIANCE ? 1.0 : 0.0);
}

static void prepare(struct layer *l, int batch)
{
    struct moments *m = mem_take(1, sizeof *m);

    (void)batch;
    m->mean = mem_take(2 * l->to.c, sizeof *m->mean);
    m->inverse = m->mean + l->to.c;
    m->sum = mem_take(2 * l->to.c + 1, sizeof *m->sum);
    l->state = m;
    l->scratch = 3 * l->to.c;
}

static void drop(struct layer *l)
{
    struct moments *m = l->state;

    if (m == NULL) return;
    mem_free(m->mean);
    mem_free(m->sum);
    mem_free(m);
    l->state = NULL;
}

/* Sums of d and of d x over places and rows into sum[0 .. 2C), in float within a row. */
static void add_up(const struct layer *l, const struct layer_call *c, const float *d)
{
    struct moments *m = l->state;
    size_t C = (size_t)l->to.c, row = (size_t)shape_size(l->to);

    memset(m->sum, 0, (2 * C + 1) * sizeof *m->sum);
    for (size_t b = 0; b < (size_t)c->B; b++) {
        loops_best()->sums(c->scratch, c->scratch + C, d + b * row, c->x[0] + b * row, C, row);
        for (size_t k = 0; k < 2 * C; k++) m->sum[k] += (double)c->scratch[k];
    }
    m->sum[2 * C] = (double)c->B * shape_places(l->to);
}

/* Moving averages, of all ranks whatever normalises; the variance without bias. */
static void move(const struct layer *l, const struct layer_call *c, const double *sum)
{
    int C = l->to.c;
    double n = sum[2 * C], rate = (double)l->option[MOMENTUM];

    for (int k = 0; k < C && n > 1.0; k++) {
        float *mean = c->fixed + l->at[MEAN] + k, *variance = c->fixed + l->at[VARIANCE] + k;
        double centre = sum[k] / n, square = fmax(sum[C + k] / n - centre * centre, 0.0);
        *mean = (float)((1.0 - rate) * (double)*mean + rate * centre);
        *variance = (float)((1.0 - rate) * (double)*variance + rate * square * n / (n - 1.0));
    }
}

static void settle(const struct layer *l)
{
    struct moments *m = l->state;
    int C = l->to.c;

    m->count = m->sum[2 * C];
    for (int k = 0; k < C; k++) {
        double n = fmax(m->count, 1.0), mean = m->sum[k] / n;
        double square = fmax(m->sum[C + k] / n - mean * mean, 0.0);
        m->mean[k] = (float)mean;
        m->inverse[k] = (float)(1.0 / sqrt(square + (double)l->option[EPSILON]));
    }
}

static void forward(const struct layer *l, const struct layer_call *c)
{
    struct moments *m = l->state;
    int C = l->to.c, local = l->option[LOCAL] > 0.0f;

    if (c->training) {
        add_up(l, c, c->x[0]);
        if (local) settle(l);
        c->reducer->sum(c->reducer->ctx, m->sum, 2 * C + 1);
        if (!local) settle(l);
        if (c->fixed != NULL) move(l, c, m->sum);
    } else {
        const float *mean = c->params + l->at[MEAN], *variance = c->params + l->at[VARIANCE];
        for (int k = 0; k < C; k++) {
            m->mean[k] = mean[k];
            m->inverse[k] = 1.0f / sqrtf(variance[k] + l->option[EPSILON]);
        }
    }
    const float *gain = c->params + l->at[GAIN], *shift = c->params + l->at[SHIFT];
    float *restrict times = c->scratch, *restrict plus = c->scratch + C;
    for (int k = 0; k < C; k++) {
        times[k] = gain[k] * m->inverse[k];
        plus[k] = shift[k] - m->mean[k] * times[k];
    }
    loops_best()->affine(c->y, c->x[0], times, plus, (size_t)C,
                         (size_t)c->B * (size_t)shape_size(l->to));
}

/* With v the normalised x and means over all n that were averaged: dx = gain / deviation (dy -
 * mean(dy) - v mean(dy v)). */
static void backward(const struct layer *l, const struct layer_call *c)
{
    struct moments *m = l->state;
    int C = l->to.c;
    const float *gain = c->params + l->at[GAIN];
    float *dgain = c->grad + l->at[GAIN], *dshift = c->grad + l->at[SHIFT];

    add_up(l, c, c->dy);
    for (int k = 0; k < C; k++) { /* of dy x to of dy v, in double: no digits are lost */
        double mean = (double)m->mean[k], inverse = (double)m->inverse[k];
        m->sum[C + k] = (m->sum[C + k] - mean * m->sum[k]) * inverse;
        dshift[k] += (float)m->sum[k];
        dgain[k] += (float)m->sum[C + k];
    }
    if (!(l->option[LOCAL] > 0.0f)) c->reducer->sum(c->reducer->ctx, m->sum, 2 * C + 1);
    if (c->dx[0] == NULL || m->count < 1.0) return;
    float *times = c->scratch, *slope = c->scratch + C, *plus = c->scratch + 2 * C;
    for (int k = 0; k < C; k++) {
        float a = (float)(m->sum[k] / m->count), b = (float)(m->sum[C + k] / m->count);
        times[k] = gain[k] * m->inverse[k];
        slope[k] = -times[k] * m->inverse[k] * b;
        plus[k] = -times[k] * a - m->mean[k] * slope[k];
    }
    loops_best()->affine2(c->dx[0], c->dy, c->x[0], times, slope, plus, (size_t)C,
                          (size_t)c->B * (size_t)shape_size(l->to), c->add[0]);
}

const struct layer_kind layer_batch_norm = {
    .name = "batch_norm",
    .keys = " epsilon momentum local ",
    .least = 1,
    .most = 1,
    .build = build,
    .start = start,
    .forward = forward,
    .backward = backward,
    .prepare = prepare,
    .drop = drop,
    .sums = 1,
    .spares = LAYER_SPARES_Y,
    .published = { "weight", "bias", "running_mean", "running_var" },
};
