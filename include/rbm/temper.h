/*
 * temper.h - parallel tempering: chains that change their temperature, for machines that mix badly.
 *
 * A ladder is L neighbouring lanes of a tile, L a power of two up to 64; rung r of a ladder is the
 * lane that samples at beta_r at the moment,
 *
 *   log f_beta(x) = (1 - beta) base.x - beta E(x),   U(x) = -E(x) - base.x
 *
 * beta_0 < ... < beta_L-1 = 1. After each sweep the rungs r, r + 1 with r even or odd in turn (DEO:
 * Okabe et al., Chem. Phys. Lett. 335 (2001); Syed et al., JRSS B 84 (2022)) exchange their betas,
 * not their states, with probability min(1, exp((beta_r - beta_r+1) (U_r+1 - U_r))), U summed
 * afresh in double. The lane at beta = 1 is the chain that counts; a tile holds 64 / L of them.
 *
 * A base that holds the modes' own means mixes best; 0 scales the whole energy; the machine's
 * biases scale the couplings alone, which fails where biases and couplings nearly cancel.
 *
 * Everything happens within a tile: the same bits for any number of ranks. The clamped units of a
 * ladder's lanes must carry one condition. A tile may have betas of its own, placed for rejections
 * that are equal between all rungs (Syed et al.): temper_place.
 */
#ifndef RBM_TEMPER_H
#define RBM_TEMPER_H

#include "rbm/chains.h"

enum { TEMPER_RUNGS = 64 };

struct temper {
    int L;         /* rungs; 0: none of all this */
    int64_t tiles; /* of the pool */
    uint64_t seed;
    int64_t every;     /* place the betas anew after so many sweeps; 0: they stay; the caller's */
    const float *base; /* [N] or NULL for 0; borrowed, may change between sweeps */
    double *u;         /* [tiles * 64] U of the last sweep; owned */
    float *lane_beta;  /* [tiles * 64]; owned */
    uint64_t *top;     /* [tiles] lanes at beta = 1; owned */
    /* state */
    float *beta;      /* [tiles, L]; owned */
    uint8_t *rung;    /* [tiles * 64] of each lane; owned */
    uint8_t *heading; /* [tiles * 64] 0: has seen neither end, 1: comes from the top, 2: from the
                         bottom, after the top; owned */
    int64_t *tried, *swapped; /* [tiles, L - 1] pairs, since the betas were placed; owned */
    int64_t trips;            /* top to bottom and back, of all lanes */
};

/* Is L a power of two from 2 to 64? A sentence when not. */
int temper_check(int L, struct err *e);

/* What `every`, seed and tiles of the chains do not say. beta [L] rises to 1; NULL: even steps from
 * `least`. A sentence when there is no ladder of L or the betas do not rise to 1. */
int temper_init(struct temper *t, const struct chains *c, int L, double least, const double *beta,
                struct err *e);
void temper_free(struct temper *t); /* accepts { 0 } */

/* n sweeps of the pool, each followed by exchanges. */
void temper_sweep(struct temper *t, struct chains *c, const struct rbm *m, const struct kern *k,
                  int n);

/* Exchanges alone, those of c->sweep; t->u as it stands. */
void temper_swap(struct temper *t, const struct chains *c);

/* Betas of each tile by its own counts, which begin anew. */
void temper_place(struct temper *t);

/* After the state has been read: what follows from it. */
void temper_settle(struct temper *t);

/* Log of the probability, before min(1, .), to exchange the betas of two lanes. */
double temper_odds(double beta_a, double u_a, double beta_b, double u_b);

/* States of the lanes at beta = 1, ladder q as chain q: bits [N, tiles / L]; tiles is a multiple of
 * L. */
void temper_collect(uint64_t *bits, const struct temper *t, const struct chains *c, int N);

/* Exchanges tried and made between rungs r and r + 1, of all tiles, added to the arrays [L - 1]. */
void temper_count(const struct temper *t, int64_t *tried, int64_t *swapped);

/* How starts are drawn (temper_start). */
struct temper_options {
    int rungs;         /* L; below 2: plain chains */
    double least;      /* beta_0 */
    const float *base; /* [N], NULL for 0; borrowed */
    int sweeps;        /* their first half places the betas, eight times */
};

/* Chains brought near equilibrium by ladders of their own: bits [N, tiles.count], of which clamped
 * units stay and the others are replaced; from fair coins. rungs as temper_init wants them, or
 * die(). */
void temper_start(uint64_t *bits, struct block tiles, const struct rbm *m, const struct kern *k,
                  const struct temper_options *o, uint64_t seed);

#endif
