/*
 * zpath.h - the annealing path that all chains of an estimate share: its betas and its base.
 *
 * What neither keys nor data give comes from a pilot run of chains of its own, whose numbers no
 * other chain has: so the path is the same for every task of a job array, and independent of the
 * chains that walk it.
 */
#ifndef CMD_ZPATH_H
#define CMD_ZPATH_H

#include "cmd/zplan.h"

enum { ZPATH_PILOT = 8, ZPATH_POINTS = 200 }; /* tiles and steps of the pilot run */

struct zpath {
    int K;
    double *beta; /* [K + 1]; owned */
    float *base;  /* [N]; owned */
};

/* Collective; the path must be freed in any case. */
int zpath_init(struct zpath *p, const struct zsubject *s, const struct zplan *plan, struct err *e);
void zpath_free(struct zpath *p); /* local; accepts { 0 } */

#endif
