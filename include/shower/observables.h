/*
 * observables.h - what a shower looks like from afar, and the feature vectors made of it.
 *
 * For each shower and layer l with voxels v of energy e_v (CaloChallenge HighLevelFeatures):
 *   e_v < threshold -> 0 (equal is kept), before anything else
 *   E_l    = sum e_v,  D = E_l + 1e-16
 *   EC_x   = sum x_v e_v / D,  width_x = sqrt(max(0, sum x_v^2 e_v / D - EC_x^2)),  x = eta, phi, r
 *   sparsity = 1 - (voxels with e_v > 0) / (voxels of the layer)
 * A layer without energy has EC = width = 0 and sparsity 1. EC and width in eta and phi are 0 and
 * mean nothing where a layer has one sector. Of the whole shower: hits (voxels with e_v > 0), depth
 * = sum l E_l / (E_tot + 1e-16), peak = the first layer of the largest E_l, both in layers from 0.
 * Energies in MeV, lengths in mm, sums in double in the order of the voxels: the numbers of a
 * shower do not depend on its neighbours.
 */
#ifndef SHOWER_OBSERVABLES_H
#define SHOWER_OBSERVABLES_H

#include "shower/geom.h"

#include <stdint.h>

struct observables {
    int layers, room, n;                     /* room showers fit, n are there */
    double *energy;                          /* [room] incident, MeV; owned, like all of these */
    double *total;                           /* [room] E_tot, MeV */
    double *hits, *depth, *peak;             /* [room] */
    double *layer;                           /* [room, layers] E_l, MeV */
    double *eta, *phi, *r;                   /* [room, layers] centres of energy, mm */
    double *width_eta, *width_phi, *width_r; /* [room, layers] mm */
    double *sparsity;                        /* [room, layers] */
};

void observables_init(struct observables *o, const struct geom *g, int room);
void observables_free(struct observables *o); /* accepts { 0 } and a second call */

/* n <= room showers x [n, g->voxels] MeV with incident energies energy [n] MeV. threshold in MeV:
 * g->threshold for the challenge's rule, 0 for none. */
void observables_of(struct observables *o, const struct geom *g, const float *x,
                    const double *energy, int n, double threshold);

/* Which columns FPD, KPD and the high-level classifier see. */
enum features {
    FEATURES_CHALLENGE, /* log10 E_inc; log10(E_l + 1e-8); EC_eta; EC_phi; width_eta; width_phi;
                           log10(E_tot + 1e-8); sparsity; EC_r; width_r: 362 for data set 2 */
    FEATURES_REFERENCE  /* the first six groups: 226 for data set 2; CaloQVAE, CaloQuVAE */
};

/* EC and widths enter as mm / 100; those in eta and phi only for layers of several sectors. */
int features_count(const struct geom *g, enum features kind);

/* out [o->n, features_count]. FEATURES_REFERENCE replaces NaN and infinities by 0. */
void features_of(double *out, const struct observables *o, const struct geom *g,
                 enum features kind);

/* "EC_eta_layer_3" of a column; into text[n]. */
void features_name(char *text, int n, const struct geom *g, enum features kind, int column);

#endif
