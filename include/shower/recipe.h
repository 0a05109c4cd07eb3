/*
 * recipe.h - the constants of synthetic showers, and which of them a geometry gets.
 *
 * One set is calibrated, on the published statistics of CaloChallenge data set 2: electrons in
 * tungsten and silicon. Photons, other materials and pions get sets that nobody has tuned; their
 * label says so, in the result and in the file.
 */
#ifndef SHOWER_RECIPE_H
#define SHOWER_RECIPE_H

#include "base/err.h"
#include "shower/geom.h"

enum synth_kind { SYNTH_ELECTRON, SYNTH_PHOTON, SYNTH_PION };

/* Energies E in GeV inside formulas, depths in radiation lengths X0. */
struct synth_set {
    enum synth_kind kind;
    const char *label;                    /* "calibrated on ...", "untuned: ..." */
    double spots, spot_shape, spot_power; /* core: spots E^power Poisson spots, gamma weights */
    double response, slope;               /* R = response + slope (log10 E - 1.5) */
    double sampling;                      /* var of a layer's energy: sampling^2 E_layer, GeV */
    double common;                        /* var of the shower's common factor: common^2 / E */
    double core_scale, tail_scale;        /* factors of GFLASH's radii */
    double shift;                         /* of the shower maximum, X0 */
    double sigma_t, sigma_a;              /* factors of the widths of ln T and ln alpha */
    double halo, halo_spots;              /* fraction of the energy; spots per GeV */
    double halo_radius;                   /* Moliere radii */
    double halo_weight, halo_depth;       /* gamma shapes of a spot's weight and of the depth */
    double back, back_depth;              /* back-scattered fraction; mean depth, X0 */
    double back_spots;                    /* spots, over those of the halo at the same energy */
    double back_spread;                   /* sigma of the fraction's log-normal factor */
    double track, track_depth;            /* MeV in a layer; depth at which it converts, X0 */
    double track_width;                   /* mm */
};

/* The set that is calibrated on data set 2. */
struct synth_set synth_calibrated(void);

/* The set for a geometry's particle (electron, photon, pion) and materials. */
int synth_recipe(struct synth_set *set, const struct geom *g, struct err *e);

#endif
