/*
 * graphplan.h - what a graph is being built from, and how the keys of its layers are read.
 *
 * For nn/graph alone. Sentences begin "file:line: ".
 */
#ifndef NN_GRAPHPLAN_H
#define NN_GRAPHPLAN_H

#include "nn/graph.h"

/* What a graph is being built from. */
struct plan {
    struct graph *g;
    const char *file;
    const struct graph_wish *wish;
    struct tensors *T;
    int room;                /* layers there is memory for */
    int last;                /* value that a layer without inputs reads */
    struct scope *scope;     /* of the block at hand; NULL: outside blocks */
    const char *prefix;      /* of tensors here */
    const char *published;   /* path of the module around; NULL: a block without one */
    struct layer_size *size; /* [sizes], those of the wish and of the blocks around */
    int sizes;
};

enum { PLAN_SIZES = 512, PLAN_DEPTH = 8 };

/* A block being expanded: the names in it begin with its own. */
struct scope {
    struct scope *outer;
    char name[LAYER_NAME]; /* "first.", "first.inner.", "@12." without a name: nobody else's */
    int input, begin;      /* what it reads; the first value made in it */
};

/* The value of that name, the youngest first; -1: none. */
int plan_find(const struct graph *g, const char *name);

/* The value that a layer means by a name: the block's own first, then those around it; -1: none. */
int plan_look(const struct plan *p, const char *name);

/* The values named by `input`, `concat` or `inputs`; without them the value made last. */
int plan_inputs(const struct plan *p, const struct yaml *y, int in[LAYER_INPUTS], int *ins,
                struct err *e);

/* A text of a layer, "" without the key. A name is new, short enough, and begins with that of the
 * block around. */
int plan_name(const struct plan *p, const struct yaml *y, const char *key, char out[LAYER_NAME],
              struct err *e);

/* Every key must be one that all layers have, or one of the kind's own. */
int plan_keys(const struct plan *p, const struct yaml *y, const struct layer_kind *kind,
              struct err *e);

/* The kind that a layer names, or NULL. */
const struct layer_kind *plan_kind(const struct plan *p, const struct yaml *y, struct err *e);

#endif
