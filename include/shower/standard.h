/*
 * standard.h - every voxel's hits made to mean 0 and variance 1, and lifted so that hits stay hits.
 *
 * Fitted on the hits of the training events alone (CaloQVAE's "scaled" data), in network units:
 *
 *   u' = (u - mean_v) / std_v + lift  where u > 0,  u' = 0 where u = 0
 *
 * lift = 0.01 - min over all voxels and hits of (u - mean_v) / std_v: what was hit is above 0 and
 * what was not is 0. A later hit that is lower still is put at 0.001, so that it stays a hit. A
 * voxel that was never hit has mean 0 and std 1, one whose hits are all equal has std 1.
 */
#ifndef SHOWER_STANDARD_H
#define SHOWER_STANDARD_H

#include "par/par.h"

struct standard {
    int V;             /* 0: none, and forward and inverse do nothing */
    float *mean, *std; /* [V] network units; owned (one block) */
    float lift;
    int never;   /* voxels that no event of the fit hit */
    double *sum; /* [4, V] hits, sums of u and of u^2, least u, until the fit; owned */
};

void standard_init(struct standard *s, int V); /* local; mean 0, std 1, lift 0 */
void standard_free(struct standard *s);        /* accepts { 0 } */

/* Look at B events u [B, V]. Local. */
void standard_look(struct standard *s, int B, const float *u);

/* Sum over ranks and work out mean, std, lift. Collective, once. */
void standard_fit(struct standard *s, const struct par *P);

/* u [B, V] in place. Local. */
void standard_forward(const struct standard *s, int B, float *u);

/* One event [V] from u' to u, which may be u' itself. u' <= 0, a NaN, and what would be below 0
 * give 0. Local. */
void standard_inverse(const struct standard *s, const float *from, float *u);

#endif
