/*
 * vicinity.h - who is coupled to a qubit of a chip.
 */
#ifndef QPU_VICINITY_H
#define QPU_VICINITY_H

#include "rbm/lattice.h"

struct vicinity {
    int Q;
    const struct lattice *L; /* borrowed */
    int64_t *first;          /* [Q + 1]; owned */
    int32_t *near;           /* [first[Q]] ascending for each qubit; owned */
};

/* L is settled, and stays as it is. */
void vicinity_init(struct vicinity *v, const struct lattice *L);
void vicinity_free(struct vicinity *v); /* accepts { 0 } */

/* Is there a coupler of a and b that works? */
int vicinity_joined(const struct vicinity *v, int a, int b);

/* Is q a qubit that works? */
int vicinity_works(const struct vicinity *v, int64_t q);

#endif
