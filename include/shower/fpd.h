/*
 * fpd.h - Frechet physics distance of two samples of feature vectors, as JetNet 0.2.5 computes it.
 *
 * Kansal et al., Phys. Rev. D 107, 076017 (2023); spec/evaluation.md 3.2. Both samples are divided
 * by the largest magnitude of each column of the first (the reference). For ten batch sizes n,
 * evenly spaced in 1/n, the Frechet distance d2 = |mu1 - mu2|^2 + tr S1 + tr S2 - 2 tr (S1
 * S2)^(1/2) of bootstrap samples (numpy's default_rng(42), with replacement) is averaged over
 * twenty draws; a straight line in 1/n gives the distance at n = infinity. The value is not
 * multiplied by 1000.
 *
 * Every rank holds some rows; nothing is gathered. All ranks draw the same indices, add up the
 * covariances of their own rows (a row that was drawn k times counts k times, once computed), and
 * share out the eigenvalue problems. Memory on top of the features: some 14 d^2 doubles and d^2
 * more for each of min(ranks, 16) evaluations under way.
 */
#ifndef SHOWER_FPD_H
#define SHOWER_FPD_H

#include "base/block.h"
#include "base/err.h"
#include "par/par.h"

#include <stdint.h>

/* Feature vectors, shared out over the ranks in rank order. Borrowed pointers. */
struct sample {
    const double *x;   /* [mine.count, d] */
    struct block mine; /* rows of this rank; the ranks' blocks follow one another */
    int64_t n;         /* rows on all ranks, 2 <= n < 2^32 */
};

enum { FPD_POINTS = 10, FPD_BATCHES = 20 };

struct fpd_options {
    int64_t min, max; /* smallest and largest batch; CaloChallenge 10000 and 50000 */
    uint64_t seed;    /* 42 */
};

struct fpd {
    double value, error;     /* a of a + b / n, and its standard error */
    double slope;            /* b */
    double size[FPD_POINTS]; /* batch sizes n */
    double mean[FPD_POINTS]; /* mean d2 at each */
    double first;            /* d2 of the very first batch */
};

/* X is the reference, Y the generated sample; the order matters. Collective. A feature that is not
 * finite is a sentence that names sample and column. */
int fpd_distance(struct fpd *r, const struct par *P, const struct sample *X, const struct sample *Y,
                 int d, const struct fpd_options *o, struct err *e);

/* d2 of the two whole samples (normalised as above, no bootstrap, no extrapolation). Collective. */
int fpd_plain(double *d2, const struct par *P, const struct sample *X, const struct sample *Y,
              int d, struct err *e);

/* The batch sizes: trunc(1 / linspace(1/min, 1/max, 10)). */
void fpd_sizes(int64_t size[FPD_POINTS], int64_t min, int64_t max);

/* 1 / max |x_ij| of each column of X over all ranks (1 where that is 0) into scale [d]. Collective;
 * complains of what is not finite in X or Y. */
int fpd_scale(double *scale, const struct par *P, const struct sample *X, const struct sample *Y,
              int d, struct err *e);

#endif
