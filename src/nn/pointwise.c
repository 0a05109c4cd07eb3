/*
 * Activations: y = f(x), number by number; backward dx = dy f'(x) from x.
 *
 *   relu, leaky_relu (slope), silu x sigma(x), gelu x Phi(x) by its tanh form (Hendrycks and Gimpel
 *   2016), sigmoid, tanh, softplus ln(1 + e^x), scale (factor x + shift)
 */
#include "nn/layers.h"

#include "num/loops.h"
#include "num/vec.h"

enum { A, B }; /* options: slope or factor; shift */

static size_t numbers(const struct layer *l, const struct layer_call *c)
{
    return (size_t)c->B * (size_t)shape_size(l->to);
}

/* Inlined with a constant f, so that the loop holds no call and is vectorised. */
static inline void map(const struct layer *l, const struct layer_call *c,
                       float (*f)(float x, float a, float b))
{
    const float *restrict x = c->x[0];
    float *restrict y = c->y;
    float a = l->option[A], b = l->option[B];
    size_t n = numbers(l, c);

    for (size_t i = 0; i < n; i++) y[i] = f(x[i], a, b);
}

static inline void map_back(const struct layer *l, const struct layer_call *c,
                            float (*slope)(float x, float a))
{
    const float *restrict x = c->x[0], *restrict dy = c->dy;
    float *restrict dx = c->dx[0];
    float a = l->option[A];
    size_t n = numbers(l, c);

    if (dx == NULL) return;
    if (c->add[0])
        for (size_t i = 0; i < n; i++) dx[i] += dy[i] * slope(x[i], a);
    else
        for (size_t i = 0; i < n; i++) dx[i] = dy[i] * slope(x[i], a);
}

static int build_plain(struct layer *l, const struct layer_site *s, struct err *e)
{
    (void)s, (void)e;
    l->to = l->from[0];
    return 0;
}

/* --- leaky_relu and relu, which is slope 0 --------------------------------------------------- */

static int build_leaky(struct layer *l, const struct layer_site *s, struct err *e)
{
    double slope;

    if (layer_real(s, "slope", 0.01, &slope, e)) return -1;
    l->option[A] = (float)slope;
    return build_plain(l, s, e);
}

static inline float leaky(float x, float a, float b)
{
    (void)b;
    return x > 0.0f ? x : a * x;
}

static inline float leaky_slope(float x, float a)
{
    return x > 0.0f ? 1.0f : a;
}

static void leaky_forward(const struct layer *l, const struct layer_call *c)
{
    map(l, c, leaky);
}

static void leaky_backward(const struct layer *l, const struct layer_call *c)
{
    map_back(l, c, leaky_slope);
}

/* --- silu ------------------------------------------------------------------------------------ */

static void silu_forward(const struct layer *l, const struct layer_call *c)
{
    loops_best()->silu(c->y, c->x[0], numbers(l, c));
}

static void silu_backward(const struct layer *l, const struct layer_call *c)
{
    if (c->dx[0] != NULL)
        loops_best()->silu_back(c->dx[0], c->dy, c->x[0], numbers(l, c), c->add[0]);
}

/* --- gelu ------------------------------------------------------------------------------------ */

static inline float gelu_tanh(float x)
{
    return vec_tanh(0.797884561f * (x + 0.044715f * x * x * x)); /* sqrt(2 / pi) */
}

static inline float gelu(float x, float a, float b)
{
    (void)a, (void)b;
    return 0.5f * x * (1.0f + gelu_tanh(x));
}

static inline float gelu_slope(float x, float a)
{
    float t = gelu_tanh(x);

    (void)a;
    return 0.5f * (1.0f + t) +
           0.5f * x * (1.0f - t * t) * 0.797884561f * (1.0f + 3.0f * 0.044715f * x * x);
}

static void gelu_forward(const struct layer *l, const struct layer_call *c)
{
    map(l, c, gelu);
}

static void gelu_backward(const struct layer *l, const struct layer_call *c)
{
    map_back(l, c, gelu_slope);
}

/* --- sigmoid, tanh, softplus ----------------------------------------------------------------- */

static inline float sigmoid(float x, float a, float b)
{
    (void)a, (void)b;
    return vec_sigmoid(x);
}

static inline float sigmoid_slope(float x, float a)
{
    float s = vec_sigmoid(x);

    (void)a;
    return s * (1.0f - s);
}

static void sigmoid_forward(const struct layer *l, const struct layer_call *c)
{
    map(l, c, sigmoid);
}

static void sigmoid_backward(const struct layer *l, const struct layer_call *c)
{
    map_back(l, c, sigmoid_slope);
}

static inline float hyperbolic(float x, float a, float b)
{
    (void)a, (void)b;
    return vec_tanh(x);
}

static inline float hyperbolic_slope(float x, float a)
{
    float t = vec_tanh(x);

    (void)a;
    return 1.0f - t * t;
}

static void tanh_forward(const struct layer *l, const struct layer_call *c)
{
    map(l, c, hyperbolic);
}

static void tanh_backward(const struct layer *l, const struct layer_call *c)
{
    map_back(l, c, hyperbolic_slope);
}

static inline float softplus(float x, float a, float b)
{
    (void)a, (void)b;
    return vec_softplus(x);
}

static inline float softplus_slope(float x, float a)
{
    (void)a;
    return vec_sigmoid(x);
}

static void softplus_forward(const struct layer *l, const struct layer_call *c)
{
    map(l, c, softplus);
}

static void softplus_backward(const struct layer *l, const struct layer_call *c)
{
    map_back(l, c, softplus_slope);
}

/* --- scale ----------------------------------------------------------------------------------- */

static int build_scale(struct layer *l, const struct layer_site *s, struct err *e)
{
    double factor, shift;

    if (layer_real(s, "factor", 1.0, &factor, e) || layer_real(s, "shift", 0.0, &shift, e))
        return -1;
    l->option[A] = (float)factor;
    l->option[B] = (float)shift;
    return build_plain(l, s, e);
}

static inline float scaled(float x, float a, float b)
{
    return a * x + b;
}

static inline float scaled_slope(float x, float a)
{
    (void)x;
    return a;
}

static void scale_forward(const struct layer *l, const struct layer_call *c)
{
    map(l, c, scaled);
}

static void scale_backward(const struct layer *l, const struct layer_call *c)
{
    map_back(l, c, scaled_slope);
}

const struct layer_kind layer_relu = {
    .name = "relu",
    .keys = "",
    .least = 1,
    .most = 1,
    .build = build_plain,
    .forward = leaky_forward,
    .backward = leaky_backward,
    .spares = LAYER_SPARES_Y | LAYER_CHEAP,
};

const struct layer_kind layer_leaky_relu = {
    .name = "leaky_relu",
    .keys = " slope ",
    .least = 1,
    .most = 1,
    .build = build_leaky,
    .forward = leaky_forward,
    .backward = leaky_backward,
    .spares = LAYER_SPARES_Y | LAYER_CHEAP,
};

const struct layer_kind layer_silu = {
    .name = "silu",
    .keys = "",
    .least = 1,
    .most = 1,
    .build = build_plain,
    .forward = silu_forward,
    .backward = silu_backward,
    .spares = LAYER_SPARES_Y | LAYER_CHEAP,
};

const struct layer_kind layer_gelu = {
    .name = "gelu",
    .keys = "",
    .least = 1,
    .most = 1,
    .build = build_plain,
    .forward = gelu_forward,
    .backward = gelu_backward,
    .spares = LAYER_SPARES_Y,
};

const struct layer_kind layer_sigmoid = {
    .name = "sigmoid",
    .keys = "",
    .least = 1,
    .most = 1,
    .build = build_plain,
    .forward = sigmoid_forward,
    .backward = sigmoid_backward,
    .spares = LAYER_SPARES_Y,
};

const struct layer_kind layer_tanh = {
    .name = "tanh",
    .keys = "",
    .least = 1,
    .most = 1,
    .build = build_plain,
    .forward = tanh_forward,
    .backward = tanh_backward,
    .spares = LAYER_SPARES_Y,
};

const struct layer_kind layer_softplus = {
    .name = "softplus",
    .keys = "",
    .least = 1,
    .most = 1,
    .build = build_plain,
    .forward = softplus_forward,
    .backward = softplus_backward,
    .spares = LAYER_SPARES_Y,
};

const struct layer_kind layer_scale = {
    .name = "scale",
    .keys = " factor shift ",
    .least = 1,
    .most = 1,
    .build = build_scale,
    .forward = scale_forward,
    .backward = scale_backward,
    .spares = LAYER_SPARES_Y,
};
