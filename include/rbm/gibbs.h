/*
 * gibbs.h - block Gibbs sweeps over the free units of a machine.
 *
 * A sweep draws partition 0, 1, ... K-1 (or K-1 ... 0: its time reversal), each given the rest;
 * clamped units stay. Along a path the machine is
 *
 *   log f_beta(x) = (1 - beta) base.x - beta E(x)
 */
#ifndef RBM_GIBBS_H
#define RBM_GIBBS_H

#include "base/block.h"
#include "base/rng.h"
#include "rbm/rbm.h"

struct gibbs {
    float beta;         /* 1: the machine itself */
    const float *betas; /* [tiles.count * 64] by chain, in place of beta, or NULL; borrowed */
    const float *base;  /* [N], or NULL for 0; borrowed */
    int reverse;        /* partitions from last to first */
    int first;          /* partitions before this one stay */
    float *fields;      /* [units, tiles.count * 64] gets phi of the units of a partition that is
                         * drawn alone, or NULL; borrowed */
    uint64_t seed;
    enum rng_stream stream;
};

/* Partition p alone, with the numbers it has in gibbs_sweep. */
void gibbs_partition(const struct gibbs *g, const struct rbm *m, const struct kern *k,
                     uint64_t *bits, double *track, struct block tiles, int64_t step, int p);

/* One sweep over bits [N, tiles.count]; random numbers are those of (seed, stream, global tile,
 * step). track: see kern.h. */
void gibbs_sweep(const struct gibbs *g, const struct rbm *m, const struct kern *k, uint64_t *bits,
                 double *track, struct block tiles, int64_t step);

#endif
