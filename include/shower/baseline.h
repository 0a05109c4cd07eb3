/*
 * baseline.h - showers that know the mean and nothing of correlations: what a model must beat.
 *
 * From a training sample, in bins of ln E_inc: for each voxel the share f = e / E_inc, its
 * probability to be hit (f > 0), and mean and variance of f given a hit. A baseline shower of
 * energy E draws every voxel by itself: hit with the bin's probability, and then E times a gamma
 * number of the bin's mean and variance. Numbers are functions of (seed, RNG_BASELINE, shower).
 */
#ifndef SHOWER_BASELINE_H
#define SHOWER_BASELINE_H

#include "par/par.h"

#include <stdint.h>

/* How much a baseline shower fluctuates. FPD against the synthetic showers of data set 2 (10,000 to
 * 50,000 drawn from 5,000 on each side): 0.33, 0.53 and 32; two real samples 0.18. */
enum baseline_kind {
    BASELINE_GAMMA, /* as above: every voxel has its own law at this energy */
    BASELINE_HITS,  /* hit or not; a voxel that is hit holds its mean given a hit */
    BASELINE_MEAN   /* the mean shower itself */
};

struct baseline {
    enum baseline_kind kind; /* 0 after baseline_init; may be set at any time */
    int bins, V;
    double least, width; /* ln E of the lower end, and of a bin */
    double *sum;         /* [bins, 1 + 3 V]: showers; hits, sum f, sum f^2 of each voxel; owned */
    float *law;          /* [bins, 3, V] after baseline_finish: probability, shape, scale; owned */
    int *near;           /* [bins] the nearest bin that has showers; owned */
};

/* Bins of ln E between two energies in MeV (the same on every rank). Local. */
void baseline_init(struct baseline *b, int bins, int V, double e_min, double e_max);
void baseline_free(struct baseline *b); /* accepts { 0 } and a second call */

/* Showers of the training sample: x [n, V] MeV, energy [n] MeV. Local. */
void baseline_add(struct baseline *b, const float *x, const double *energy, int n);

/* Sum over ranks and work out the laws. Collective, once. No shower at all is a bug. */
void baseline_finish(struct baseline *b, const struct par *P);

/* Showers number first .. first + n - 1 at energy [n] MeV, into x [n, V] MeV. Local. */
void baseline_showers(const struct baseline *b, uint64_t seed, int64_t first, const double *energy,
                      int n, float *x);

#endif
