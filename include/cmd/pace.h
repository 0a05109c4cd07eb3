/*
 * pace.h - how a machine's training changes from epoch to epoch: sweeps, step size, momentum.
 *
 * Salakhutdinov and Murray (ICML 2008) begin with CD-1, add a sweep every ten epochs up to CD-25,
 * divide the step size by the sweeps, and raise the momentum from 0.5 to 0.9 after five epochs:
 *
 *   rbm.sweeps: 1, rbm.sweeps_every: 10, rbm.sweeps_most: 25, rbm.rate_per_sweep: true,
 *   rbm.momentum: 0.9, rbm.momentum_start: 0.5, rbm.momentum_epochs: 5
 *
 * Epochs are counted in updates of the machine, over all phases that train it: what a pace says is
 * a function of the update's number, so that a run goes on where it stopped.
 */
#ifndef CMD_PACE_H
#define CMD_PACE_H

#include "base/conf.h"
#include "rbm/update.h"

struct pace {
    int64_t updates; /* of an epoch */
    int sweeps;      /* of an update in the first epoch */
    int64_t every;   /* they grow by as many after every so many epochs; 0: never */
    int most;        /* up to this; 0: no limit */
    int divide;      /* an update's step size by its sweeps */
    double momentum, momentum_start;
    int64_t momentum_epochs; /* that begin with momentum_start */
};

/* From rbm.*; updates: of an epoch. */
struct pace pace_from(const struct conf *c, int64_t updates);

/* Sweeps of update `step`, which is in epoch step / updates. */
int pace_sweeps(const struct pace *p, int64_t step);

/* Set momentum and share of the step size for the update to come; returns its sweeps. */
int pace_set(const struct pace *p, struct update *u);

#endif
