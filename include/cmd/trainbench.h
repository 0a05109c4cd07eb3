/*
 * trainbench.h - how fast networks train and decode, beside the peak of a matrix product.
 */
#ifndef CMD_TRAINBENCH_H
#define CMD_TRAINBENCH_H

#include "cmd/run.h"

/* A whole step (forward, losses, backward, Adam) of each architecture of bench.architectures on
 * bench.batch showers, 4 x 302 units, and its way forward; the decoder alone on as many and on one;
 * generation (cmd/genbench.h); the step in bfloat16 beside float32, by processor time. An
 * architecture for whose memory there is no room is left out, with a word in the log. Figures are
 * appended to the list. Collective, each rank for itself. */
int trainbench(struct run *r, struct json *list, double seconds, struct err *e);

#endif
