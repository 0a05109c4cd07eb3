/*
 * freezeout.h - an anneal as a list of heat-bath sweeps, each at its own inverse temperature.
 *
 * A spin attempts flips at the rate Gamma(s) = gamma_0 A(s)^2, so that after time t it has
 *
 *   R(t) = integral from t to the end of Gamma(s(t')) dt'
 *
 * attempts left. gamma_0 is such that R = 1 at the published freeze-out of single qubits, s*, in an
 * anneal of the published time. Sweeps lie at R = 1 (the last), 2, 3, ...; where more than
 * `resolution` attempts are left, one in resolution of them: R + max(1, R / resolution). A sweep at
 * s has
 *
 *   beta = B(s) / B(s*) / T,      T: the published temperature of single qubits,
 *
 * that is beta = kappa B(s) / 2 k T_phys with kappa = (2 k T_phys / B(s*)) / T. So a single spin
 * comes out at T after the published time, and colder after a longer one; spins that must pass over
 * a barrier stop earlier, where B is smaller, and come out hotter. The resolution is part of the
 * model: with 50, open chains of 2 to 5 spins at J = -1 come out 1.67, 1.88, 2.04 and 2.17 times
 * hotter, squares and stars 3.8 times (every attempt by itself: 1.44 to 1.57, and 2.3).
 *
 * Beside h, a flux bias is worth sqrt(B(s*) / B(s)) times what it is at s*.
 */
#ifndef QPU_FREEZEOUT_H
#define QPU_FREEZEOUT_H

#include "qpu/datasheet.h"
#include "qpu/params.h"

struct freezeout {
    int n;        /* sweeps */
    double *beta; /* [n] in the order of time; owned */
    double *left; /* [n] R; owned */
    double *gain; /* [n] factor of h by the h-gain schedule; owned */
    double *flux; /* [n] factor of flux biases beside h; owned */
    int gained;   /* is there a gain schedule? */
};

/* anneal: us, of the standard schedule; p: schedules, or NULL; resolution > 0. A sentence when it
 * would take more than FREEZEOUT_MOST sweeps. f must be freed in any case. */
enum { FREEZEOUT_MOST = 1 << 20 };
int freezeout_init(struct freezeout *f, const struct datasheet *s, const struct params *p,
                   double anneal, double resolution, struct err *e);
void freezeout_free(struct freezeout *f); /* accepts { 0 } */

#endif
