/*
 * conv3d and conv_transpose3d, without padding: units (channels made), kernel, stride, bias, init,
 * gain.
 *
 *   conv3d            weight [units, kernel, channels]: out = (in - kernel) / stride + 1
 *   conv_transpose3d  weight [channels, kernel, units]: out = (in - 1) stride + kernel
 *
 * kernel and stride are z, phi, r. init and gain are those of linear, and fan_out: normal, of
 * variance 2 / (units x kernel). The inputs of a transposed convolution's number are its channels
 * times kernel / stride; torch counts its channels made times kernel, as PyTorch does.
 */
#include "nn/layers.h"

#include "base/mem.h"
#include "num/conv.h"

#include <math.h>

enum { WEIGHT, BIAS };
enum { KAIMING, GLOROT, ZERO, TORCH, FAN_OUT };
enum { INIT, GAIN };                         /* options */
enum { KERNEL, STRIDE = 3, TRANSPOSED = 6 }; /* numbers */

static int is_transposed(const struct layer *l)
{
    return l->number[TRANSPOSED];
}

/* The convolution of which this is the forward way, or, transposed, the adjoint. */
static struct conv_shape shape_of(const struct layer *l)
{
    struct shape x = is_transposed(l) ? l->to : l->from[0];
    struct conv_shape s = { .from = x.c,
                            .to = is_transposed(l) ? l->from[0].c : l->to.c,
                            .in = { x.d, x.h, x.w } };

    for (int d = 0; d < 3; d++) {
        s.kernel[d] = l->number[KERNEL + d];
        s.stride[d] = l->number[STRIDE + d];
    }
    return s;
}

static int build(struct layer *l, const struct layer_site *s, struct err *e)
{
    struct shape f = l->from[0];
    int units, bias, init, in[3] = { f.d, f.h, f.w }, out[3];
    int *kernel = l->number + KERNEL, *stride = l->number + STRIDE;
    char shape[48];
    double gain;

    l->number[TRANSPOSED] = l->kind == &layer_conv_transpose3d;
    if (layer_width(s, "units", 0, &units, e) || layer_triple(s, "kernel", 0, kernel, e) ||
        layer_triple(s, "stride", 1, stride, e) || layer_flag(s, "bias", 1, &bias, e) ||
        layer_choice(s, "init", " kaiming glorot zero torch fan_out ", &init, e) ||
        layer_real(s, "gain", 1.0, &gain, e))
        return -1;
    for (int d = 0; d < 3; d++) {
        out[d] = is_transposed(l) ? (in[d] - 1) * stride[d] + kernel[d]
                                  : conv_out(in[d], kernel[d], stride[d]);
        if (out[d] < 1)
            return layer_wrong(s, e, "%s: a kernel of %d x %d x %d does not fit into %s",
                               l->kind->name, kernel[0], kernel[1], kernel[2],
                               layer_shape(f, shape));
    }
    l->to = (struct shape){ units, out[0], out[1], out[2] };
    l->option[INIT] = (float)init;
    l->option[GAIN] = (float)gain;
    int64_t n[5] = { is_transposed(l) ? f.c : units, kernel[0], kernel[1], kernel[2],
                     is_transposed(l) ? units : f.c };
    layer_tensor_of(l, s, "weight", 5, n);
    if (bias) layer_tensor(l, s, "bias", units, 0);
    return 0;
}

static void start(const struct layer *l, const struct tensors *T, float *params, uint64_t seed)
{
    const int *k = l->number + KERNEL, *stride = l->number + STRIDE;
    int init = (int)l->option[INIT];
    double taps = (double)k[0] * k[1] * k[2], gain = (double)l->option[GAIN];
    double torch = 1.0 / sqrt(taps * (is_transposed(l) ? l->to.c : l->from[0].c));

    if (l->tensors > BIAS && init == TORCH) {
        layer_uniform(T, l->tensor[BIAS], params, torch * gain, seed);
    } else if (l->tensors > BIAS) {
        layer_fill(T, l->tensor[BIAS], params, 0.0);
    }
    if (init == FAN_OUT) {
        layer_normal(T, l->tensor[WEIGHT], params, gain * sqrt(2.0 / (l->to.c * taps)), seed);
        return;
    }
    if (is_transposed(l)) taps /= (double)stride[0] * stride[1] * stride[2];
    double in = l->from[0].c * fmax(taps, 1.0), out = l->to.c * fmax(taps, 1.0);
    double limit = init == TORCH ? torch : sqrt(6.0 / (init == GLOROT ? in + out : in));
    layer_uniform(T, l->tensor[WEIGHT], params, init == ZERO ? 0.0 : limit * gain, seed);
}

static void prepare(struct layer *l, int batch)
{
    struct conv_shape s = shape_of(l);
    struct conv *c = mem_take(1, sizeof *c);

    conv_init(c, &s, 1, l->half);
    l->state = c;
    l->scratch = conv_scratch(c, batch);
    if (l->scratch < l->to.c) l->scratch = l->to.c;
}

static void drop(struct layer *l)
{
    if (l->state != NULL) conv_free(l->state);
    mem_free(l->state);
    l->state = NULL;
}

static void forward(const struct layer *l, const struct layer_call *c)
{
    const float *w = c->params + l->at[WEIGHT];
    size_t C = (size_t)l->to.c, n = (size_t)c->B * (size_t)shape_size(l->to);

    if (is_transposed(l))
        conv_adjoint(l->state, c->y, c->x[0], w, c->B, 0, c->scratch);
    else
        conv_forward(l->state, c->y, c->x[0], w, c->B, 0, c->scratch);
    if (l->tensors <= BIAS) return;
    const float *restrict bias = c->params + l->at[BIAS];
    for (size_t at = 0; at < n; at += C) {
        float *restrict y = c->y + at;
        for (size_t k = 0; k < C; k++) y[k] += bias[k];
    }
}

static void backward(const struct layer *l, const struct layer_call *c)
{
    const float *w = c->params + l->at[WEIGHT];
    float *dw = c->grad + l->at[WEIGHT];

    if (is_transposed(l))
        conv_weights(l->state, dw, c->dy, c->x[0], c->B, c->scratch);
    else
        conv_weights(l->state, dw, c->x[0], c->dy, c->B, c->scratch);
    if (l->tensors > BIAS) layer_bias_back(l, c, BIAS, c->scratch);
    if (c->dx[0] == NULL) return;
    if (is_transposed(l))
        conv_forward(l->state, c->dx[0], c->dy, w, c->B, c->add[0], c->scratch);
    else
        conv_adjoint(l->state, c->dx[0], c->dy, w, c->B, c->add[0], c->scratch);
}

static double flops(const struct layer *l, int i)
{
    struct conv_shape s = shape_of(l);

    (void)i;
    return conv_flops(&s);
}

const struct layer_kind layer_conv3d = {
    .name = "conv3d",
    .keys = " units kernel stride bias init gain ",
    .least = 1,
    .most = 1,
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

const struct layer_kind layer_conv_transpose3d = {
    .name = "conv_transpose3d",
    .keys = " units kernel stride bias init gain ",
    .least = 1,
    .most = 1,
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
