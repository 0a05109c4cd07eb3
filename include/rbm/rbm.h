/*
 * rbm.h - a Boltzmann machine of binary units.
 *
 *   E(x) = - sum_i b_i x_i - sum_{i<j} W_ij x_i x_j,   x in {0, 1},   P(x) ~ exp(-E(x))
 *
 * Any set of units may be clamped, a whole partition or single ones: their bits are a condition u,
 * and the machine is P(x | u), with Z(u) = sum over the free units of exp(-E(u, x)).
 */
#ifndef RBM_RBM_H
#define RBM_RBM_H

#include "num/kern.h"
#include "num/tensors.h"
#include "rbm/topology.h"

struct sampler; /* rbm/sampler */

struct rbm {
    struct topology T;    /* owned */
    int held;             /* units that are clamped; 0 makes a shallow copy the joint machine */
    int32_t *hold;        /* [held] them, ascending: the order of u; NULL without; owned */
    uint8_t *is_held;     /* [N] of 0 and 1; NULL without; owned */
    uint64_t hidden;      /* bit p: no data show partition p (rbm/hidden.h) */
    struct tensors table; /* "bias" [N], "weight" [M] if M > 0; owned */
    float *param;         /* [table.total]; owned */
    float *bias, *weight; /* into param; weight in the order of T.edge */
    /* couplings in both directions, by unit, for sampling; owned */
    int64_t *near_first; /* [N + 1] */
    int32_t *near;       /* [2M] neighbour */
    int32_t *near_edge;  /* [2M] edge */
    float *near_weight;  /* [2M]; what rbm_prepare writes */
    int64_t version;     /* calls of rbm_prepare so far */
    struct sampler
        *how; /* how sweeps are made; NULL: by float sums. Borrowed, not copied by others */
};

/* All parameters 0. Takes T over (T becomes { 0 }); clamped = -1, or the partition to clamp. */
void rbm_init(struct rbm *m, struct topology *T, int clamped);
void rbm_free(struct rbm *m); /* accepts { 0 } */

/* Clamp the units whose byte in which [N] is not 0, and no others; at least one unit stays free. */
void rbm_hold(struct rbm *m, const uint8_t *which);

/* The partition that is clamped, when it is clamped as a whole and alone, else -1. */
int rbm_clamped(const struct rbm *m);

/* The free units from `from` to before `end` as runs: the first one begins where the function says
 * (end: there is none) and ends before *last. */
int rbm_run(const struct rbm *m, int from, int end, int *last);

/* Free units from `from` to before `end`. */
int rbm_free_units(const struct rbm *m, int from, int end);

/* Is unit i clamped? */
int rbm_is_held(const struct rbm *m, int i);

/* After every change of param, before sampling or energies. */
void rbm_prepare(struct rbm *m);

/* Weights N(0, std), a function of (seed, number of the edge); biases 0; prepared. */
void rbm_random(struct rbm *m, double std, uint64_t seed);

/* A machine of the same topology and clamped units as m, its weights and biases normal deviates of
 * the root mean squares of m's: functions of (seed, number); prepared. */
void rbm_random_like(struct rbm *r, const struct rbm *m, uint64_t seed);

/* bias_i = log(p / (1 - p)), p = mean[i] kept within [least, 1 - least]; prepared. */
void rbm_bias_from(struct rbm *m, const double *mean, double least);

/* One sentence when a parameter is not finite. */
int rbm_check(const struct rbm *m, struct err *e);

/* The couplings as the kernels want them; borrowed, until rbm_free. */
struct kern_net rbm_net(const struct rbm *m);

/* The weight of {i, j}; 0 where there is no edge. */
float rbm_weight(const struct rbm *m, int i, int j);

/* E of bit states [N, tiles] (layout: kern.h) into energy [tiles * 64], in double. */
void rbm_energy(const struct rbm *m, const struct kern *k, const uint64_t *bits, int64_t tiles,
                double *energy);

/* E of n states [n, N] of bytes 0 or 1, the plain definition in double. */
void rbm_energy_states(const struct rbm *m, const uint8_t *states, int64_t n, double *energy);

/* Relaxed bits: E of z [B, N] in [0, 1] into energy [B] (sums in double over float fields) and,
 * unless gradient is NULL, dE/dz_i = -(b_i + sum_j W_ij z_j) into gradient [B, N]. work [B, N]
 * floats is scratch; it may be gradient itself. Complete topologies go through num/blas, others
 * loop over edges. */
void rbm_relaxed(const struct rbm *m, const float *z, int B, double *energy, float *gradient,
                 float *work);

#endif
