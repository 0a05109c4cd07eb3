/*
 * graphmem.c - the memory of a graph, taken once: values, what layers keep, gradients by lifetime,
 * scratch; and how its parameters start.
 */
#include "nn/graph.h"

#include "base/mem.h"

#include <string.h>

/* When a piece of the shared memory is in use: layers of forward, of backward; from > to: never. */
struct life {
    int forward[2], backward[2];
    int64_t size, *place;
};

static int meet(const int a[2], const int b[2])
{
    return a[0] <= a[1] && b[0] <= b[1] && a[0] <= b[1] && b[0] <= a[1];
}

/* A value may be brief when its maker's backward and those of its readers do without it, or when
 * it is cheap to make again from one that stays. What sums over ranks is not made again. */
static void find_brief(struct graph *g)
{
    for (int v = g->inputs; v < g->values; v++) {
        struct graph_value *a = &g->value[v];
        const struct layer *l = &g->layer[v - g->inputs];
        int first = g->layers; /* the lowest reader whose backward wants it */
        if (a->wanted || a->last < 0 || l->kind->sums || !(l->kind->spares & LAYER_SPARES_Y))
            continue;
        for (int i = g->layers - 1; i > v - g->inputs; i--)
            for (int k = 0; k < g->layer[i].ins; k++)
                if (g->layer[i].in[k] == v && !(g->layer[i].kind->spares & LAYER_SPARES_X))
                    first = i;
        int stays = l->ins == 1 && l->in[0] >= g->inputs && !g->value[l->in[0]].brief;
        a->brief = first == g->layers || (stays && (l->kind->spares & LAYER_CHEAP));
        a->again = a->brief && first < g->layers ? first : 0;
    }
}

/* What shares memory: gradients, which live from their last reader (an output's: from the caller)
 * down to their maker, and brief values. Into all [2 values]; returns how many. */
static int lives(struct graph *g, struct life *all)
{
    int n = 0;

    for (int v = g->inputs; v < g->values; v++) {
        struct graph_value *a = &g->value[v];
        struct life gradient = { { 1, 0 },
                                 { v - g->inputs, a->wanted ? g->layers : a->last },
                                 shape_size(a->shape),
                                 &a->dx_place };
        struct life value = {
            { v - g->inputs, a->last }, { 1, 0 }, shape_size(a->shape), &a->y_place
        };
        if (a->again > 0) {
            value.backward[0] = a->again;
            value.backward[1] = a->last;
        }
        if (a->gradient) all[n++] = gradient;
        if (a->brief) all[n++] = value;
    }
    return n;
}

/* First fit: pieces whose lives meet may not overlap. Returns floats a row. */
static int64_t place_shared(struct graph *g)
{
    struct life *all = mem_take(2 * (int64_t)g->values, sizeof *all);
    int64_t total = 0;
    int n = lives(g, all);

    for (int i = 0; i < n; i++) {
        int64_t at = 0;
        for (int k = 0; k < i; k++) {
            int64_t end = *all[k].place + all[k].size;
            if (at >= end || *all[k].place >= at + all[i].size) continue;
            if (!meet(all[i].forward, all[k].forward) && !meet(all[i].backward, all[k].backward))
                continue;
            at = end;
            k = -1; /* from the first again */
        }
        *all[i].place = at;
        if (at + all[i].size > total) total = at + all[i].size;
    }
    mem_free(all);
    return total;
}

/* State of the layers, and scratch for the one that needs most. */
static void prepare(struct graph *g)
{
    int64_t scratch = 0;

    for (int i = 0; i < g->layers; i++) {
        struct layer *l = &g->layer[i];
        if (l->kind->prepare != NULL) l->kind->prepare(l, g->batch);
        if (l->scratch > scratch) scratch = l->scratch;
    }
    g->scratch = mem_take(scratch, sizeof *g->scratch);
}

static void unprepare(struct graph *g)
{
    for (int i = 0; i < g->layers; i++)
        if (g->layer[i].kind->drop != NULL) g->layer[i].kind->drop(&g->layer[i]);
    mem_free(g->scratch);
    g->scratch = NULL;
}

void graph_half(struct graph *g)
{
    if (g->batch == 0) return;
    unprepare(g);
    for (int i = 0; i < g->layers; i++) g->layer[i].half = 1;
    prepare(g);
}

void graph_memory(struct graph *g)
{
    int64_t shared;

    find_brief(g);
    g->row = shared = place_shared(g);
    for (int i = 0; i < g->layers; i++)
        g->row +=
            (g->value[g->layer[i].out].brief ? 0 : shape_size(g->layer[i].to)) + g->layer[i].kept;
    if (g->batch == 0) return;
    g->memory = mem_take(g->batch * g->row, sizeof *g->memory);
    g->keep = mem_take(g->layers, sizeof *g->keep);
    g->seen = mem_take(g->values, sizeof *g->seen);
    g->fresh = mem_take(g->values, sizeof *g->fresh);
    float *at = g->memory + g->batch * shared;
    for (int i = 0; i < g->layers; i++) {
        struct graph_value *v = &g->value[g->layer[i].out];
        v->x = v->y = v->brief ? g->memory + g->batch * v->y_place : at;
        if (!v->brief) at += (int64_t)g->batch * shape_size(v->shape);
        g->keep[i] = at;
        at += (int64_t)g->batch * g->layer[i].kept;
        if (v->gradient) v->dx = g->memory + g->batch * v->dx_place;
    }
    prepare(g);
}

void graph_free(struct graph *g)
{
    unprepare(g);
    mem_free(g->value);
    mem_free(g->layer);
    mem_free(g->seen);
    mem_free(g->fresh);
    mem_free(g->keep);
    mem_free(g->memory);
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
