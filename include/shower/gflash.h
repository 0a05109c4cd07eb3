/*
 * gflash.h - the electromagnetic core of a synthetic shower.
 *
 * Grindhammer and Peters, hep-ex/0001020: gamma profiles along the axis whose maximum and shape
 * fluctuate together (A.1, A.2: individual sampling showers), a core and a tail across it (A.3,
 * A.4), energies of layers that fluctuate by sampling, spots. Depths t in X0, counted by each
 * layer's own material; all other constants are those of the main material, the one at 7 X0, near
 * the maximum of most showers.
 */
#ifndef SHOWER_GFLASH_H
#define SHOWER_GFLASH_H

#include "shower/recipe.h"
#include "shower/spots.h"

struct gflash {
    const struct geom *g;        /* borrowed */
    const struct synth_set *set; /* borrowed */
    const struct material *main; /* borrowed */
    double *depth;               /* [layers + 1] edges of the layers, X0; owned */
    double *energy, *spot;       /* [layers] fractions of the core's energy and spots; owned */
};

/* One shower's shape. */
struct gflash_shape {
    double E;              /* GeV */
    double T, alpha, beta; /* maximum, X0; dE/dt = gamma density */
    double stretch;        /* tau = t stretch */
    double rc1, rc2, k1, k4, p1, p2, p3;
};

void gflash_init(struct gflash *f, const struct geom *g, const struct synth_set *set);
void gflash_free(struct gflash *f); /* accepts { 0 } */

/* Draws a shape for E GeV. */
struct gflash_shape gflash_shape(const struct gflash *f, double E, struct rng *r);

/* Fractions [layers] between edges [layers + 1] of a gamma density that begins at `start`, in the
 * units of the edges. */
void gflash_profile(double *out, const double *edge, int layers, double start, double alpha,
                    double beta);

/* Put a core of `energy` MeV that begins at depth `start` X0 into the spots' sum. */
void gflash_core(struct gflash *f, struct spots *s, const struct gflash_shape *h, double energy,
                 double start, struct rng *r);

#endif
