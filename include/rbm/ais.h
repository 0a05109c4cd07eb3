/*
 * ais.h - annealed importance sampling, forward and reverse, with one log-weight per chain.
 *
 *   log f_beta(x) = (1 - beta) base.x - beta E(x),   U(x) = -E(x) - base.x
 *   forward: x_0 ~ f_0 exactly; for k = 1..K: log w += (beta_k - beta_{k-1}) U(x), then (k < K)
 *            sweeps at beta_k                                            E w = Z_K / Z_0
 *   reverse: x from the machine; for k = K-1..0: log w += (beta_k - beta_{k+1}) U(x), then (k > 0)
 *            reversed sweeps at beta_k                                   E w = Z_0 / Z_K
 *
 * The forward estimate of log Z is a lower bound in expectation, the reverse one an upper bound if
 * its start is an exact sample. With clamped units a tile belongs to one condition u: the run
 * is that of Z(u) = sum over free units of exp(-E(u, x)), b.u in both E and Z, and each u has its
 * own chains and its own mean of weights. base_i = b_i there, so that U holds no b.u.
 *
 * For the joint ln Z of a machine with clamped units, hand in a copy of the struct with
 * held = 0 (it may share the arrays), and for the reverse run chains of that machine.
 *
 * Marginal paths (ais_marginal): one free partition p is summed over by hand,
 *
 *   log f_beta(rest) = the terms without p + sum_{i in p} log(1 + e^((1 - beta) base_i + beta
 * phi_i))
 *
 * with phi_i the fields of the rest. The sweeps are those of the joint path, p first (it is drawn
 * anew given the rest, so the sweep is one of the rest alone); the weights never spread more
 * (mAIS: Yasuda and Takahashi, Phys. Rev. E 105 (2022)), and each field is still evaluated once a
 * step. For an RBM with the visible units left this is the path of Salakhutdinov and Murray.
 *
 * RAISE (ais_raise): a reverse run from data v, with sweeps at beta_K first. Then
 *   log p(v) >= log f_K(v) - log Z_0 + log mean exp(log w)        in expectation
 * (Burda, Grosse and Salakhutdinov, AISTATS 2015).
 *
 * Where the sweeps sample an image of the machine (rbm/sampler, int16), all points of the path
 * below beta_K are those of the image with energy E_q; the point at beta_K is the machine itself,
 * reached or left by one importance step more, log w += +-(E_q - E). E w stays exact.
 *
 * What a chain does depends on (seed, global tile, lane, beta index). A run may be stopped between
 * steps and goes on, bit for bit, from step, bits, u and log_w.
 * Sources: Neal, Stat. Comput. 11 (2001); Burda, Grosse and Salakhutdinov, AISTATS 2015.
 */
#ifndef RBM_AIS_H
#define RBM_AIS_H

#include "base/block.h"
#include "rbm/rbm.h"
#include "rbm/trace.h"

enum ais_base { AIS_DATA, AIS_BIASES, AIS_UNIFORM };

struct ais {
    struct block tiles; /* this rank's tiles, by global number */
    uint64_t seed;
    int reverse;
    int K;          /* steps */
    int sweeps;     /* per beta */
    double *beta;   /* [K + 1] from 0 to 1, rounded to float, in which the kernels use it; owned */
    float *base;    /* [N]; owned */
    double *log_z0; /* [tiles.count] of the base, b.u of the tile's condition in it; owned */
    /* state */
    int step;       /* steps made, 0..K */
    uint64_t *bits; /* [N, tiles.count]; owned */
    double *u;      /* [tiles.count * 64] U(x); owned */
    double *log_w;  /* [tiles.count * 64]; owned */
    /* beside the path */
    int marginal;        /* partition that is summed over, or -1 */
    struct trace *trace; /* of every point, or NULL; borrowed */
    double *d, *slope;   /* [tiles.count * 64] of a step; owned */
    float *phi;          /* [units of the summed partition or 1, tiles.count * 64]; owned */
    uint64_t *was;       /* [units of the summed partition, tiles.count] their bits; owned */
    double *score;       /* [tiles.count * 64]; owned */
};

/* beta_k = k / K. */
void ais_linear(double *beta, int K);

/* base [N]: log-odds of mean (AIS_DATA; mean kept within [least, 1 - least]), the machine's biases,
 * or 0; clamped units' entries are their biases. mean may be NULL for the other two. */
void ais_base(float *base, const struct rbm *m, enum ais_base kind, const double *mean,
              double least);

/* start [N, tiles.count]: forward, only the clamped units' rows are used (NULL without any);
 * reverse, the whole states, equilibrated under the same u. beta [K + 1] rises from 0 to 1, K >= 1,
 * sweeps >= 1, else die(). beta, base and start are copied. */
void ais_init(struct ais *a, const struct rbm *m, const struct kern *k, struct block tiles,
              int reverse, int K, const double *beta, int sweeps, const float *base,
              const uint64_t *start, uint64_t seed);
void ais_free(struct ais *a); /* accepts { 0 } */

/* Before the first step. p: free, or -1. */
void ais_marginal(struct ais *a, const struct rbm *m, int p);

/* Before the first step: the sweeps at beta_K that make a reverse run from data one of RAISE. */
void ais_raise(struct ais *a, const struct rbm *m, const struct kern *k);

/* The partition that is best summed over: the largest free one. */
int ais_widest(const struct rbm *m);

/* At most n steps more; returns those left. */
int ais_advance(struct ais *a, const struct rbm *m, const struct kern *k, int n);

#endif
