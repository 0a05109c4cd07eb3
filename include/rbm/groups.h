/*
 * groups.h - which units go together into the look-up tables of num/kern.
 *
 * A group is up to `most` units that share neighbours: parallel qubits of a chip, any units of one
 * partition where all partitions are coupled. They are found in the graph itself: a unit takes
 * along those free ones that share at least half of its neighbours, the most first. A squad is what
 * a group has in one partition; its list is the groups of its neighbours.
 */
#ifndef RBM_GROUPS_H
#define RBM_GROUPS_H

#include "rbm/rbm.h"

struct groups {
    int n, K;
    int32_t (*member)[KERN_GROUP]; /* [n] units, then -1; owned */
    int32_t *of, *slot;            /* [N] a unit's group, and its place there; owned */
    struct kern_squad *squad;      /* by partition; owned */
    int32_t *squad_first;          /* [K + 1] owned */
    int32_t *list;                 /* owned */
    int64_t tables;
    int64_t *place; /* [2M] of each coupling, in the order of near_weight: its place in the members'
                       weights [tables, KERN_GROUP]; owned */
};

void groups_init(struct groups *g, const struct rbm *m, int most);
void groups_free(struct groups *g); /* accepts { 0 } */

#endif
