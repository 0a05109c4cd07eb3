/*
 * isotonic.h - the non-decreasing function nearest to points: calibration of a classifier.
 *
 * Least squares by pooling adjacent violators (Ayer et al. 1955); points of equal x are averaged
 * first. Between the steps' ends the value is interpolated, outside it stays: as scikit-learn's
 * IsotonicRegression(out_of_bounds = "clip") has it.
 */
#ifndef NUM_ISOTONIC_H
#define NUM_ISOTONIC_H

#include <stdint.h>

struct isotonic {
    int64_t n;     /* points of the broken line */
    double *x, *y; /* [n] rising, not falling; owned */
};

/* From n >= 1 points in any order; values are kept within [low, high]. */
void isotonic_fit(struct isotonic *f, const double *x, const double *y, int64_t n, double low,
                  double high);
double isotonic_at(const struct isotonic *f, double x);
void isotonic_free(struct isotonic *f); /* accepts { 0 } */

#endif
