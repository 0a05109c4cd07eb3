/*
 * exact.h - partition functions, means and correlations by enumeration.
 *
 * The partition with the most units to be summed is summed analytically, prod_h (1 + e^phi_h); the
 * states of the others are walked (rbm/walk.h): 14 million states a second and core at 784 summed
 * units and AVX-512, beside other work. Parts (fixed top bits) can be shared over ranks.
 */
#ifndef RBM_EXACT_H
#define RBM_EXACT_H

#include "base/block.h"
#include "rbm/rbm.h"
#include "rbm/walk.h"

enum { EXACT_UNITS = 30 }; /* the most that exact_plan accepts without being asked */

struct exact {
    int joint;     /* clamped units are summed over too */
    int summed;    /* the partition that is summed analytically */
    int n;         /* units walked */
    int *unit;     /* [n]; owned */
    int64_t parts; /* states of the bits that number them */
    int *place;    /* [N] of a walked unit its bit, else -1; owned */
    struct walk walk;
    /* moments; owned */
    double *total, *column; /* [room], [n, room] */
    double *pair;           /* [n, n] of walked units */
};

/* Units to be walked when the partition with the most to be summed is summed; that in *summed. */
int exact_units(const struct rbm *m, int joint, int *summed);

/* joint: also sum over clamped units (no difference without any). More than `most` units to
 * walk: a sentence. */
int exact_plan(struct exact *x, const struct rbm *m, int joint, int most, struct err *e);
void exact_free(struct exact *x); /* accepts { 0 } */

/* log sum of exp(-E) over the states of these parts; -INFINITY for none. u: bytes of the clamped
 * units, or NULL when there are none or joint. ln Z = log-sum-exp over all blocks. */
double exact_sum(struct exact *x, const struct rbm *m, const uint8_t *u, struct block parts);

/* All parts. */
double exact_log_z(struct exact *x, const struct rbm *m, const uint8_t *u);

/* Means [N] and second moments on edges [M] of the machine (given u); returns ln Z. With the data's
 * they are the exact gradient of the log-likelihood. */
double exact_moments(struct exact *x, const struct rbm *m, const uint8_t *u, double *mean,
                     double *pair);

#endif
