/*
 * ranges.h - does a problem fit into what a solver can program?
 *
 * h in h_range (times the largest gain of a schedule), J in extended_j_range, the couplings of a
 * qubit (Advantage) or of each of its two groups of couplers (Advantage2) together in theirs.
 */
#ifndef QPU_RANGES_H
#define QPU_RANGES_H

#include "qpu/ising.h"
#include "qpu/params.h"

/* One sentence that names a unit. With auto_scale only numbers that are not finite are refused, and
 * fields other than 0 with fast annealing. */
int ranges_check(const struct params *p, const struct solver *s, const struct ising *g,
                 struct err *e);

/* What auto_scale divides h and J by so that they just fit, 0 < divisor; 1 where nothing asks for
 * anything. Source: D-Wave, "auto_scale". */
double ranges_divisor(const struct solver *s, const struct ising *g);

/* Which of the two groups of a Zephyr qubit's couplers leads to this neighbour: 0 or 1. Chip of
 * size m, t. Source: spec of Advantage2, "coupling groups". */
int ranges_group(int qubit, int neighbour, int m, int t);

#endif
