/*
 * bench.h - a graph with its buffers, for the tests of layers. The loss is sum_i r_i y_i of the
 * layer `out`, with random r.
 */
#ifndef NN_BENCH_H
#define NN_BENCH_H

#include "nn/quotient.h"

#include "nn/graph.h"
#include "num/dnn.h"

struct bench {
    struct tensors T;
    struct graph g;
    const struct graph_input *input; /* borrowed */
    float *params, *grad, *x[LAYER_INPUTS], *dx[LAYER_INPUTS], *r;
    int inputs, out, B; /* B: rows of the loss, at first all */
};

static inline int bench_size(const struct bench *t, int i)
{
    return shape_size(t->input[i].shape);
}

/* From a list of layers, or a mapping of `list` and `blocks`. The wish is for what the tests'
 * graphs have in common, with inputs, sizes and batch alone given. */
static inline int bench_build(struct bench *t, struct graph_wish w, const char *text, struct err *e)
{
    const char *output = "out";
    struct yaml *y = yaml_parse(text, "net.yaml", e);

    dnn_init(1);
    *t = (struct bench){ .input = w.input, .inputs = w.inputs, .B = w.batch };
    if (y == NULL) return -1;
    const struct yaml *list = y->kind == YAML_MAP ? yaml_get(y, "list") : y;
    w.prefix = "net";
    w.output = &output;
    w.outputs = 1;
    w.blocks = y->kind == YAML_MAP ? yaml_get(y, "blocks") : NULL;
    int wrong = graph_init(&t->g, list, "net.yaml", &w, &t->T, e);
    yaml_drop(y);
    if (wrong) {
        tensors_free(&t->T);
        return -1;
    }
    t->params = mem_take(t->T.total, sizeof *t->params);
    t->grad = mem_take(t->T.total, sizeof *t->grad);
    graph_start(&t->g, &t->T, t->params, 3);
    graph_draw(&t->g, 5, NULL, 2);
    graph_moving(&t->g, t->params);
    for (int i = 0; i < t->inputs; i++) {
        int n = t->B * bench_size(t, i);
        t->x[i] = mem_take(n, sizeof(float));
        t->dx[i] = mem_take(n, sizeof(float));
        slope_fill(t->x[i], n, i);
        graph_bind(&t->g, i, t->x[i], t->dx[i]);
    }
    t->out = shape_size(t->g.value[t->g.output[0]].shape);
    t->r = mem_take(t->B * t->out, sizeof *t->r);
    slope_fill(t->r, t->B * t->out, 99);
    return 0;
}

static inline struct bench bench_built(struct graph_wish w, const char *text)
{
    struct bench t;
    struct err e = { "" };

    if (bench_build(&t, w, text, &e)) print_error("%s\n", e.text);
    assert_false(err_is(&e));
    return t;
}

static inline void bench_drop(struct bench *t)
{
    graph_free(&t->g);
    tensors_free(&t->T);
    mem_free(t->params);
    mem_free(t->grad);
    mem_free(t->r);
    for (int i = 0; i < t->inputs; i++) {
        mem_free(t->x[i]);
        mem_free(t->dx[i]);
    }
}

/* The loss in double; *size is the sum of its terms' sizes, the scale of its rounding. */
static inline double bench_loss(void *ctx, double *size)
{
    struct bench *t = ctx;
    double sum = 0.0;

    graph_forward(&t->g, t->params, t->B, 1);
    const float *y = graph_output(&t->g, 0);
    *size = 0.0;
    for (int i = 0; i < t->B * t->out; i++) {
        sum += (double)t->r[i] * (double)y[i];
        *size += fabs((double)t->r[i] * (double)y[i]);
    }
    return sum;
}

/* Forward, and the gradients of the loss into grad and dx. */
static inline void bench_backward(struct bench *t)
{
    double size;

    bench_loss(t, &size);
    memset(t->grad, 0, (size_t)t->T.total * sizeof(float));
    for (int i = 0; i < t->inputs; i++)
        memset(t->dx[i], 0, (size_t)(t->g.batch * bench_size(t, i)) * sizeof(float));
    memcpy(graph_output_gradient(&t->g, 0), t->r, (size_t)(t->B * t->out) * sizeof(float));
    graph_backward(&t->g, t->params, t->grad, t->B);
}

#endif
