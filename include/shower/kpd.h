/*
 * kpd.h - kernel physics distance of two samples of feature vectors, as JetNet 0.2.5 computes it.
 *
 * Ten batches, each from its own numpy default_rng(42 + 1000 i), drawn with replacement; features
 * divided by the largest magnitude of the reference's columns; unbiased quadratic MMD^2 with the
 * kernel k(x, y) = (x.y / d + 1)^4 (spec/evaluation.md 3.2). Value: the median of the ten; error:
 * half the distance between the 16.275 and 83.725 percentiles. Not multiplied by 1000.
 *
 * A batch's distinct rows are gathered to every rank (2 x batch x d doubles), the tiles of the
 * kernel matrix are shared out.
 */
#ifndef SHOWER_KPD_H
#define SHOWER_KPD_H

#include "base/err.h"
#include "par/par.h"
#include "shower/fpd.h"

enum { KPD_BATCHES = 10 };

struct kpd {
    double value, error;
    double batch[KPD_BATCHES]; /* MMD^2 of each batch, in order of drawing */
};

/* X is the reference, Y the generated sample. batch >= 2: 10000 for CaloChallenge, 5000 for
 * JetNet's default. Collective. */
int kpd_distance(struct kpd *r, const struct par *P, const struct sample *X, const struct sample *Y,
                 int d, int batch, uint64_t seed, struct err *e);

#endif
