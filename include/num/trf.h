/*
 * trf.h - the straight line at which scipy's curve_fit stops.
 *
 * JetNet extrapolates FPD with curve_fit(a + b x, bounds = (0, inf)), a trust-region reflective
 * method (Branch, Coleman, Li, SIAM J. Sci. Comput. 21, 1, 1999) that starts at a = b = 1 and ends
 * when the scaled gradient is below 1e-8: up to 2e-5 of the value away from the least squares line
 * when that value is small. Meeting its numbers takes its steps: this is scipy 1.10's dense path
 * for two parameters with lower bounds 0 and tolerances 1e-8. The derivatives are exact where
 * scipy's are forward differences, whose rounding moves its end by up to 1e-9 of the value.
 */
#ifndef NUM_TRF_H
#define NUM_TRF_H

#include "num/stats.h"

enum { TRF_POINTS = 64 };

/* y = a + b x through 3 <= n <= TRF_POINTS points; a, b >= 0. var_a as curve_fit's covariance: sum
 * of squared residuals / (n - 2) times (J'J)^-1 at (a, a). */
struct stats_line trf_line(const double *x, const double *y, int n);

#endif
