/*
 * errorlaw.h - how the error of a reconstructed energy grows with the energy.
 *
 * With rel = |E' - E| / E, four scenarios for |E' - E|, each a line of ln rel against ln(1 / E):
 *
 *   constant C      slope 1        C / E
 *   C sqrt(E)       slope 1/2      C / sqrt(E)
 *   C E             slope 0        C
 *   C E^delta       slope 1 - delta, fitted
 *
 * C is fitted in each, E in GeV, by least squares over all showers with rel > 0 and E > 0.
 */
#ifndef SHOWER_ERRORLAW_H
#define SHOWER_ERRORLAW_H

#include "par/par.h"

enum error_scenario { ERROR_CONSTANT, ERROR_ROOT, ERROR_LINEAR, ERROR_POWER, ERROR_SCENARIOS };

struct error_law {
    double sum[6]; /* n, and sums of x, y, x^2, x y, y^2; x = ln(1/E), y = ln rel */
    double factor[ERROR_SCENARIOS]; /* C, after errorlaw_finish; NAN without showers */
    double rms[ERROR_SCENARIOS];    /* of the residuals of ln rel */
    double delta, delta_error;      /* NAN when E does not vary */
};

/* One shower: E in MeV, its reconstruction's relative error (either sign). Local. */
void errorlaw_add(struct error_law *l, double energy, double relative);

/* Collective, once. */
void errorlaw_finish(struct error_law *l, const struct par *P);

/* "constant", "sqrt", "linear", "power". */
const char *errorlaw_name(enum error_scenario s);

#endif
