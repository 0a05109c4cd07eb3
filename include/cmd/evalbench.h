/*
 * evalbench.h - how fast two samples are judged: histograms, FPD and KPD, neighbours.
 */
#ifndef CMD_EVALBENCH_H
#define CMD_EVALBENCH_H

#include "cmd/run.h"

/* Processor seconds of a rank for samples of bench.showers each, and their share of what the
 * machine's products of matrices (dgemm, sgemm; measured before) or one pass over the same voxels
 * would take. Random feature vectors: times do not depend on what the numbers are. Collective. */
int evalbench(struct run *r, struct json *list, double seconds, struct err *e);

#endif
