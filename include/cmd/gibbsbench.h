/*
 * gibbsbench.h - updates per ns and core of every way to sweep, for `caloq bench`.
 *
 * A line for each instruction set, graph, precision and sampler; sgemm on the complete machine is
 * the yardstick. Limits are what the vector units could do at the clock rate that is measured
 * first, two operations on registers a cycle:
 *
 *   add      a neighbour is an addition in every chain, of floats or of half as many bytes
 *   lookup   a group of neighbours is a permutation of int16 (two of bytes in v3)
 *
 * AVX-512 is measured once: v4x counts bits faster, and sweeps as v4 does. Collective.
 */
#ifndef CMD_GIBBSBENCH_H
#define CMD_GIBBSBENCH_H

#include "cmd/run.h"

void gibbsbench(const struct run *r, struct json *list, double seconds);

#endif
