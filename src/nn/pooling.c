/*
 * Layers that take the largest, the mean, or zeros of places on z x phi x r, channel by channel.
 *
 *   max_pool    kernel, stride (the kernel), pad (0 places on each side, which never win):
 *               out = (in + 2 pad - kernel) / stride + 1; of equal places the first wins
 *   mean_pool   the mean over all places: { channels, 1, 1, 1 }
 *   pad_zeros   size: places of zeros on each side, z, phi, r
 */
#include "nn/layers.h"

#include <math.h>
#include <string.h>

enum { KERNEL, STRIDE = 3, PAD = 6 }; /* numbers */

static int build_max(struct layer *l, const struct layer_site *s, struct err *e)
{
    struct shape f = l->from[0];
    int *kernel = l->number + KERNEL, *stride = l->number + STRIDE, *pad = l->number + PAD;
    int in[3] = { f.d, f.h, f.w }, out[3];
    char shape[48];

    if (layer_triple(s, "kernel", 0, kernel, e) || layer_int(s, "pad", 0, 0, 64, pad, e)) return -1;
    memcpy(stride, kernel, 3 * sizeof *stride);
    if (yaml_get(s->at, "stride") != NULL && layer_triple(s, "stride", 1, stride, e)) return -1;
    for (int d = 0; d < 3; d++) {
        if (in[d] + 2 * *pad < kernel[d] || *pad >= kernel[d])
            return layer_wrong(s, e,
                               "max_pool: a kernel of %d x %d x %d with %d padded places does "
                               "not fit %s",
                               kernel[0], kernel[1], kernel[2], *pad, layer_shape(f, shape));
        out[d] = (in[d] + 2 * *pad - kernel[d]) / stride[d] + 1;
    }
    l->to = (struct shape){ f.c, out[0], out[1], out[2] };
    l->kept = shape_size(l->to);
    return 0;
}

/* The place of the largest number of channel c under the kernel at (z, p, r) of the output. */
static int winner(const struct layer *l, const float *x, int z, int p, int r, int c)
{
    const struct shape f = l->from[0];
    const int *kernel = l->number + KERNEL, *stride = l->number + STRIDE, pad = l->number[PAD];
    const int first[3] = { z * stride[0] - pad, p * stride[1] - pad, r * stride[2] - pad };
    const int in[3] = { f.d, f.h, f.w };
    int low[3], high[3], best = -1;

    for (int d = 0; d < 3; d++) {
        low[d] = first[d] < 0 ? 0 : first[d];
        high[d] = first[d] + kernel[d] < in[d] ? first[d] + kernel[d] : in[d];
    }
    for (int i = low[0]; i < high[0]; i++)
        for (int j = low[1]; j < high[1]; j++)
            for (int k = low[2]; k < high[2]; k++) {
                int at = ((i * f.h + j) * f.w + k) * f.c + c;
                if (best < 0 || x[at] > x[best]) best = at;
            }
    return best;
}

/* keep holds the winners' places: below 2^24 they are exact as floats. */
static void forward_max(const struct layer *l, const struct layer_call *c)
{
    const struct shape t = l->to;
    const int64_t in = shape_size(l->from[0]);
    float *y = c->y, *keep = c->keep;

    for (int64_t b = 0; b < c->B; b++)
        for (int z = 0; z < t.d; z++)
            for (int p = 0; p < t.h; p++)
                for (int r = 0; r < t.w; r++)
                    for (int k = 0; k < t.c; k++) {
                        int at = winner(l, c->x[0] + b * in, z, p, r, k);
                        *keep++ = (float)at;
                        *y++ = c->x[0][b * in + at];
                    }
}

static void backward_max(const struct layer *l, const struct layer_call *c)
{
    const int64_t in = shape_size(l->from[0]), out = shape_size(l->to);

    if (c->dx[0] == NULL) return;
    if (!c->add[0]) memset(c->dx[0], 0, (size_t)(c->B * in) * sizeof(float));
    for (int64_t b = 0; b < c->B; b++)
        for (int64_t i = b * out; i < (b + 1) * out; i++)
            c->dx[0][b * in + (int64_t)c->keep[i]] += c->dy[i];
}

static int build_mean(struct layer *l, const struct layer_site *s, struct err *e)
{
    (void)s;
    (void)e;
    l->to = shape_units(l->from[0].c);
    return 0;
}

static void forward_mean(const struct layer *l, const struct layer_call *c)
{
    const int C = l->to.c, places = shape_size(l->from[0]) / C;
    const float *x = c->x[0];

    for (int64_t b = 0; b < c->B; b++) {
        float *y = c->y + b * C;
        memset(y, 0, (size_t)C * sizeof *y);
        for (int i = 0; i < places; i++, x += C)
            for (int k = 0; k < C; k++) y[k] += x[k];
        for (int k = 0; k < C; k++) y[k] /= (float)places;
    }
}

static void backward_mean(const struct layer *l, const struct layer_call *c)
{
    const int C = l->to.c, places = shape_size(l->from[0]) / C;
    float *dx = c->dx[0];

    if (dx == NULL) return;
    for (int64_t b = 0; b < c->B; b++)
        for (int i = 0; i < places; i++, dx += C)
            for (int k = 0; k < C; k++)
                dx[k] = (c->add[0] ? dx[k] : 0.0f) + c->dy[b * C + k] / (float)places;
}

static int build_pad(struct layer *l, const struct layer_site *s, struct err *e)
{
    const struct yaml *y = yaml_get(s->at, "size");
    int *pad = l->number;

    if (y != NULL && y->kind == YAML_LIST) {
        if (y->n != 3) return layer_wrong(s, e, "size: expected one number or z, phi, r");
        for (int d = 0; d < 3; d++) {
            int64_t n;
            if (yaml_int(&y->entry[d], s->file, &n, e)) return -1;
            if (n < 0 || n > 64)
                return layer_wrong(s, e, "size: %lld, expected 0 to 64", (long long)n);
            pad[d] = (int)n;
        }
    } else {
        if (layer_int(s, "size", 1, 0, 64, pad, e)) return -1;
        pad[1] = pad[2] = pad[0];
    }
    l->to = l->from[0];
    l->to.d += 2 * pad[0];
    l->to.h += 2 * pad[1];
    l->to.w += 2 * pad[2];
    return 0;
}

/* Copy rows of r between the bare and the padded block: into the padded one, or back. */
static void copy(const struct layer *l, int B, const float *from, float *to, int back, int add)
{
    const struct shape f = l->from[0], t = l->to;
    const int *pad = l->number;
    const size_t run = (size_t)f.w * (size_t)f.c;

    for (int64_t b = 0; b < B; b++)
        for (int64_t z = 0; z < f.d; z++)
            for (int64_t p = 0; p < f.h; p++) {
                int64_t bare = ((b * f.d + z) * f.h + p) * f.w * f.c;
                int64_t wide = (((b * t.d + z + pad[0]) * t.h + p + pad[1]) * t.w + pad[2]) * f.c;
                const float *x = from + (back ? wide : bare);
                float *y = to + (back ? bare : wide);
                for (size_t i = 0; i < run; i++) y[i] = (add ? y[i] : 0.0f) + x[i];
            }
}

static void forward_pad(const struct layer *l, const struct layer_call *c)
{
    memset(c->y, 0, (size_t)c->B * (size_t)shape_size(l->to) * sizeof(float));
    copy(l, c->B, c->x[0], c->y, 0, 0);
}

static void backward_pad(const struct layer *l, const struct layer_call *c)
{
    if (c->dx[0] != NULL) copy(l, c->B, c->dy, c->dx[0], 1, c->add[0]);
}

const struct layer_kind layer_max_pool = {
    .name = "max_pool",
    .keys = " kernel stride pad ",
    .least = 1,
    .most = 1,
    .build = build_max,
    .forward = forward_max,
    .backward = backward_max,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};

const struct layer_kind layer_mean_pool = {
    .name = "mean_pool",
    .keys = "",
    .least = 1,
    .most = 1,
    .build = build_mean,
    .forward = forward_mean,
    .backward = backward_mean,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};

const struct layer_kind layer_pad_zeros = {
    .name = "pad_zeros",
    .keys = " size ",
    .least = 1,
    .most = 1,
    .build = build_pad,
    .forward = forward_pad,
    .backward = backward_pad,
    .spares = LAYER_SPARES_X | LAYER_SPARES_Y,
};
