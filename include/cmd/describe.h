/*
 * describe.h - what a run tells about its networks and its memory.
 */
#ifndef CMD_DESCRIBE_H
#define CMD_DESCRIBE_H

#include "cmd/model.h"
#include "par/nodesum.h"

/* Lines of the log: each layer's shape, parameters and GFLOP for a shower and training step; into
 * the result `gflop_per_shower`. */
void describe_networks(struct run *r, const struct model *m);

/* Bytes that this process has had resident at most so far. */
int64_t describe_peak(void);

/* Bytes of a rank: resident, and how many of these are a neighbour's, whom it shares memory with.
 */
struct footprint {
    int64_t all, seen;
};

/* Before a run: what this rank's memory will come to, from its peak and mem_bytes() at the start of
 * the process, and the sums it takes part in ({ 0 }: none). Says so. Collective. */
struct footprint describe_prediction(struct run *r, int64_t peak, int64_t taken,
                                     const struct nodesum *sums);

/* After it: says the measured peak beside the prediction. Collective. */
void describe_memory(struct run *r, struct footprint predicted);

#endif
