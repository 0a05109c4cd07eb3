/*
 * special.h - special functions of one real argument or two, in double.
 *
 * Relative error about 1e-13 unless a comment says otherwise. Arguments outside the domain are a
 * bug: die(). NaN gives NaN.
 */
#ifndef NUM_SPECIAL_H
#define NUM_SPECIAL_H

#include <stdint.h>

/* ln Gamma(x), x > 0; no shared sign variable, unlike the C library's. */
double special_log_gamma(double x);

/* Regularised incomplete gamma functions, a > 0, x >= 0 (infinity allowed), P + Q = 1:
 *   P(a, x) = 1/Gamma(a) int_0^x t^(a-1) e^-t dt.
 * The smaller of the two keeps its relative accuracy: series for x < a + 1, else Lentz's continued
 * fraction (DLMF 8.11.4, 8.9.2); prefactor after Loader, "Fast and accurate computation of binomial
 * probabilities" (2000). */
double special_gamma_p(double a, double x);
double special_gamma_q(double a, double x);

/* Standard normal: P(Z <= x), relative accuracy in the lower tail too. */
double special_normal_cdf(double x);

double special_logistic(double x); /* 1 / (1 + e^-x) */
double special_softplus(double x); /* ln(1 + e^x) */

/* ln(e^a + e^b); -INFINITY is the logarithm of 0. */
double special_log_add(double a, double b);

/* ln sum_i e^x[i]; n = 0 or all -INFINITY: -INFINITY; any +INFINITY: INFINITY; any NaN: NaN. */
double special_log_sum_exp(const double *x, int64_t n);

#endif
