/*
 * eliminate.h - ln Z of a sparse machine by summing over one unit after another.
 *
 * Summing over a unit leaves a table of log-sums over the states of its neighbours, which become
 * neighbours of each other: the largest such set is the width of the order, and a table has 2^width
 * numbers. The order is the cheapest of several: the numbers of the units, least degree, least fill
 * (fewest new neighbours), and sweeps that keep the front of touched units short. Found are 4n + 3
 * for Chimera C_n and 2L or 2L + 1 for a torus of L x L spins.
 *
 * Source: Dechter, Artificial Intelligence 113 (1999); Koller and Friedman, Probabilistic Graphical
 * Models (2009), chapter 9.
 */
#ifndef RBM_ELIMINATE_H
#define RBM_ELIMINATE_H

#include "num/kern.h"
#include "rbm/rbm.h"

struct eliminate {
    const struct kern *kern; /* borrowed */
    int joint;               /* the clamped units are summed over too */
    int n;                   /* units to sum over */
    int *order;              /* [n]; owned */
    int *place;              /* [N] of a unit in the order, or -1; owned */
    int64_t *first;          /* [n + 1] of its scope; owned */
    int *scope;              /* places of a unit's neighbours when it is summed, rising; owned */
    int width;
    double entries; /* of all tables */
    double bytes;   /* of the tables that live at one time, at most */
};

/* A width above `most` is refused with a sentence. */
int eliminate_plan(struct eliminate *x, const struct rbm *m, int joint, int most, struct err *e);
void eliminate_free(struct eliminate *x); /* accepts { 0 } */

/* ln Z; u as in exact.h. Takes `bytes` while it runs. */
double eliminate_log_z(const struct eliminate *x, const struct rbm *m, const uint8_t *u);

#endif
