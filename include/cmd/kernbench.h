/*
 * kernbench.h - rates of the kernels that count and enumerate, for `caloq bench` (lines as in
 * benchline.h). Collective. The limit of counts is four operations on registers a cycle; 3 (AND,
 * count, add; v4x), 8 (count by two look-ups; v3, v4) for each register of chains.
 */
#ifndef CMD_KERNBENCH_H
#define CMD_KERNBENCH_H

#include "cmd/run.h"

/* Pairs counted (multiply-adds of a matrix product) per second and core; the matrix product first.
 */
void kernbench_counts(const struct run *r, struct json *list, double seconds);

/* States a second and core of the enumeration of an RBM with 784 visible units, which are summed
 * over; the limit is two products of registers of doubles a cycle. */
void kernbench_exact(const struct run *r, struct json *list, double seconds);

#endif
