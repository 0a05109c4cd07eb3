/*
 * graphrun.c - a built graph at work: forward, backward, and what can be said of it.
 */
#include "nn/graph.h"

#include <math.h>
#include <stdio.h>

void graph_bind(struct graph *g, int input, const float *x, float *dx)
{
    if (input < 0 || input >= g->inputs) die("input %d of a graph of %d", input, g->inputs);
    g->value[input].x = x;
    g->value[input].dx = g->value[input].gradient ? dx : NULL;
}

/* What layer i of this graph works on. */
static struct layer_call call_of(const struct graph *g, int i, const float *params, int B)
{
    const struct layer *l = &g->layer[i];
    struct layer_call c = { .B = B,
                            .params = params,
                            .y = g->value[l->out].y,
                            .keep = g->keep[i],
                            .scratch = g->scratch,
                            .reducer = &g->reducer,
                            .draw = &g->draw };

    for (int k = 0; k < l->ins; k++) c.x[k] = g->value[l->in[k]].x;
    return c;
}

void graph_reducer(struct graph *g, const struct reducer *r)
{
    g->reducer = *r;
}

void graph_draw(struct graph *g, uint64_t seed, const int64_t *item, int64_t step)
{
    g->draw = (struct layer_draw){ seed, item, step };
}

void graph_moving(struct graph *g, float *params)
{
    g->moving = params;
}

void graph_buckets(struct graph *g, struct buckets *b)
{
    g->buckets = b;
}

void graph_forward(struct graph *g, const float *params, int B, int training)
{
    if (B < 0 || B > g->batch) die("%d rows in a graph of %d", B, g->batch);
    if (B == 0 && !(g->sums && training)) return;
    g->training = training;
    g->params = params;
    for (int i = 0; i < g->layers; i++) {
        struct layer_call c = call_of(g, i, params, B);
        c.training = training;
        c.fixed = training ? g->moving : NULL;
        g->layer[i].kind->forward(&g->layer[i], &c);
    }
}

const float *graph_output(const struct graph *g, int i)
{
    return g->value[g->output[i]].x;
}

float *graph_output_gradient(const struct graph *g, int i)
{
    return g->value[g->output[i]].dx;
}

/* The gradients of layer i's tensors are ready: on a rank without rows they are what they were.
 * Those of a layer that shares an earlier one's are ready with that one's. */
static void tell(const struct graph *g, int i)
{
    if (g->buckets == NULL || g->layer[i].shared) return;
    for (int k = 0; k < g->layer[i].tensors; k++) buckets_ready(g->buckets, g->layer[i].tensor[k]);
    buckets_poll(g->buckets);
}

/* Make a layer's value again: it is in the shared memory. */
static void again(const struct graph *g, int i, int B)
{
    struct layer_call c = call_of(g, i, g->params, B);

    c.training = g->training;
    g->layer[i].kind->forward(&g->layer[i], &c);
}

/* What layer i's backward reads, where it was brief. */
static void refresh(struct graph *g, int i, int B)
{
    const struct layer *l = &g->layer[i];

    for (int k = 0; k < l->ins; k++) {
        const struct graph_value *v = &g->value[l->in[k]];
        if (v->again == 0 || i < v->again || g->fresh[l->in[k]]) continue;
        again(g, l->in[k] - g->inputs, B);
        g->fresh[l->in[k]] = 1;
    }
}

void graph_backward(struct graph *g, const float *params, float *grad, int B)
{
    /* inputs: the caller's share is there already; outputs: the caller has written them */
    for (int v = 0; v < g->values; v++) {
        g->seen[v] = v < g->inputs || g->value[v].wanted;
        g->fresh[v] = 0;
    }
    for (int i = g->layers - 1; i >= 0; i--) {
        const struct layer *l = &g->layer[i];
        struct layer_call c = call_of(g, i, params, B);
        /* what only detached readers read has no gradient, and nobody has written one */
        if (!g->value[l->out].gradient || !g->seen[l->out]) continue;
        c.training = 1;
        c.grad = grad;
        c.dy = g->value[l->out].dx;
        for (int k = 0; k < l->ins; k++) {
            c.dx[k] = g->value[l->in[k]].dx;
            c.add[k] = g->seen[l->in[k]];
            g->seen[l->in[k]] = 1;
        }
        if (B > 0) refresh(g, i, B);
        if (B > 0 || g->sums) l->kind->backward(l, &c);
        tell(g, i);
    }
}

double graph_layer_flops(const struct graph *g, int i, int training)
{
    const struct layer *l = &g->layer[i];
    double sum = 0.0;

    for (int k = 0; k < l->ins && l->kind->flops != NULL; k++) {
        int times = !training ? 1 : g->value[l->in[k]].gradient ? 3 : 2;
        sum += times * l->kind->flops(l, k);
    }
    return sum;
}

double graph_flops(const struct graph *g, int training)
{
    double sum = 0.0;

    for (int i = 0; i < g->layers; i++) sum += graph_layer_flops(g, i, training);
    return sum;
}

int64_t graph_layer_parameters(const struct graph *g, int i, const struct tensors *T)
{
    int64_t sum = 0;

    for (int k = 0; k < g->layer[i].tensors && !g->layer[i].shared; k++) {
        const struct tensor *t = &T->t[g->layer[i].tensor[k]];
        if (!t->fixed) sum += t->count;
    }
    return sum;
}

int64_t graph_parameters(const struct graph *g, const struct tensors *T)
{
    int64_t sum = 0;

    for (int i = 0; i < g->layers; i++) sum += graph_layer_parameters(g, i, T);
    return sum;
}

int64_t graph_bytes(const struct graph *g, int batch)
{
    return g->row * (int64_t)sizeof(float) * (batch > 0 ? batch : g->batch);
}

int graph_bad_layer(const struct graph *g, int B)
{
    for (int i = 0; i < g->layers; i++) {
        const float *x = g->value[g->layer[i].out].x;
        if (g->value[g->layer[i].out].brief) again(g, i, B); /* in order: its inputs stand */
        for (int64_t k = 0; k < (int64_t)B * shape_size(g->layer[i].to); k++)
            if (!isfinite(x[k])) return i;
    }
    return -1;
}

const char *graph_layer_name(const struct graph *g, int i, char *text, size_t n)
{
    const struct layer *l = &g->layer[i];

    snprintf(text, n, "layer %d (%s%s%s, line %d)", i, l->kind->name, l->name[0] != '\0' ? " " : "",
             l->name, l->line);
    return text;
}
