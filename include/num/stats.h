/*
 * stats.h - moments, quantiles, a line through points.
 *
 * Serial, in double. Covariances of many columns: cov.h.
 */
#ifndef NUM_STATS_H
#define NUM_STATS_H

#include <stdint.h>

double stats_mean(const double *x, int64_t n);

/* Two passes; divided by n - ddof (ddof = 1: unbiased). */
double stats_variance(const double *x, int64_t n, int ddof);
double stats_std(const double *x, int64_t n, int ddof);

void stats_sort(double *x, int64_t n); /* ascending, in place; NaN last */

/* Quantile 0 <= q <= 1 with linear interpolation between the order statistics n - 1 apart (numpy's
 * default, type 7 of Hyndman and Fan 1996). x is sorted; n >= 1. */
double stats_quantile(const double *x, int64_t n, double q);

/* Wasserstein's distance of order 1 between the empirical laws of two samples, each ascending:
 * the integral of |F - G|. n, m >= 1. */
double stats_wasserstein(const double *x, int64_t n, const double *y, int64_t m);

/* The probability that a number of x is above one of y (area under the ROC curve), ties half; both
 * ascending. n, m >= 1. */
double stats_auc(const double *x, int64_t n, const double *y, int64_t m);

/* The integral of y over x by trapezoids, x ascending. */
double stats_trapezoid(const double *x, const double *y, int64_t n);

/* Pearson's correlation; 0 where one of them does not vary. */
double stats_correlation(const double *x, const double *y, int64_t n);

/* y = a + b x, least squares without weights; n >= 3 and x not constant. */
struct stats_line {
    double a, b;
    double var_a; /* variance of a: sum of squared residuals / (n - 2) times (X'X)^-1 at (a, a) */
};
struct stats_line stats_line(const double *x, const double *y, int n);

/* Running mean and sum of squares around it, of weighted numbers (West 1979; merge: Chan 1983). */
struct stats_moments {
    double weight, mean, square; /* sum w; mean; sum w (x - mean)^2 */
};
void stats_add(struct stats_moments *m, double x, double weight);
void stats_merge(struct stats_moments *m, const struct stats_moments *other);

#endif
