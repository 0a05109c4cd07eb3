/*
 * graphmem.c - the memory of a graph, taken once: values, what layers keep, gradients by lifetime,
 * scratch; and how its parameters start.
 */
#include "nn/graph.h"

#include "base/mem.h"

#include <string.h>

/* A value's gradient lives from its last reader (an output's: from the caller) down to its maker.
 * Gradients whose lives meet may not share memory: first fit. Returns floats a row. */
static int64_t place_gradients(struct graph *g)
{
    int64_t total = 0;

    for (int v = g->inputs; v < g->values; v++) {
        struct graph_value *a = &g->value[v];
        int born = a->wanted ? g->layers : a->last;
        int64_t size = shape_size(a->shape), at = 0;
        for (int again = a->gradient; again;) {
            again = 0;
            for (int w = g->inputs; w < v; w++) {
                const struct graph_value *b = &g->value[w];
                int other = b->wanted ? g->layers : b->last;
                int64_t end = b->dx_place + shape_size(b->shape);
                if (!b->gradient || other < v - g->inputs || born < w - g->inputs) continue;
                if (at >= end || b->dx_place >= at + size) continue;
                at = end;
                again = 1;
            }
        }
        a->dx_place = at;
        if (a->gradient && at + size > total) total = at + size;
    }
    return total;
}

void graph_memory(struct graph *g)
{
    int64_t gradients = place_gradients(g), scratch = 0;

    g->row = gradients;
    for (int i = 0; i < g->layers; i++) g->row += shape_size(g->layer[i].to) + g->layer[i].kept;
    if (g->batch == 0) return;
    g->memory = mem_take(g->batch * g->row, sizeof *g->memory);
    g->keep = mem_take(g->layers, sizeof *g->keep);
    g->seen = mem_take(g->values, sizeof *g->seen);
    float *at = g->memory + g->batch * gradients;
    for (int i = 0; i < g->layers; i++) {
        struct graph_value *v = &g->value[g->layer[i].out];
        v->x = v->y = at;
        at += (int64_t)g->batch * shape_size(v->shape);
        g->keep[i] = at;
        at += (int64_t)g->batch * g->layer[i].kept;
        if (v->gradient) v->dx = g->memory + g->batch * v->dx_place;
    }
    for (int i = 0; i < g->layers; i++) {
        struct layer *l = &g->layer[i];
        if (l->kind->prepare != NULL) l->kind->prepare(l, g->batch);
        if (l->scratch > scratch) scratch = l->scratch;
    }
    g->scratch = mem_take(scratch, sizeof *g->scratch);
}

void graph_free(struct graph *g)
{
    for (int i = 0; i < g->layers; i++)
        if (g->layer[i].kind->drop != NULL) g->layer[i].kind->drop(&g->layer[i]);
    mem_free(g->value);
    mem_free(g->layer);
    mem_free(g->seen);
    mem_free(g->keep);
    mem_free(g->memory);
    mem_free(g->scratch);
    *g = (struct graph){ 0 };
}

void graph_start(const struct graph *g, const struct tensors *T, float *params, uint64_t seed)
{
    for (int i = 0; i < g->layers; i++)
        if (g->layer[i].kind->start != NULL && !g->layer[i].shared)
            g->layer[i].kind->start(&g->layer[i], T, params, seed);
}

int graph_data(const struct graph *g, float *params, const char *name, const float *shift,
               const float *scale, int n)
{
    int set = 0;

    for (int i = 0; i < g->layers; i++) {
        const struct layer *l = &g->layer[i];
        if (l->data[0] == '\0' || strcmp(l->data, name) != 0) continue;
        if (shape_size(l->to) != n)
            die("data '%s' has %d numbers, the layer %d", name, n, shape_size(l->to));
        int norm = l->kind == &layer_normalise;
        memcpy(params + l->at[l->kind == &layer_linear ? 1 : 0], shift, (size_t)n * sizeof(float));
        if (norm && scale != NULL) memcpy(params + l->at[1], scale, (size_t)n * sizeof(float));
        set++;
    }
    return set;
}
