/*
 * wasserstein.h - how far each column of one sample of feature vectors is from that of another.
 *
 * Wasserstein's distance of order 1 between the two empirical laws of a column, over the
 * reference's standard deviation (where that is 0: over 1), so that columns of different units
 * compare.
 */
#ifndef SHOWER_WASSERSTEIN_H
#define SHOWER_WASSERSTEIN_H

#include "shower/fpd.h"

/* X is the reference, Y the generated sample, d columns each; w [d], the same on every rank. One
 * column at a time is gathered, to the ranks in turn (8 bytes a shower). Collective. */
void wasserstein_columns(double *w, const struct par *P, const struct sample *X,
                         const struct sample *Y, int d);

#endif
