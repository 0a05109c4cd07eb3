/*
 * reducer.h - sums over ranks, for science that knows no ranks.
 *
 * nn and rbm hand what must be summed to these four functions; par makes one over MPI, and the
 * serial one does nothing. Every rank calls in the same order with the same sizes.
 */
#ifndef BASE_REDUCER_H
#define BASE_REDUCER_H

#include <stdint.h>

struct reducer {
    void (*sum)(void *ctx, double *x, int n);                /* in place, at once */
    void (*count)(void *ctx, int64_t *x, int64_t n);         /* in place, exact */
    void (*start)(void *ctx, float *x, int64_t n, int slot); /* x stays ours until wait */
    void (*wait)(void *ctx, int slot);
    void (*poll)(void *ctx); /* between layers: MPI moves only inside its calls */
    void *ctx;               /* borrowed */
};

/* The sum over one rank: nothing to do. */
struct reducer reducer_serial(void);

#endif
