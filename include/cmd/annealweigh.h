/*
 * annealweigh.h - reads of an annealer weighed as states of the machine (qpu/reweigh.h).
 *
 * A set of weights for each problem; the temperature is that of each window of annealsets. Rank 0,
 * local.
 */
#ifndef CMD_ANNEALWEIGH_H
#define CMD_ANNEALWEIGH_H

#include "cmd/annealsets.h"
#include "qpu/reweigh.h"

struct annealweigh {
    int Q;
    struct reweigh *of;            /* [Q]; owned */
    double *u;                     /* [windows]; owned */
    double *log_w;                 /* [rows] mean weight of a problem 1; owned */
    const struct annealsets *sets; /* borrowed */
};

/* A sentence when a window has no temperature. w must be freed in any case. */
int annealweigh_init(struct annealweigh *w, const struct annealsets *s, struct err *e);
void annealweigh_free(struct annealweigh *w); /* accepts { 0 } */

/* "reweighed" of the result: ess (of all problems), ess_least and pareto_k (of the worst problem),
 * largest, energy_mean, energy_error. */
void annealweigh_put(struct annealweigh *w, struct run *r);

#endif
