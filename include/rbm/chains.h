/*
 * chains.h - the pool of persistent Gibbs chains (Tieleman, ICML 2008).
 *
 * What a chain does depends on the seed, its global number and the sweep, never on the number of
 * ranks. Chains are numbered globally; chain q is lane q % 64 of tile q / 64. Where the machine has
 * clamped units, each chain carries its own condition.
 */
#ifndef RBM_CHAINS_H
#define RBM_CHAINS_H

#include "rbm/gibbs.h"

struct chains {
    struct block tiles;     /* this rank's tiles of 64 chains, by global number */
    int64_t n;              /* chains of all ranks; lanes past it run but do not count */
    uint64_t seed;          /* state: seed, stream, sweep and bits */
    enum rng_stream stream; /* RNG_CHAIN; another pool of the same seed takes another stream */
    int64_t sweep;          /* sweeps made so far */
    uint64_t *bits;         /* [N, tiles.count] (kern.h); owned */
    uint64_t *live;         /* [tiles.count] lanes that count; owned */
};

/* Fair coins at sweep 0, RNG_CHAIN_START (clamped units too, until chains_condition).
 * tiles: this rank's share of spins_tiles(n). */
void chains_init(struct chains *c, struct block tiles, int64_t n, const struct rbm *m,
                 uint64_t seed);
void chains_free(struct chains *c); /* accepts { 0 } */

/* Fair coins again, a function of `step` too (0: those of chains_init); clamped units stay. */
void chains_restart(struct chains *c, const struct rbm *m, int64_t step);

/* Chains of this rank that count. */
int64_t chains_mine(const struct chains *c);

/* Set the clamped units' bits: rows [held, tiles.count]. The other bits persist. */
void chains_condition(struct chains *c, const struct rbm *m, const uint64_t *rows);

/* n sweeps over the free units at beta = 1. */
void chains_sweep(struct chains *c, const struct rbm *m, const struct kern *k, int n);

#endif
