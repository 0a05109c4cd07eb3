/*
 * annealbeta.h - the inverse temperature of a device by every estimator that is asked for.
 *
 *   mpl, stein  from reads alone (qpu/estimate.h)
 *   kl          from reads, and chains of the machine at other temperatures (qpu/iterate.h)
 *   newton, method1, method2, variance
 *               from sets of reads at one scale after another, and chains at the machine's own
 *
 * Chains are block Gibbs of this machine, anneal.sweeps sweeps each, anneal.baseline of them for
 * each way. Energies of several problems are compared about the mean of each problem's chains.
 * Collective throughout; the numbers are the same on every rank.
 */
#ifndef CMD_ANNEALBETA_H
#define CMD_ANNEALBETA_H

#include "cmd/annealrows.h"
#include "qpu/iterate.h"

/* Choices of anneal.estimator, names of anneal.estimators. */
enum annealbeta_name {
    BETA_MPL,
    BETA_STEIN,
    BETA_KL,
    BETA_NEWTON,
    BETA_METHOD1,
    BETA_METHOD2,
    BETA_VARIANCE,
    BETA_NAMES
};

struct annealbeta {
    struct run *r;           /* borrowed */
    struct annealmodel *m;   /* borrowed */
    struct annealdraw *d;    /* borrowed */
    const struct kern *kern; /* borrowed */
    int single;              /* one read in every call; the caller's to set */
    struct annealrows rows;  /* of the set at hand; owned */
    int64_t baseline;        /* chains of all problems */
    int64_t *of;             /* [Q] of each; owned */
    double *chain;           /* [baseline] their E on rank 0; owned */
    double *middle;          /* [Q] mean E of each problem's chains; owned */
    int64_t calls;           /* of chains so far */
};

void annealbeta_init(struct annealbeta *b, struct run *r, struct annealmodel *m,
                     struct annealdraw *d, const struct kern *k);
void annealbeta_free(struct annealbeta *b); /* accepts { 0 } */

/* A sentence when a name of anneal.estimators is none. Local. */
int annealbeta_check(const struct run *r, struct err *e);

/* So many reads of all problems at their scale, added to rows as set `set`: in one set, or one read
 * in every call. Returns 0, RUN_STOPPED or -1. */
int annealbeta_draw(struct annealbeta *b, struct annealrows *rows, int64_t reads, int32_t set,
                    struct err *e);

/* Find the scale at which the device draws as the machine does, by sets of anneal.beta_reads, at
 * most anneal.beta_steps of them; the problems are left at it. x->beta is the scale. */
int annealbeta_find(struct annealbeta *b, enum annealbeta_name which, struct estimate *x,
                    struct err *e);

/* Everything that anneal.estimators names, of sorted rows drawn at the problems' scale: the object
 * "estimators" of the result, NAME: {beta, error, converged, draws, ...}. The problems' scale is
 * as before. */
int annealbeta_put(struct annealbeta *b, const struct annealrows *rows, struct err *e);

#endif
