/*
 * buckets.h - the gradient in pieces that are summed over ranks while backward goes on.
 *
 * A bucket is a piece of the flat buffer, without fixed tensors. When the last layer with
 * parameters in it has had its backward, its sum is started; between layers all sums are polled.
 * The order of starts is that of the layers, the same on all ranks.
 *
 * With micro-batches only the last one's backward finishes gradients: the others run with `live` 0.
 */
#ifndef NN_BUCKETS_H
#define NN_BUCKETS_H

#include "base/reducer.h"
#include "num/tensors.h"

enum { BUCKET_FLOATS = 1 << 22 }; /* 16 MB */

struct buckets {
    const struct tensors *T;       /* borrowed */
    const struct reducer *reducer; /* borrowed; set before the first step */
    float *grad;                   /* the flat buffer, borrowed; set before the first step */
    int n;
    struct block *place; /* [n] from the buffer's end to its begin; owned */
    int64_t *left;       /* [n] floats whose gradient is not yet ready; owned */
    unsigned char *gone; /* [n] started; owned */
    int live;            /* gradients of the backward under way are final */
};

/* Cut the buffer of T into buckets of `floats` (a multiple of 16) at most. */
void buckets_init(struct buckets *b, const struct tensors *T, int64_t floats);
void buckets_free(struct buckets *b); /* accepts { 0 } */

/* A step begins. All that follow are collective when the reducer is. */
void buckets_begin(struct buckets *b);

/* Backward of the tensor's layer (of the layers that share it, the earliest) is done: start what is
 * whole, when live. */
void buckets_ready(struct buckets *b, int tensor);

void buckets_poll(const struct buckets *b);

/* Start what no layer has reported, and wait: grad is the sum, on a reducer with sharing in this
 * rank's blocks alone. */
void buckets_wait(struct buckets *b);

/* This rank's block in each bucket, out [n]: with sharing its share, else all of it. */
void buckets_own(const struct buckets *b, struct block *out);

/* After the update of our blocks of params: all of params on all ranks. Ends the step. */
void buckets_spread(struct buckets *b, float *params);

/* End the step without update: grad is the whole sum, also with sharing. */
void buckets_end(struct buckets *b);

#endif
