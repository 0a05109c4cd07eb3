/*
 * reversal.h - gauges: a problem with some of its spins the other way round.
 *
 *   s -> g s,  h -> g h,  J_ij -> g_i J_ij g_j,  flux -> g flux,   g_i = +1 or -1
 *
 * leaves H as it is, so that reads with the signs undone are reads of the problem; what the device
 * adds to every field (a mean of ICE's delta h) comes with the sign g and averages out over gauges.
 */
#ifndef QPU_REVERSAL_H
#define QPU_REVERSAL_H

#include "qpu/ising.h"

/* Fair signs of n parties, a function of (seed, number, gauge). */
void reversal_draw(int8_t *sign, int n, uint64_t seed, int64_t number, int gauge);

/* The numbers of g in the gauge sign [g->n] into `to`, which has its size and pairs. */
void reversal_apply(struct ising *to, const struct ising *g, const int8_t *sign);

/* x [n] -> sign x, into `to`, which may be x. */
void reversal_turn(double *to, const double *x, const int8_t *sign, int n);

#endif
