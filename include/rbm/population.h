/*
 * population.h - population annealing: an AIS run whose chains are resampled when their weights
 * have become unequal, inside fixed islands of tiles.
 *
 * When the effective size of an island's weights falls below half of its chains, systematic
 * resampling (one uniform of RNG_RESAMPLE, the island's number and the step) makes them equal; what
 * their mean was is kept. E of the mean weight of an island is Z_K / Z_0, as without resampling. No
 * chain leaves its island, and an island lies on one rank.
 *
 * Chains that descend from one chain of the start are a family. At the end the log-weight of a
 * starting lane is that of its family's sum (-INFINITY: it died out): families, unlike chains, are
 * nearly independent, so the delta method on these numbers gives the error, and their effective
 * size is that of families, 1 / rho. Sources: Wang, Machta and Katzgraber, PRE 92 (2015); Chan and
 * Lai, Ann. Stat. 41 (2013).
 */
#ifndef RBM_POPULATION_H
#define RBM_POPULATION_H

#include "rbm/ais.h"

struct population {
    int each;             /* tiles of an island */
    int64_t islands;      /* this rank's; the last may have fewer tiles */
    double *log_z;        /* [islands] log-weights taken out of the lanes so far; state; owned */
    int32_t *family;      /* [tiles * 64] lane of its island where a chain began; state; owned */
    int64_t resamplings;  /* of all islands; state */
    const uint64_t *live; /* [tiles]; borrowed */
    uint64_t *bits;       /* [each] scratch; owned */
    double *u, *log_w;    /* [each * 64] scratch; owned */
    int32_t *from;        /* [each * 64] scratch; owned */
};

/* a has been set out forward; its first tile must begin an island (global number / each). */
void population_init(struct population *p, const struct ais *a, int each, const uint64_t *live);
void population_free(struct population *p); /* accepts { 0 } */

/* After each step of a. */
void population_step(struct population *p, struct ais *a, int N);

/* At the end: a->log_w becomes those of the families. */
void population_end(struct population *p, struct ais *a);

#endif
