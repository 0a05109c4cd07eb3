/*
 * eliminate.h - ln Z of a sparse machine by summing over one unit after another.
 *
 * Summing over a unit leaves a table of log-sums over the states of its neighbours, which become
 * neighbours of each other: the largest such set is the width of the order, and a table has 2^width
 * numbers (rbm/order.h).
 *
 * Source: Dechter, Artificial Intelligence 113 (1999).
 */
#ifndef RBM_ELIMINATE_H
#define RBM_ELIMINATE_H

#include "num/kern.h"
#include "rbm/order.h"
#include "rbm/rbm.h"

struct eliminate {
    const struct kern *kern; /* borrowed */
    int joint;               /* the clamped units are summed over too */
    struct order order;
    int *place; /* [N] of a unit in the order, or -1; owned */
};

/* A width above `most` is refused with a sentence. */
int eliminate_plan(struct eliminate *x, const struct rbm *m, int joint, int most, struct err *e);
void eliminate_free(struct eliminate *x); /* accepts { 0 } */

/* ln Z; u as in exact.h. Takes order.bytes while it runs. */
double eliminate_log_z(const struct eliminate *x, const struct rbm *m, const uint8_t *u);

#endif
