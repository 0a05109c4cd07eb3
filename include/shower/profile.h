/*
 * profile.h - mean showers of two samples by energy decade: along the axis, across it, and both.
 *
 * Sample 0 is the reference, sample 1 the generated showers. Decades of the incident energy,
 * [10^k, 10^(k+1)) MeV. Energies in MeV per shower.
 */
#ifndef SHOWER_PROFILE_H
#define SHOWER_PROFILE_H

#include "base/err.h"
#include "io/h5.h"
#include "par/par.h"
#include "shower/geom.h"

#include <stdint.h>

struct profile {
    const struct geom *g; /* borrowed */
    int decades, lowest;  /* decade i begins at 10^(lowest + i) MeV */
    int layers, rings;    /* rings: the most that a layer has */
    int64_t size;         /* doubles of one sample: decades (1 + layers (2 + rings)) */
    double *sum;          /* [2, size]: showers, layer sums, their squares, [layer, ring]; owned */
};

/* For incident energies from least to most, MeV (the same on every rank); at most 16 decades,
 * energies outside fall into the nearest one. Local. */
void profile_init(struct profile *p, const struct geom *g, double least, double most);
void profile_free(struct profile *p); /* accepts { 0 } and a second call */

/* x [n, voxels] MeV, energy [n] MeV. threshold as in observables.h. Local. */
void profile_add(struct profile *p, int sample, const float *x, const double *energy, int n,
                 double threshold);

void profile_sum(struct profile *p, const struct par *P); /* collective, once */

/* Under /profiles, for S = reference and generated: showers_S [decades]; longitudinal_S and
 * longitudinal_std_S [decades, layers]; mean_shower_S [decades, layers, rings] (summed over the
 * sectors); where all layers have the same rings radial_S [decades, rings] and radius [rings].
 * depth [layers] mm, energy_edges [decades + 1] MeV. Decades without showers hold 0. Collective. */
int profile_write(struct h5 *f, const struct profile *p, struct err *e);

#endif
