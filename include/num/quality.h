/*
 * quality.h - how far a mean of n weights is to be trusted: errors, intervals, and signs of
 * trouble.
 *
 * The interval is Hall's: Student's t of the mean weight, transformed so that its skewness is taken
 * out, then its logarithm. The plain delta interval covers 94.7% where log-weights are normal with
 * variance 0.5 (500 of them; this one 94.8%), but 84% against 91% at variance 2 with 64 of them.
 *
 * Sources: Hall, J. R. Stat. Soc. B 54, 221 (1992); Zhang and Stephens, Technometrics 51, 316
 * (2009); Vehtari, Simpson, Gelman, Yao and Gabry, JMLR 25 (2024).
 */
#ifndef NUM_QUALITY_H
#define NUM_QUALITY_H

#include <stdint.h>

enum quality_figure {
    QUALITY_LOG_MEAN,
    QUALITY_ERROR,
    QUALITY_BOOTSTRAP,
    QUALITY_LOW,
    QUALITY_HIGH,
    QUALITY_BOUND,
    QUALITY_JACKKNIFE,
    QUALITY_ESS,
    QUALITY_VARIANCE,
    QUALITY_SKEWNESS,
    QUALITY_LARGEST,
    QUALITY_PARETO_K,
    QUALITY_FIGURES
};

/* Above it the error of a mean says little. */
#define QUALITY_PARETO_MOST 0.7

/* Name of a figure, and a sentence on it. */
const char *quality_name(enum quality_figure f);
const char *quality_text(enum quality_figure f);

/* All figures of n >= 1 log-weights; the bootstrap resamples `repeats` times by RNG_BOOTSTRAP,
 * item. NAN where too few weights have no such figure. */
void quality_of(double x[QUALITY_FIGURES], const double *log_w, int64_t n, int repeats,
                uint64_t seed, int64_t item);

/* The 95% interval of the log of the mean weight, n > 1; low may be -INFINITY. */
void quality_interval(const double *log_w, int64_t n, double *low, double *high);

/* Log of the mean weight without its bias of order 1 / n, n > 1. */
double quality_jackknife(const double *log_w, int64_t n);

/* The shape k of a generalised Pareto distribution fitted to the largest weights, min(n / 5, 3
 * sqrt(n)) of them; their moments exist below 1 / k. NAN with fewer than 5, or when they are equal.
 */
double quality_pareto(const double *log_w, int64_t n);

#endif
