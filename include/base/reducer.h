/*
 * reducer.h - sums over ranks, for science that knows no ranks.
 *
 * nn and rbm hand what must be summed to these four functions; par makes one over MPI, and the
 * serial one does nothing. Every rank calls in the same order with the same sizes.
 */
#ifndef BASE_REDUCER_H
#define BASE_REDUCER_H

#include "base/block.h"

#include <stdint.h>

enum { REDUCER_SLOTS = 1024 }; /* sums that can be under way: slots 0 .. REDUCER_SLOTS - 1 */

/*
 * Updates by shares: each rank has one share of every sum, updates those parameters alone, and gets
 * the others from the ranks that have them. In place of wait: scatter, work on the share of x,
 * spread and gather of what was made of it. All take the reducer's ctx.
 */
struct sharing {
    struct block (*share)(void *ctx, int64_t n);   /* of n floats; count 0: none */
    void (*scatter)(void *ctx, int slot);          /* x's share is the sum; the rest is nobody's */
    void (*spread)(void *ctx, float *y, int slot); /* our share of y [n] goes to all; y is lent */
    void (*gather)(void *ctx, int slot);           /* y is whole; wait then ends the slot */
    void (*sum)(void *ctx, double *x, int n);      /* over the holders of shares, each once */
};

struct reducer {
    void (*sum)(void *ctx, double *x, int n);                /* in place, at once */
    void (*count)(void *ctx, int64_t *x, int64_t n);         /* in place, exact */
    void (*start)(void *ctx, float *x, int64_t n, int slot); /* x stays ours until wait */
    void (*wait)(void *ctx, int slot);
    void (*poll)(void *ctx);       /* between layers: MPI moves only inside its calls */
    void *ctx;                     /* borrowed */
    const struct sharing *sharing; /* NULL: sums are whole on every rank */
};

/* The sum over one rank: nothing to do. */
struct reducer reducer_serial(void);

#endif
