/*
 * linear_attention: every place reads a summary of all places, at a cost linear in their number
 * (Katharopoulos et al. 2020; the form of Shen et al. 2021 with one head).
 *
 *   q, k, v [n, d] = x Wq^T, x Wk^T, x Wv^T       n places, no bias
 *   q: softmax over its d numbers, times d^-1/2;  k: softmax over the places
 *   y = (q (k^T v)) Wout^T + bias
 *
 * Key dim (32) is d. Tensors qkv [3 d, channels], out [channels, d], bias [channels]. Nothing is
 * kept: backward makes q, k and v anew, row by row, which stays in the cache.
 *
 * softmax: over the channels of each place.
 */
#include "nn/layers.h"

#include "num/dnn.h"
#include "num/loops.h"

#include <math.h>
#include <string.h>

enum { QKV, OUT, BIAS };

static int build(struct layer *l, const struct layer_site *s, struct err *e)
{
    int *d = &l->number[0];

    if (layer_width(s, "dim", 32, d, e)) return -1;
    l->to = l->from[0];
    int64_t qkv[5] = { 3 * *d, 1, 1, 1, l->to.c }, out[5] = { l->to.c, 1, 1, 1, *d };
    layer_tensor_of(l, s, "qkv", 5, qkv); /* convolutions of kernel 1 */
    layer_tensor_of(l, s, "out", 5, out);
    layer_tensor(l, s, "bias", l->to.c, 0);
    return 0;
}

/* Uniform of variance 1 / inputs: attention keeps the size of what it averages. */
static void start(const struct layer *l, const struct tensors *T, float *params, uint64_t seed)
{
    layer_uniform(T, l->tensor[QKV], params, sqrt(3.0 / l->to.c), seed);
    layer_uniform(T, l->tensor[OUT], params, sqrt(3.0 / l->number[0]), seed);
    layer_fill(T, l->tensor[BIAS], params, 0.0);
}

/* One row at work: rooms in the scratch. */
struct row {
    int n, d, C;
    float *qkv, *dqkv; /* [n, 3 d] */
    float *o, *d_o;    /* [n, d] q (k^T v) */
    float *sum, *dsum; /* [d, d] k^T v */
    float *top;        /* [2 d] of columns */
    float *bias;       /* [C] */
};

static struct row rooms(const struct layer *l, float *scratch)
{
    struct row r = { .n = shape_places(l->to), .d = l->number[0], .C = l->to.c };
    int64_t wide = (int64_t)r.n * 3 * r.d, narrow = (int64_t)r.n * r.d, square = r.d * r.d;

    r.qkv = scratch;
    r.dqkv = r.qkv + wide;
    r.o = r.dqkv + wide;
    r.d_o = r.o + narrow;
    r.sum = r.d_o + narrow;
    r.dsum = r.sum + square;
    r.top = r.dsum + square;
    r.bias = r.top + 2 * r.d;
    return r;
}

static void prepare(struct layer *l, int batch)
{
    struct row r = rooms(l, NULL);

    (void)batch;
    l->scratch = (int64_t)r.n * 8 * r.d + 2 * r.d * r.d + 2 * r.d + r.C;
}

/* q, k, v, k^T v and o of one row. */
static void attend(const struct layer *l, const struct row *r, const float *x, const float *params)
{
    const struct loops *L = loops_best();
    int n = r->n, d = r->d, wide = 3 * d;

    dnn_gemm('N', 'T', n, wide, r->C, 1.0f, x, r->C, params + l->at[QKV], r->C, 0.0f, r->qkv, wide);
    L->soften(r->qkv, n, d, wide, 1.0f / sqrtf((float)d));
    L->soften_columns(r->qkv + d, n, d, wide, r->top);
    dnn_gemm('T', 'N', d, d, n, 1.0f, r->qkv + d, wide, r->qkv + 2 * d, wide, 0.0f, r->sum, d);
    dnn_gemm('N', 'N', n, d, d, 1.0f, r->qkv, wide, r->sum, d, 0.0f, r->o, d);
}

static void forward(const struct layer *l, const struct layer_call *c)
{
    struct row r = rooms(l, c->scratch);
    size_t size = (size_t)shape_size(l->to);
    const float *bias = c->params + l->at[BIAS];

    for (size_t b = 0; b < (size_t)c->B; b++) {
        float *y = c->y + b * size;
        attend(l, &r, c->x[0] + b * size, c->params);
        for (size_t at = 0; at < size; at += (size_t)r.C)
            memcpy(y + at, bias, (size_t)r.C * sizeof *y);
        dnn_gemm('N', 'T', r.n, r.C, r.d, 1.0f, r.o, r.d, c->params + l->at[OUT], r.d, 1.0f, y,
                 r.C);
    }
}

static void backward(const struct layer *l, const struct layer_call *c)
{
    const struct loops *L = loops_best();
    struct row r = rooms(l, c->scratch);
    int n = r.n, d = r.d, wide = 3 * d;
    size_t size = (size_t)shape_size(l->to);
    const float *out = c->params + l->at[OUT], *qkv = c->params + l->at[QKV];

    layer_bias_back(l, c, BIAS, r.bias);
    for (size_t b = 0; b < (size_t)c->B; b++) {
        const float *x = c->x[0] + b * size, *dy = c->dy + b * size;
        attend(l, &r, x, c->params);
        dnn_gemm('T', 'N', r.C, d, n, 1.0f, dy, r.C, r.o, d, 1.0f, c->grad + l->at[OUT], d);
        dnn_gemm('N', 'N', n, d, r.C, 1.0f, dy, r.C, out, d, 0.0f, r.d_o, d);
        dnn_gemm('N', 'T', n, d, d, 1.0f, r.d_o, d, r.sum, d, 0.0f, r.dqkv, wide);
        dnn_gemm('T', 'N', d, d, n, 1.0f, r.qkv, wide, r.d_o, d, 0.0f, r.dsum, d);
        dnn_gemm('N', 'T', n, d, d, 1.0f, r.qkv + 2 * d, wide, r.dsum, d, 0.0f, r.dqkv + d, wide);
        dnn_gemm('N', 'N', n, d, d, 1.0f, r.qkv + d, wide, r.dsum, d, 0.0f, r.dqkv + 2 * d, wide);
        L->harden(r.dqkv, r.qkv, n, d, wide, 1.0f / sqrtf((float)d));
        L->harden_columns(r.dqkv + d, r.qkv + d, n, d, wide, r.top);
        dnn_gemm('T', 'N', wide, r.C, n, 1.0f, r.dqkv, wide, x, r.C, 1.0f, c->grad + l->at[QKV],
                 r.C);
        if (c->dx[0] != NULL)
            dnn_gemm('N', 'N', n, r.C, wide, 1.0f, r.dqkv, wide, qkv, r.C, c->add[0] ? 1.0f : 0.0f,
                     c->dx[0] + b * size, r.C);
    }
}

static double flops(const struct layer *l, int i)
{
    double n = shape_places(l->to), d = l->number[0];

    (void)i;
    return 2.0 * n * d * (4.0 * l->to.c + 2.0 * d);
}

const struct layer_kind layer_linear_attention = {
    .name = "linear_attention",
    .keys = " dim ",
    .least = 1,
    .most = 1,
    .build = build,
    .start = start,
    .forward = forward,
    .backward = backward,
    .flops = flops,
    .prepare = prepare,
    .spares = LAYER_SPARES_Y,
    .published = { "to_qkv.weight", "to_out.0.weight", "to_out.0.bias" },
};

static int build_softmax(struct layer *l, const struct layer_site *s, struct err *e)
{
    (void)s, (void)e;
    l->to = l->from[0];
    return 0;
}

static void softmax_forward(const struct layer *l, const struct layer_call *c)
{
    int places = c->B * shape_places(l->to);

    memcpy(c->y, c->x[0], (size_t)c->B * (size_t)shape_size(l->to) * sizeof *c->y);
    loops_best()->soften(c->y, places, l->to.c, l->to.c, 1.0f);
}

static void softmax_backward(const struct layer *l, const struct layer_call *c)
{
    size_t C = (size_t)l->to.c, n = (size_t)c->B * (size_t)shape_size(l->to);

    if (c->dx[0] == NULL) return;
    for (size_t at = 0; at < n; at += C) {
        memcpy(c->scratch, c->dy + at, C * sizeof *c->scratch);
        loops_best()->harden(c->scratch, c->y + at, 1, l->to.c, l->to.c, 1.0f);
        for (size_t k = 0; k < C; k++)
            c->dx[0][at + k] = (c->add[0] ? c->dx[0][at + k] : 0.0f) + c->scratch[k];
    }
}

static void softmax_prepare(struct layer *l, int batch)
{
    (void)batch;
    l->scratch = l->to.c;
}

const struct layer_kind layer_softmax = {
    .name = "softmax",
    .keys = "",
    .least = 1,
    .most = 1,
    .build = build_softmax,
    .forward = softmax_forward,
    .backward = softmax_backward,
    .prepare = softmax_prepare,
};
