/*
 * sumbench.h - what a training step does to every parameter: the sum of gradients over ranks and
 * the optimiser's update, beside MPI_Allreduce and the speed of memory.
 */
#ifndef CMD_SUMBENCH_H
#define CMD_SUMBENCH_H

#include "cmd/run.h"

/* bench.floats parameters: Adam beside a copy of as many bytes; on several ranks the sum through
 * shared memory, and sum with update by shares, beside MPI_Allreduce without and with Adam of all.
 * Figures are appended to the list. Collective. */
void sumbench(const struct run *r, struct json *list, double seconds);

#endif
