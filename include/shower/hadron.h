/*
 * hadron.h - a synthetic hadronic shower: nobody has tuned it.
 *
 * The pion runs as a track to its first interaction (exponential in interaction lengths). A
 * fluctuating share of its energy, 1 - (E / 0.96 GeV)^-0.17 in the mean (Gabriel et al., NIM A 338
 * (1994) 336; Groom's power), goes into an electromagnetic core that starts there; the rest, seen
 * at h / e = 0.7, follows the gamma profile of Bock et al. (NIM 186 (1981) 533) in interaction
 * lengths, a = 0.62 + 0.32 ln E, b = 0.91 - 0.024 ln E, with wide, few, heavy deposits across it.
 */
#ifndef SHOWER_HADRON_H
#define SHOWER_HADRON_H

#include "shower/gflash.h"

struct hadron {
    double *length;   /* [layers + 1] edges of the layers, interaction lengths; owned */
    double *fraction; /* [layers]; owned */
};

void hadron_init(struct hadron *h, const struct geom *g);
void hadron_free(struct hadron *h); /* accepts { 0 } */

/* A pion of `energy` MeV, of which `seen` would be seen of an electron, into the spots' sum. */
void hadron_shower(struct hadron *h, struct gflash *f, struct spots *s, double energy, double seen,
                   struct rng *r);

#endif
