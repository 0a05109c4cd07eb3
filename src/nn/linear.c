/*
 * linear: y = b + sum_i x_i W_i^T over one or several inputs: the product of their concatenation,
 * without making it. weight [units, sum of inputs], bias [units].
 *
 * init: kaiming (He et al. 2015: uniform, variance 2 / inputs), glorot (variance 2 / (inputs +
 * units)) or zero, times gain, and biases 0; torch: PyTorch's default, weights and biases uniform
 * within 1 / sqrt(inputs).
 */
#include "nn/layers.h"

#include "num/dnn.h"
#include "num/dnnhalf.h"

#include <math.h>
#include <string.h>

enum { WEIGHT, BIAS };
enum { KAIMING, GLOROT, ZERO, TORCH };
enum { INIT, GAIN }; /* options */

static int inputs(const struct layer *l)
{
    int n = 0;

    for (int i = 0; i < l->ins; i++) n += shape_size(l->from[i]);
    return n;
}

static int build(struct layer *l, const struct layer_site *s, struct err *e)
{
    int units, bias, init;
    double gain;

    if (layer_width(s, "units", 0, &units, e) || layer_flag(s, "bias", 1, &bias, e) ||
        layer_choice(s, "init", " kaiming glorot zero torch ", &init, e) ||
        layer_real(s, "gain", 1.0, &gain, e))
        return -1;
    if (l->data[0] != '\0' && !bias) return layer_wrong(s, e, "data: needs a bias to start");
    l->to = shape_units(units);
    l->option[INIT] = (float)init;
    l->option[GAIN] = (float)gain;
    layer_tensor(l, s, "weight", units, inputs(l));
    if (bias) layer_tensor(l, s, "bias", units, 0);
    return 0;
}

static void start(const struct layer *l, const struct tensors *T, float *params, uint64_t seed)
{
    int init = (int)l->option[INIT], in = inputs(l);
    double limit = sqrt((init == TORCH ? 1.0 : 6.0) / (init == GLOROT ? in + l->to.c : in));

    limit *= init == ZERO ? 0.0 : (double)l->option[GAIN];
    layer_uniform(T, l->tensor[WEIGHT], params, limit, seed);
    if (l->tensors <= BIAS) return;
    if (init == TORCH)
        layer_uniform(T, l->tensor[BIAS], params, limit, seed);
    else
        layer_fill(T, l->tensor[BIAS], params, 0.0);
}

/* The library's objects for products in bfloat16; each reads two of x, weights and y. */
static void prepare(struct layer *l, int batch)
{
    l->scratch = 0;
    if (!l->half) return;
    l->state = dnnhalf_make();
    for (int i = 0; i < l->ins; i++) {
        int64_t n = shape_size(l->from[i]), u = l->to.c, B = batch;
        int64_t size[] = { dnnhalf_scratch(B, u, n), dnnhalf_scratch(u, n, B),
                           dnnhalf_scratch(B, n, u) };
        for (int k = 0; k < 3; k++)
            if (size[k] > l->scratch) l->scratch = size[k];
    }
}

static void drop(struct layer *l)
{
    dnnhalf_free(l->state);
    l->state = NULL;
}

/* As dnn_gemm with alpha = 1, in the layer's precision. */
static void multiply(const struct layer *l, const struct layer_call *c, char ta, char tb, int M,
                     int N, int K, const float *A, int lda, const float *B, int ldb, float beta,
                     float *C, int ldc)
{
    if (l->half)
        dnnhalf_gemm(l->state, ta, tb, M, N, K, A, lda, B, ldb, beta, C, ldc, c->scratch);
    else
        dnn_gemm(ta, tb, M, N, K, 1.0f, A, lda, B, ldb, beta, C, ldc);
}

static void forward(const struct layer *l, const struct layer_call *c)
{
    int units = l->to.c, all = inputs(l), before = 0;
    const float *w = c->params + l->at[WEIGHT];

    if (l->tensors > BIAS)
        for (int b = 0; b < c->B; b++)
            memcpy(c->y + (size_t)b * (size_t)units, c->params + l->at[BIAS],
                   (size_t)units * sizeof(float));
    for (int i = 0; i < l->ins; i++) {
        int n = shape_size(l->from[i]);
        float beta = i > 0 || l->tensors > BIAS ? 1.0f : 0.0f;
        multiply(l, c, 'N', 'T', c->B, units, n, c->x[i], n, w + before, all, beta, c->y, units);
        before += n;
    }
}

static void backward(const struct layer *l, const struct layer_call *c)
{
    int units = l->to.c, all = inputs(l), before = 0;
    const float *w = c->params + l->at[WEIGHT];
    float *dw = c->grad + l->at[WEIGHT];

    for (int i = 0; i < l->ins; i++) {
        int n = shape_size(l->from[i]);
        multiply(l, c, 'T', 'N', units, n, c->B, c->dy, units, c->x[i], n, 1.0f, dw + before, all);
        if (c->dx[i] != NULL)
            multiply(l, c, 'N', 'N', c->B, n, units, c->dy, units, w + before, all,
                     c->add[i] ? 1.0f : 0.0f, c->dx[i], n);
        before += n;
    }
    if (l->tensors <= BIAS) return;
    float *db = c->grad + l->at[BIAS];
    for (int b = 0; b < c->B; b++)
        for (int j = 0; j < units; j++) db[j] += c->dy[(size_t)b * (size_t)units + (size_t)j];
}

static double flops(const struct layer *l, int i)
{
    return 2.0 * shape_size(l->from[i]) * l->to.c;
}

const struct layer_kind layer_linear = {
    .name = "linear",
    .keys = " units bias init gain ",
    .least = 1,
    .most = LAYER_INPUTS,
    .build = build,
    .start = start,
    .forward = forward,
    .backward = backward,
    .flops = flops,
    .prepare = prepare,
    .drop = drop,
    .spares = LAYER_SPARES_Y,
    .published = { "weight", "bias" },
};
