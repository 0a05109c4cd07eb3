/*
 * order.h - in which order to sum over the units of a sparse machine.
 *
 * To sum over a unit joins its neighbours to each other: the scope of its table. The order is the
 * cheapest of several: the numbers of the units, least degree, least fill (fewest new neighbours),
 * and sweeps that keep the front of touched units short. Widths found are 4n + 3 for Chimera C_n
 * and 2L or 2L + 1 for a torus of L x L spins.
 *
 * Source: Koller and Friedman, Probabilistic Graphical Models (2009), chapter 9.
 */
#ifndef RBM_ORDER_H
#define RBM_ORDER_H

#include "rbm/rbm.h"

enum { ORDER_CAP = 48 }; /* wider orders are not followed to their end */

struct order {
    int n;
    int *unit;      /* [n]; owned */
    int width;      /* the most neighbours that a unit has when it is summed over */
    double entries; /* sum of 2^neighbours */
    /* when the width is not above what was asked for */
    int64_t *first; /* [n + 1] scope[first[i]] .. : places in the order, rising; owned */
    int *scope;     /* owned */
    double bytes;   /* of the tables of doubles that live at one time, at most */
};

/* Of units [n], rising; couplings of 0 are none. Is the width at most `most`? */
int order_find(struct order *o, const struct rbm *m, int n, const int *unit, int most);
void order_free(struct order *o); /* accepts { 0 } */

#endif
