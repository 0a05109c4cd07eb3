/*
 * prdc.h - precision, recall, density and coverage of a generated sample.
 *
 * Naeem et al., ICML 2020, as the challenge calls it. With rho_k(z) the Euclidean distance from z
 * to its k-th nearest neighbour in its own sample (itself left out), r_i the n reference rows and
 * f_j the m generated ones:
 *
 *   precision = mean_j [some i: |r_i - f_j| < rho_k(r_i)]
 *   recall    = mean_i [some j: |r_i - f_j| < rho_k(f_j)]
 *   density   = sum_ij [|r_i - f_j| < rho_k(r_i)] / (k m)
 *   coverage  = mean_i [some j: |r_i - f_j| < rho_k(r_i)]
 *
 * Distances are float32 products of tiles of PRDC_TILE rows; a tile's place does not depend on the
 * number of ranks, so neither does the result. Tiles go round by broadcast: a rank holds its own
 * rows, one tile of another's and 4 k bytes a row.
 */
#ifndef SHOWER_PRDC_H
#define SHOWER_PRDC_H

#include "base/block.h"
#include "base/err.h"
#include "par/par.h"

#include <stdint.h>

enum { PRDC_TILE = 256 };

struct prdc_sample {
    int64_t n;      /* rows on all ranks */
    const float *x; /* [prdc_rows(n, P).count, d]; borrowed */
};

struct prdc {
    double precision, recall, density, coverage;
};

/* This rank's rows of n: whole tiles. Local. */
struct block prdc_rows(int64_t n, const struct par *P);

/* Rows as the challenge sees them: log10 of voxel energies in MeV, a voxel below threshold or at 0
 * reads 0.1 MeV. All are raised by 1, which no distance sees: an empty voxel becomes 0. In place.
 */
void prdc_features(float *x, int64_t numbers, double threshold);

/* X is the reference, Y the generated sample; k = 5 in the challenge. Collective. Samples of k rows
 * or fewer and numbers that are not finite are sentences. */
int prdc_of(struct prdc *r, const struct par *P, const struct prdc_sample *X,
            const struct prdc_sample *Y, int d, int k, struct err *e);

#endif
