/*
 * annealrows.h - reads of several sets, with what they need when scales differ: energies E of the
 * machine, their problem and their set.
 *
 * Every rank knows how many there are; the rows are rank 0's. Local.
 */
#ifndef CMD_ANNEALROWS_H
#define CMD_ANNEALROWS_H

#include "cmd/annealdraw.h"

struct annealrows {
    int root, Q, spins;
    int64_t n, room;
    int64_t *of, *first;    /* [Q] of each problem; first once sorted; owned */
    uint8_t *state;         /* [n, spins]; owned */
    double *E;              /* [n] without clamped units' own part; owned */
    int32_t *problem, *set; /* [n]; owned */
};

void annealrows_init(struct annealrows *x, const struct par *P, const struct annealmodel *m);
void annealrows_free(struct annealrows *x); /* accepts { 0 } */
void annealrows_clear(struct annealrows *x);

/* The set that d has drawn of the problems at their scale. */
void annealrows_add(struct annealrows *x, const struct annealdraw *d, const struct annealmodel *m,
                    int32_t set);

/* Problem after problem, each in the order of time. */
void annealrows_sort(struct annealrows *x);

/* Fields F = scale f (qpu/beta.h) [n, spins] of sorted rows: those of E, whatever was programmed.
 */
void annealrows_fields(float *F, const struct annealrows *x, const struct annealmodel *m);

#endif
