/*
 * annealcompare.h - reads of an annealer beside Gibbs chains of the same machine.
 *
 * Chains from fair coins at the machine's own temperature. Energies E(x): means and widths. Means
 * of units and second moments of coupled units: root mean square of the differences, and what
 * independent draws of these numbers would give. Collective; rank 0 fills the result.
 */
#ifndef CMD_ANNEALCOMPARE_H
#define CMD_ANNEALCOMPARE_H

#include "cmd/annealweigh.h"

/* Adds the object "chains" to the result: chains, sweeps, energy_mean, energy_error, energy_std,
 * reads_energy_std, mean_difference, mean_noise, pair_difference, pair_noise; mean_chi2 and
 * pair_chi2, means of the squared differences in their errors, about 1 for draws of the machine. w
 * (or NULL) weighs the reads: then weighed_mean_chi2 and weighed_pair_chi2 too, of
 * ANNEALCOMPARE_PAIRS pairs at most. x: sorted. */
enum { ANNEALCOMPARE_PAIRS = 2000 };

int annealcompare_run(struct run *r, const struct annealmodel *m, const struct annealrows *x,
                      struct annealweigh *w, const struct kern *k, struct err *e);

#endif
