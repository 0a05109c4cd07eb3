/*
 * describe.h - what a run tells about its networks and its memory.
 */
#ifndef CMD_DESCRIBE_H
#define CMD_DESCRIBE_H

#include "cmd/model.h"

/* Lines of the log: each layer's shape, parameters and GFLOP for a shower and training step; into
 * the result `gflop_per_shower`. */
void describe_networks(struct run *r, const struct model *m);

/* Bytes that this process has had resident at most so far. */
int64_t describe_peak(void);

/* Before a run: the bytes that this rank's memory will come to, from its peak and mem_bytes() at
 * the start of the process. Says so, and returns it. */
int64_t describe_prediction(struct run *r, int64_t peak, int64_t taken);

/* After it: says the measured peak of this rank beside the prediction. */
void describe_memory(struct run *r, int64_t predicted);

#endif
