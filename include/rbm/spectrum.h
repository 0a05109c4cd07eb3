/*
 * spectrum.h - singular values of the couplings between two partitions: how far a machine has
 * learnt (Decelle, Fissore and Furtlehner, EPL 119 (2017) 60001). Local.
 */
#ifndef RBM_SPECTRUM_H
#define RBM_SPECTRUM_H

#include "rbm/rbm.h"

/* All of them, descending, into s [min(n_a, n_b)]; no coupling: zeros. By dense matrices. */
void spectrum_values(const struct rbm *m, int a, int b, double *s);

/* The largest one. */
double spectrum_largest(const struct rbm *m, int a, int b);

#endif
