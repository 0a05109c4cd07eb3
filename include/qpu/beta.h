/*
 * beta.h - the inverse temperature at which states were drawn, by maximum pseudo-likelihood.
 *
 *   f_i = 2 s_i (h_i + sum_j J_ij s_j),  log PL = - sum over reads and spins of log(1 + e^{beta f})
 *
 * which is concave; its root is found by Newton steps kept inside a bracket. The error is the
 * sandwich estimate for reads that are independent of each other (spins of a read need not be):
 * sqrt(sum_r g_r^2) / |G'|. Exact in the limit of many reads when the states follow
 * exp(-beta H); otherwise the temperature of their conditional distributions.
 * Source: Besag, JRSS B 36, 192 (1974); D-Wave, dwave.system.temperatures.
 */
#ifndef QPU_BETA_H
#define QPU_BETA_H

#include "qpu/ising.h"

struct beta {
    double beta; /* INFINITY when no state has a spin against its field; NAN without reads */
    double error;
};

/* f [n_reads, g->n] of states [n_reads, g->n] of bytes 0 and 1. */
void beta_fields(float *f, const struct ising *g, const uint8_t *states, int64_t reads);

/* From fields [reads, n]. */
struct beta beta_find(const float *f, int64_t reads, int n);

#endif
