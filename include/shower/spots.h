/*
 * spots.h - deposits of a synthetic shower, thrown into voxels many at a time.
 *
 * Spots are Poisson in number, gamma in weight, even in the angle. They are not thrown one by one:
 * the number of Poisson spots in a voxel is again Poisson, and the sum of k gamma weights is a
 * gamma weight of k times the shape, so each voxel is drawn at once with the same law.
 */
#ifndef SHOWER_SPOTS_H
#define SHOWER_SPOTS_H

#include "base/rng.h"
#include "shower/geom.h"

struct spots {
    const struct geom *g; /* borrowed */
    double *ring;         /* [rings + 1] probabilities of a layer's rings, and outside; owned */
    double *weight, *sum; /* [voxels] of the spots at hand; MeV of all so far; owned */
    int *count;           /* [most sectors]; owned */
};

void spots_init(struct spots *s, const struct geom *g);
void spots_free(struct spots *s); /* accepts { 0 } */

/* A new shower: sum is 0. */
void spots_clear(struct spots *s);

/* ring[] = 0, for a layer; then ring[i] += p times the probability of ring i under r^2 / (r^2 +
 * R^2), R in mm. */
void spots_rings(struct spots *s, const struct geom_layer *layer);
void spots_rings_add(struct spots *s, const struct geom_layer *layer, double p, double R);

/* Poisson(mean) spots of one layer into weight[], by ring[]; returns the sum of their weights,
 * those outside too. shape: of a weight's gamma law. */
double spots_fill(struct spots *s, const struct geom_layer *layer, double mean, double shape,
                  struct rng *r);

/* The weight of Poisson(mean) spots that hit no layer. */
double spots_lost(double mean, double shape, struct rng *r);

/* Share `energy` MeV among voxels first..first+count-1 by weight[], of which all spots had `total`;
 * weight[] is 0 again there. */
void spots_share(struct spots *s, int first, int count, double energy, double total);

#endif
