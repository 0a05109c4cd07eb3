/*
 * prelu: y = x for x > 0, else slope x, one slope for each channel (He et al. 2015). init (0.25) is
 * their start. slope [channels].
 */
#include "nn/layers.h"

#include "num/loops.h"

static int build(struct layer *l, const struct layer_site *s, struct err *e)
{
    double init;

    if (layer_real(s, "init", 0.25, &init, e)) return -1;
    l->option[0] = (float)init;
    l->to = l->from[0];
    layer_tensor(l, s, "slope", l->to.c, 0);
    return 0;
}

static void start(const struct layer *l, const struct tensors *T, float *params, uint64_t seed)
{
    (void)seed;
    layer_fill(T, l->tensor[0], params, (double)l->option[0]);
}

static void forward(const struct layer *l, const struct layer_call *c)
{
    loops_best()->prelu(c->y, c->x[0], c->params + l->at[0], (size_t)l->to.c,
                        (size_t)c->B * (size_t)shape_size(l->to));
}

/* The slopes' gradients are summed row by row first: a float sum over a batch would lose bits. */
static void backward(const struct layer *l, const struct layer_call *c)
{
    float *dslope = c->grad + l->at[0], *sum = c->scratch;
    size_t C = (size_t)l->to.c, row = (size_t)shape_size(l->to);

    for (size_t b = 0; b < (size_t)c->B; b++) {
        for (size_t k = 0; k < C; k++) sum[k] = 0.0f;
        loops_best()->prelu_back(c->dx[0] != NULL ? c->dx[0] + b * row : NULL, sum, c->dy + b * row,
                                 c->x[0] + b * row, c->params + l->at[0], C, row, c->add[0]);
        for (size_t k = 0; k < C; k++) dslope[k] += sum[k];
    }
}

static void prepare(struct layer *l, int batch)
{
    (void)batch;
    l->scratch = l->to.c;
}

const struct layer_kind layer_prelu = {
    .name = "prelu",
    .keys = " init ",
    .least = 1,
    .most = 1,
    .build = build,
    .start = start,
    .forward = forward,
    .backward = backward,
    .prepare = prepare,
    .spares = LAYER_SPARES_Y | LAYER_CHEAP,
    .published = { "weight" },
};
