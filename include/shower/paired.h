/*
 * paired.h - shower by shower: how well was each one reconstructed?
 *
 * Shower i of one sample is the reconstruction of shower i of the other. Relative errors
 * (E' - E) / E of the total and of each layer's energy, over the showers in which E > 0.
 */
#ifndef SHOWER_PAIRED_H
#define SHOWER_PAIRED_H

#include "par/par.h"
#include "shower/errorlaw.h"
#include "shower/observables.h"

#include <stdint.h>

struct paired_error {
    int64_t n;        /* showers with E > 0 */
    double mean, std; /* of the relative error; std with ddof 1, 0 when n < 2 */
    double q05, q16, median, q84, q95;
};

struct paired {
    int layers;
    int64_t n, room;            /* showers of this rank, and how many fit */
    double *error;              /* [room, 1 + layers]: total, layers; NaN where E = 0; owned */
    double square[3];           /* voxels; sum (e' - e)^2, MeV^2; sum ((e' - e) / E_inc)^2 */
    struct paired_error total;  /* after paired_finish */
    struct paired_error *layer; /* [layers]; owned */
    struct error_law law;       /* of the total energy, after paired_finish */
    double voxel_rms;           /* MeV */
    double voxel_relative;      /* rms of (e' - e) / E_inc */
};

void paired_init(struct paired *p, int layers);
void paired_free(struct paired *p); /* accepts { 0 } and a second call */

/* The same showers in both: observables and voxels x [n, V], reconstruction y [n, V], MeV. Local.
 */
void paired_add(struct paired *p, const struct observables *ox, const float *x,
                const struct observables *oy, const float *y, int V);

/* Collective, once: one column of errors at a time is gathered (8 bytes a shower on each rank). */
void paired_finish(struct paired *p, const struct par *P);

#endif
