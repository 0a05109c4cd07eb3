/*
 * condition.h - holding units at the bits of a condition.
 *
 *   fold    they drop out: their couplings become fields (ising_set)
 *   fields  they stay, with a field that is much larger than what their neighbours do to them
 *   flux    they stay without a field, and a flux bias does the same
 *
 * Sign: E = h s wants s = -sign(h), and a flux bias phi acts like h = -phi / flux_per_h, so
 *
 *   bit u wants  h = -strength (2u - 1),   phi = +strength flux_per_h (2u - 1).
 *
 * flux_per_h: flux quanta that act like a field of -1 at freeze-out, sqrt(B / 2 M_AFM) and B taken
 * there: Advantage_system4 7.07e-4, system6 6.52e-4, Advantage2_system1 5.74e-4, system2 5.18e-4,
 * system4 5.48e-4. (CaloQuVAE uses 4.2132e-4, which is that of the quantum critical point, for all
 * of them, and in get_physical_flux_biases the other sign: what it clamps takes the other state.)
 */
#ifndef QPU_CONDITION_H
#define QPU_CONDITION_H

#include "base/err.h"

enum condition_how { CONDITION_FOLD, CONDITION_FIELDS, CONDITION_FLUX };

/* Of a QPU by its name (what follows the system's number does not count), or 0. */
double condition_flux_per_h(const char *solver);

double condition_field(double strength, int bit);
double condition_flux(double strength, double flux_per_h, int bit);

/* Flux biases end at 0.01 flux quanta. *strength beyond that: a sentence, or, when it may be
 * scaled, the largest that fits. */
int condition_check_flux(double *strength, double flux_per_h, int scale, struct err *e);

#endif
