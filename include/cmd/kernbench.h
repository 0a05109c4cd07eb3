/*
 * kernbench.h - rates of the kernels on spins, for `caloq bench`. Local: each rank its own core.
 *
 * A line for each kernel table, topology and precision. Rates are medians by processor time, so
 * that a rank that waits for its core is not slower for it; a line is marked disturbed when
 * processes other than this run took over 5% of the machine's processor time while it was measured
 * (/proc/stat). Limits are what the vector units could do at the clock rate that is measured first:
 *
 *   gibbs   two additions of a register of floats a cycle; a neighbour is an addition in every
 * chain counts  four operations on registers a cycle; 3 (AND, count, add; v4x), 8 (count by two
 * look-ups; v3, v4) for each register of chains
 */
#ifndef CMD_KERNBENCH_H
#define CMD_KERNBENCH_H

#include "cmd/run.h"

/* Updates of units per ns and core. */
void kernbench_gibbs(const struct run *r, struct json *list, double seconds);

/* Pairs counted (multiply-adds of a matrix product) per second and core; the matrix product first.
 */
void kernbench_counts(const struct run *r, struct json *list, double seconds);

/* States a second and core of the enumeration of an RBM with 784 visible units, which are summed
 * over; the limit is two products of registers of doubles a cycle. */
void kernbench_exact(const struct run *r, struct json *list, double seconds);

#endif
