/*
 * geom.h - a cylinder of layers, cut into rings and sectors: the voxels of a calorimeter.
 *
 * The voxel of layer l, sector a, ring i has index first(l) + a n_r + i: r runs fastest, then
 * alpha, then the layer (CaloChallenge). Layers may differ in rings and sectors (data set 1) and
 * are numbered 0..layers-1 here, whatever their ids in the detector are. Sectors close to a ring:
 * alpha is periodic wherever n_alpha > 1. Lengths in mm, energies in MeV.
 *
 * The text is YAML:
 *   name: calochallenge2
 *   particle: electron
 *   threshold: 0.0151515  # MeV; a voxel below it reads 0
 *   layers:               # groups of equal layers, from the front to the back
 *     - { id: 0, count: 45, alpha_bins: 16, thickness: 3.4, r_edges: [0, 4.65, ...] }
 * A group may name its material (material.h; default tungsten-silicon), which only synthetic
 * showers look at.
 */
#ifndef SHOWER_GEOM_H
#define SHOWER_GEOM_H

#include "base/err.h"
#include "par/par.h"
#include "shower/material.h"

struct geom_layer {
    int id;                          /* its number in the detector */
    int n_r, n_alpha;                /* rings, sectors */
    int first, count;                /* its voxels: count = n_r n_alpha */
    double front;                    /* mm behind the front of layer 0 */
    double thickness;                /* mm */
    double *edge;                    /* [n_r + 1] of the rings, rising, mm; owned */
    const struct material *material; /* borrowed */
};

struct geom {
    char *name, *particle; /* owned */
    double threshold;      /* MeV */
    int layers, voxels;
    struct geom_layer *layer; /* [layers]; owned */
    int *layer_of;            /* [voxels]; owned */
    double *r, *alpha; /* [voxels] centres: mean of the edges, -pi + (a + 1/2) 2 pi / n_alpha */
    double *eta, *phi; /* [voxels] r cos alpha and r sin alpha, mm; owned, like r and alpha */
};

/* From YAML text; `file` is what sentences call it. On an error g is { 0 }. Local. */
int geom_parse(struct geom *g, const char *text, const char *file, struct err *e);

/* From a file, read by rank 0. Collective. */
int geom_load(struct geom *g, const struct par *P, const char *path, struct err *e);

void geom_free(struct geom *g); /* accepts { 0 } and a second call */

/* Has every layer the same rings and sectors? Then the voxels are a block [layers, n_alpha, n_r].
 */
int geom_regular(const struct geom *g);

#endif
