/*
 * fits.h - counts of states against their probabilities.
 */
#ifndef TESTS_RBM_FITS_H
#define TESTS_RBM_FITS_H

#include <math.h>
#include <stdint.h>

/* Do n counts of `states` states fit p? Chi-square, states expected less than 5 times put together;
 * its value in *chi2, may be NULL. Fixed seeds: 99.9% of chi-square of d degrees is below d + 3.1
 * sqrt(2 d) + 6 for every d here. */
static inline int fits(const int64_t *count, const double *p, int64_t states, int64_t n,
                       double *chi2)
{
    double sum = 0.0, rare = 0.0, seen = 0.0;
    int degrees = -1, lonely = 0;

    for (int64_t s = 0; s < states; s++) {
        double expected = p[s] * (double)n;
        if (expected < 5.0) {
            rare += expected;
            seen += (double)count[s];
            continue;
        }
        sum += ((double)count[s] - expected) * ((double)count[s] - expected) / expected;
        degrees++;
    }
    if (rare >= 1.0) {
        sum += (seen - rare) * (seen - rare) / rare;
        degrees++;
    } else {
        lonely = seen > 5.0;
    }
    if (chi2 != NULL) *chi2 = sum;
    return !lonely && sum <= degrees + 3.1 * sqrt(2.0 * degrees) + 6.0;
}

#endif
