/*
 * fit.h - the one training loop: batches, the sum over ranks, the optimiser, stop and go on.
 *
 * A step: the batch callback adds gradients summed over this rank's showers to grad and returns how
 * many they were; gradients, terms and the number are summed over ranks; the update uses the mean
 * over the true global number, so that uneven shares weigh rightly. A term that is not finite on
 * any rank stops all ranks together, before the update.
 *
 * The loop is a function of (epoch, index): saved with params and the optimiser's state, a run that
 * stops and starts again takes the same steps, bit for bit at equal ranks.
 */
#ifndef NN_FIT_H
#define NN_FIT_H

#include "base/err.h"
#include "base/reducer.h"
#include "nn/buckets.h"
#include "nn/optim.h"

#include <stddef.h>
#include <stdint.h>

enum { FIT_TERMS = 32 };

/* What a step or an epoch came to. */
struct fit_report {
    int64_t epoch, index;   /* of the step; index = steps of the epoch at an epoch's end */
    int64_t showers;        /* over all ranks */
    double term[FIT_TERMS]; /* means over these showers */
    double norm, rate;      /* gradient's norm before clipping (last step), learning rate */
};

struct fit {
    float *params, *grad; /* [n]; borrowed. NULL optim: nothing is reduced nor updated */
    int64_t n;
    struct optim *optim;
    const struct reducer *reducer;
    struct buckets *buckets; /* of grad and reducer, told by backward what is ready; borrowed. NULL:
                                the sum begins after backward */
    int terms;               /* numbers the batch callback reports, <= FIT_TERMS */
    int64_t steps, epochs;   /* steps of an epoch (the same on all ranks), epochs to reach */
    int64_t epoch, index;    /* where we stand: to be saved */
    double sum[FIT_TERMS + 1]; /* of this epoch so far, last: showers; to be saved */

    void *ctx; /* handed to the callbacks; borrowed */
    /* Add gradients, and to term[] the sums over this rank's showers of step `index`; returns their
     * number, or -1 with a sentence that every rank must share. */
    int64_t (*batch)(void *ctx, int64_t epoch, int64_t index, double *term, struct err *e);
    /* Where a number can first turn bad: `places` of them (layers; 0: not known), the first bad one
     * of this rank's last batch (-1: none), and its name. For the sentence that ends the run. */
    int places;
    int (*bad_place)(void *ctx);
    void (*place_name)(void *ctx, int place, char *text, size_t n);
    /* After each update, on all ranks; may be NULL. */
    int (*stepped)(void *ctx, const struct fit_report *r, struct err *e);
    /* After each epoch (validate, checkpoint: f's epoch already counts it); may be NULL. */
    int (*ended)(void *ctx, const struct fit_report *r, struct err *e);
    /* Asked after each step, must say the same on all ranks; may be NULL. */
    int (*stop)(void *ctx);
};

/* Goes on from (epoch, index). Callbacks return 0 to go on, > 0 to stop, < 0 with a sentence.
 * Returns 0 when all epochs are done, 1 when stopped, -1 with a sentence. Collective when the
 * reducer is. */
int fit_run(struct fit *f, struct err *e);

#endif
