/*
 * prior.h - training of the Boltzmann machine: chains (pool.h), exact counts, one update a step.
 */
#ifndef CMD_PRIOR_H
#define CMD_PRIOR_H

#include "cmd/course.h"
#include "cmd/courier.h"
#include "cmd/feed.h"
#include "cmd/pace.h"
#include "cmd/pool.h"
#include "cmd/run.h"
#include "io/h5.h"
#include "rbm/exact.h"
#include "rbm/phases.h"
#include "rbm/update.h"

/* Where the model's phase comes from (choices of rbm.method): persistent chains, chains that start
 * at the data or at fair coins in every update, or enumeration. */
enum prior_method { METHOD_PCD, METHOD_CD, METHOD_RDM, METHOD_EXACT, METHOD_ANNEALER };

/* What stands for the data of networks (choices of rbm.data_statistics). */
enum prior_data { DATA_BINARY, DATA_PROBABILITIES, DATA_RELAXED };

struct prior {
    const struct par *P;     /* borrowed */
    struct rbm *m;           /* borrowed */
    const struct kern *kern; /* borrowed */
    const struct feed *feed; /* borrowed */
    struct courier *courier; /* method annealer: its reads; borrowed, set by the trainer */
    int64_t mixed;           /* chains that count beside them */
    uint64_t *few;           /* [tiles] of the pool: them, or NULL; owned */
    struct pool pool;
    struct course course;
    struct phases phases;
    struct update update; /* its rate is the caller's, phase by phase */
    enum phases_kind kind;
    enum prior_method method;
    enum prior_data statistics;
    int closed;         /* no two hidden partitions are coupled: they are summed over by hand */
    int soft;           /* rbm.rao_blackwell */
    double offset_rate; /* of the means that centre the gradient */
    struct pace pace;
    int sweeps;                        /* of the step at hand */
    uint64_t *data, *live;             /* [N, tiles], [tiles] of the data; owned */
    struct block place;                /* tiles of the data at hand, by number in the batch */
    uint64_t *model;                   /* [N, tiles] chains from the data (cd), or NULL; owned */
    uint64_t *one;                     /* [N] scratch; owned */
    float *z;                          /* [share or 64, N] scratch; owned */
    struct exact exact;                /* method exact */
    double *mean, *pair;               /* [N], [M] of the enumeration, or NULL; owned */
    double energy_data, energy_chains; /* means of the last step; on bits, of one with pool.watch */
    double norm, rate;                 /* of the last gradient; the step size it took */
};

/* From rbm.*; the feed is open; steps: updates of the whole run, for the schedule. An option that
 * does not fit: a sentence; p must be freed in any case. */
int prior_init(struct prior *p, const struct run *r, struct rbm *m, const struct kern *k,
               const struct feed *f, int64_t steps, struct err *e);
void prior_free(struct prior *p); /* accepts { 0 } */

/* Before the first step: fixed conditions are drawn; biases: let them start at the log-odds of the
 * data (rows of bits). Local. */
void prior_start(struct prior *p, int biases);

/* Data of a step: z [n, N] with logit [n, free_units] of the last of them, taken as
 * rbm.data_statistics says (binary: 1 where z > 1/2); or bytes of 0 and 1. Units of hidden
 * partitions (feed.h) are drawn given the others. Local. */
void prior_data_floats(struct prior *p, const float *z, const float *logit, int free_units, int n);
void prior_data_bytes(struct prior *p, const uint8_t *states, int n);

/* Conditions, sweeps, counts, their sum over ranks, gradient, update. Collective. */
int prior_step(struct prior *p, const struct reducer *reducer, struct err *e);

#endif
