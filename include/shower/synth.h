/*
 * synth.h - synthetic showers of electrons, photons and pions in a cylinder of layers.
 *
 * GFLASH (Grindhammer and Peters, hep-ex/0001020) for the core, plus what it lacks against Geant4
 * in CaloChallenge data set 2: a wide soft halo, back-scattering, the track of the primary, a
 * response that depends on the energy, calibrated on published layer and voxel statistics. A photon
 * leaves no track and starts where it converts (mean 9/7 X0); pions: hadron.h. Which constants a
 * geometry gets, and which of them are calibrated: recipe.h.
 *
 * A shower is a function of (seed, number, energy) alone.
 */
#ifndef SHOWER_SYNTH_H
#define SHOWER_SYNTH_H

#include "shower/recipe.h"

#include <stdint.h>

struct synth {
    const struct geom *geom; /* borrowed */
    struct synth_set set;
    struct synth_room *room; /* tables and scratch; owned */
};

void synth_init(struct synth *s, const struct geom *g, const struct synth_set *set);
void synth_free(struct synth *s); /* accepts { 0 } and a second call */

/* The incident energy of shower `number`, MeV: ln E uniform between ln min and ln max. */
double synth_energy(uint64_t seed, int64_t number, double min, double max);

/* Or a power of two between min and max MeV, each as likely (CaloChallenge data set 1: 256 MeV to
 * 2^22 MeV). At least one power must lie there. */
double synth_octave(uint64_t seed, int64_t number, double min, double max);

/* Shower `number` of this incident energy (MeV; meant for 100 MeV to 100 TeV) to x [voxels], MeV;
 * voxels below the geometry's threshold are 0. */
void synth_shower(struct synth *s, uint64_t seed, int64_t number, double energy, float *x);

#endif
