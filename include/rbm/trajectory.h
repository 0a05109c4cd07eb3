/*
 * trajectory.h - ln Z of a machine along its training: chains of their own are weighted with every
 * change of its parameters.
 *
 *   x from the machine without couplings, exactly; then for every update t -> t + 1
 *   log w += log f_t+1(x) - log f_t(x),  sweeps that leave f_t+1 invariant        E w = Z_t / Z_0
 *
 * which is annealed importance sampling over the machines that training passes. The gradient's
 * chains would not do: the parameters depend on them. A tile is an island: when the effective size
 * of its 64 weights falls below 32, systematic resampling makes them equal and their mean is kept
 * (E of an island's mean weight stays Z_t / Z_0). A tile has one condition u, and then estimates
 * Z(u). Sources: Krause, Fischer and Igel, Artif. Intell. 278 (2020); Bereux et al., ICLR 2025.
 *
 * What a tile does depends on its global number, the seed and the machines alone.
 */
#ifndef RBM_TRAJECTORY_H
#define RBM_TRAJECTORY_H

#include "rbm/gibbs.h"

struct trajectory {
    struct block tiles; /* this rank's */
    uint64_t seed;
    int sweeps; /* an update */
    double *u; /* [tiles * 64] -E of the states in the machine they were last weighted for; owned */
    /* state */
    int64_t step;        /* changes of the machine seen so far */
    int64_t resamplings; /* of this rank's tiles */
    uint64_t *bits;      /* [N, tiles]; owned */
    double *log_w;       /* [tiles * 64] since the tile was last resampled; owned */
    double *log_z; /* [tiles] ln Z_0 and the means of the weights that were resampled; owned */
};

/* What the tiles say together. */
struct trajectory_estimate {
    double logz;  /* of the joint machine; the mean of ln Z(u) over the tiles' conditions */
    double error; /* of logz: from the spread of tiles; with conditions also that of u. NAN: one
                     tile */
    double ess;   /* effective number of chains, by their weights now */
};

void trajectory_init(struct trajectory *t, struct block tiles, const struct rbm *m, int sweeps,
                     uint64_t seed);
void trajectory_free(struct trajectory *t); /* accepts { 0 } */

/* Draw from the machine's biases alone and anneal in its couplings, `bridge` steps. rows [held,
 * tiles]: conditions, all lanes of a tile alike; NULL without clamped units. */
void trajectory_start(struct trajectory *t, const struct rbm *m, const struct kern *k, int bridge,
                      const uint64_t *rows);

/* The machine has changed. */
void trajectory_step(struct trajectory *t, const struct rbm *m, const struct kern *k);

/* After the state has been read: u of this machine. */
void trajectory_settle(struct trajectory *t, const struct rbm *m, const struct kern *k);

/* Of a tile: log sum of weights and of their squares, ln Z_0 in them; two numbers each into [tiles,
 * 2]. */
void trajectory_sums(const struct trajectory *t, double *sums);

/* From the sums of all tiles [n, 2] in their order. */
struct trajectory_estimate trajectory_estimate(const double *sums, int64_t n, int conditional);

#endif
