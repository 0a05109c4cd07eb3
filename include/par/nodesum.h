/*
 * nodesum.h - sums of floats over ranks through the memory that a node's ranks share.
 *
 * Each rank keeps what is summed (gradients) in a window that its neighbours read. Of every sum a
 * rank of the node has a share: once all have started, it adds it up in rank order, sums over nodes
 * with the ranks that have the same share there (MPI_Iallreduce), and writes it to all. Flags in
 * the window say who is how far, so that nobody calls MPI within a node. A rank that waits yields
 * the processor, then sleeps for some microseconds at a time.
 *
 * With updates by shares (struct sharing) each rank updates its share of the parameters, and these
 * go through the same window. On nodes with unequal numbers of ranks, the first ranks of each,
 * as many as the smallest node has, have shares.
 */
#ifndef PAR_NODESUM_H
#define PAR_NODESUM_H

#include "par/par.h"
#include "par/window.h"

struct nodesum {
    const struct par *P; /* borrowed */
    struct window window;
    struct par cross; /* the ranks of all nodes that have our share */
    int shares;       /* updates go by shares */
    int holders;      /* ranks of a node that have shares */
    int64_t n;        /* floats */
    int slots;
    float *x;                  /* [n] ours: in the window, or owned where we are alone */
    struct nodesum_slot *slot; /* [slots] what is under way; owned */
    int *queue;                /* [slots] slots in the order of the starts; owned */
    int64_t first, started;    /* in it: of those whose share is not yet added; past the last */
};

/* Memory for n floats (zero) of which up to `slots` parts are summed at a time. Collective over P,
 * which must outlive it. */
void nodesum_take(struct nodesum *s, const struct par *P, int64_t n, int slots);
void nodesum_free(struct nodesum *s); /* collective; accepts { 0 } and a second call */

/* Bytes of a neighbour's memory that become resident here too; with our own in the window, which
 * mem_bytes() leaves out, in *own. Local. */
int64_t nodesum_seen(const struct nodesum *s, int64_t *own);

/* The sums over P; start takes parts of s->x alone. Same order of additions at every run with the
 * same ranks and nodes. `shares`: with struct sharing, where a node has several ranks. */
struct reducer nodesum_reducer(struct nodesum *s, int shares);

#endif
