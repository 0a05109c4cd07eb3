/*
 * series.h - numbers in a row that remember those before them: for how long, and with what error.
 *
 *   R(k)  autocovariance at lag k, divided by n;  rho(k) = R(k) / R(0)
 *   tau   = 1/2 + sum_{k=1..W} rho(k), W the least with W >= 5 tau; 1/2 when they are independent
 *   error of the mean = sqrt(2 tau R(0) / n)
 *   block length of a circular bootstrap: (2 g^2 / D)^(1/3) n^(1/3), g = sum lambda |k| R(k),
 *         D = 4/3 (sum lambda R(k))^2, lambda the trapezoid over twice the lag beyond which rho is
 *         noise
 *
 * Sources: Madras and Sokal, J. Stat. Phys. 50, 109 (1988); Politis and White, Econometric Rev. 23,
 * 53 (2004), corrected by Patton, Politis and White, ibid. 28, 372 (2009).
 */
#ifndef NUM_SERIES_H
#define NUM_SERIES_H

#include "base/rng.h"

#include <stdint.h>

/* 1/2 where nothing varies. n >= 1. */
double series_time(const double *x, int64_t n);

/* Standard error of the mean; 0 for n = 1. */
double series_error(const double *x, int64_t n);

/* From 1 (no memory) to min(3 sqrt(n), n / 3). */
int64_t series_block(const double *x, int64_t n);

/* Which entries a circular block resample takes: place [n], in blocks of `block`, the last cut. */
void series_resample(int64_t *place, int64_t n, int64_t block, struct rng *r);

/* Standard deviation over `repeats` resamples of sum(x) / sum(y); RNG_BOOTSTRAP, item. place [n]
 * is scratch. */
double series_ratio_error(const double *x, const double *y, int64_t n, int64_t block, int repeats,
                          uint64_t seed, int64_t item, int64_t *place);

#endif
