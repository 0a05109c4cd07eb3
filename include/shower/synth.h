/*
 * synth.h - synthetic electron showers in a tungsten-silicon cylinder.
 *
 * GFLASH (Grindhammer and Peters, hep-ex/0001020) for the core, plus what it lacks against Geant4
 * in CaloChallenge data set 2: a wide soft halo, back-scattering, the track of the primary, a
 * response that depends on the energy, calibrated on published layer and voxel statistics.
 *
 * A shower is a function of (seed, number, energy) alone. Spots are not thrown one by one: the
 * number of Poisson spots in a voxel is again Poisson, and the sum of k gamma weights is a gamma
 * weight of k times the shape, so each voxel is drawn at once with the same law.
 */
#ifndef SHOWER_SYNTH_H
#define SHOWER_SYNTH_H

#include "shower/geom.h"

#include <stdint.h>

/* Constants of the recipe. Energies E in GeV inside formulas, depths in radiation lengths X0. */
struct synth_set {
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

struct synth {
    const struct geom *geom; /* borrowed */
    struct synth_set set;
    struct synth_room *room; /* tables and scratch; owned */
};

/* The set that is calibrated on data set 2. */
struct synth_set synth_calibrated(void);

void synth_init(struct synth *s, const struct geom *g, const struct synth_set *set);
void synth_free(struct synth *s); /* accepts { 0 } and a second call */

/* The incident energy of shower `number`, MeV: ln E uniform between ln min and ln max. */
double synth_energy(uint64_t seed, int64_t number, double min, double max);

/* Shower `number` of this incident energy (MeV; meant for 100 MeV to 100 TeV) to x [voxels], MeV;
 * voxels below the geometry's threshold are 0. */
void synth_shower(struct synth *s, uint64_t seed, int64_t number, double energy, float *x);

#endif
