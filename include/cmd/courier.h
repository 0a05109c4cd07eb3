/*
 * courier.h - training with an annealer: one rank asks and waits for reads, the others go on.
 *
 * rbm.method: annealer takes the model's phase from anneal.reads reads of the machine in every
 * update. Reads asked for with the parameters of step t are used at step t + d (d: anneal.delay);
 * the first d steps use those of the first. With d = 0 a step waits for its own reads, which were
 * asked for at the end of the step before. The last rank drives: with anneal.rank: shared it trains
 * too, and looks after its requests between steps; with dedicated it does nothing else, and the
 * others make up the run (courier_apart, courier_serve). The reads go to all ranks, each counts its
 * share of the tiles, so the update is the same on any number of ranks. Of a local device whose
 * reads do not know of each other, and without a driver apart, each rank draws its own share. When
 * the annealer fails for good, all ranks leave with its sentence.
 *
 * A machine with clamped units has its reads under anneal.conditions conditions in every step:
 * those of an event of each part of all events in the order of their conditions, a function of the
 * seed and the step. The temperature may be estimated, and the reads weighed, on the way (refit.h).
 *
 * A problem's number in the journal is its step: a run that goes on from a checkpoint of step t
 * gets what was paid for at t and after it again; with d > 0 the d requests before t were in vain.
 */
#ifndef CMD_COURIER_H
#define CMD_COURIER_H

#include "cmd/errand.h"
#include "cmd/feed.h"

struct courier {
    struct run *r;           /* borrowed */
    const struct par *all;   /* borrowed: those who train, and a driver apart behind them */
    const struct par *P;     /* borrowed: those who train */
    int driver, drives;      /* its rank among all; are we it? */
    int apart;               /* it does nothing else */
    int together;            /* each rank draws its share from a local device */
    const struct rbm *m;     /* borrowed; the driver's own when it is apart */
    struct rbm own;          /* of a driver apart; owned */
    const struct feed *feed; /* where conditions come from; borrowed; NULL for a driver apart */
    int64_t *order;          /* events in the order of their conditions, or NULL; owned */
    int64_t steps;           /* of the whole run */
    int64_t first;           /* the first step that was asked for, or -1 */
    int64_t held;            /* the step whose reads are here, or -1 */
    struct errand x;
    struct campaign_bill bill; /* predicted, of the whole run */
    struct err failed;         /* the driver's, until all hear of it */
    uint64_t *bits;            /* [N, tiles] all reads; owned */
    struct block mine;         /* this rank's tiles of them */
    uint64_t *part, *live;     /* [N, mine.count], [mine.count] owned */
};

/* Does the config want a driver apart? (Two ranks at least.) */
int courier_apart(const struct run *r);

/* Those who train, together; steps: updates of the whole run. c must be freed in any case. */
int courier_open(struct courier *c, struct run *r, const struct rbm *m, const struct feed *f,
                 const struct kern *k, int64_t steps, struct err *e);
void courier_free(struct courier *c); /* local; accepts a courier that was never opened: { 0 } */

/* Before the machine's update of a step: its reads into part and live. Those who train, together.
 */
int courier_take(struct courier *c, int64_t step, struct err *e);

/* After it: ask for the next step's. Those who train, together. */
void courier_ahead(struct courier *c, int64_t step);

/* What was predicted, what it has cost up to the last reads taken, and the temperature: the object
 * "annealer" of the result. Local. */
void courier_account(const struct courier *c, struct json *j);

/* At the very end, in any case: let a driver apart go. done: the run is complete. Collective among
 * those who train. */
void courier_end(const struct run *r, struct courier *c, int done);

/* What a driver apart does until courier_end. */
void courier_serve(struct run *r);

#endif
