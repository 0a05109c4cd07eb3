/*
 * pool.h - the chains that a machine's gradient is taken from: conditions, temperatures, moves.
 *
 * Chains are sharded by tiles of 64. A chain carries its condition: with rbm.chain_condition batch,
 * chain q takes that of event q mod B of the step's batch and keeps its other bits; with fixed it
 * keeps the condition of an event drawn once. With rbm.tempering: L a chain is a ladder of L lanes
 * with one condition (rbm/temper.h), and the lane at beta = 1 counts.
 */
#ifndef CMD_POOL_H
#define CMD_POOL_H

#include "cmd/feed.h"
#include "cmd/run.h"
#include "rbm/temper.h"

struct pool {
    const struct rbm *m;     /* borrowed */
    const struct kern *kern; /* borrowed */
    const struct feed *feed; /* borrowed */
    int64_t n;               /* chains of all ranks that count */
    int L;                   /* lanes of a chain */
    struct chains chains;    /* n L lanes */
    struct temper temper;    /* L > 1 */
    int fixed;               /* conditions stay */
    uint64_t *rows;          /* [held, tiles] of the lanes' conditions, or NULL; owned */
    uint8_t *condition;      /* [B, held], or NULL; owned */
    float *base;             /* [N] of the ladders, or NULL; owned */
    uint64_t *live;          /* [tiles] lanes that count at the moment; owned */
    uint64_t *before;        /* [N, tiles] lanes before a sweep; owned */
    int watch;               /* count the flips of the next move's last sweep */
    int64_t flips;           /* in this rank's lanes that counted */
};

/* From rbm.chains and rbm.tempering*; a sentence when they do not fit; p must be freed in any case.
 * Local. */
int pool_init(struct pool *p, const struct run *r, const struct rbm *m, const struct kern *k,
              const struct feed *f, struct err *e);
void pool_free(struct pool *p); /* accepts { 0 } */

/* Draw the fixed conditions (rbm.chain_condition fixed): chain q takes an event of the q-th part of
 * all events in the order of their conditions, so that the chains are a stratified sample of them.
 * Once, before the first step. */
void pool_start(struct pool *p);

/* Conditions of the batch at hand, unless they are fixed; then so many sweeps. */
void pool_move(struct pool *p, int sweeps);

/* Condition u [held] of event i of this rank's part in a step: of a chain's when they are fixed,
 * else of an event of the batch. */
void pool_condition(struct pool *p, int64_t i, uint8_t *u);

/* Let live be the lanes that count: after the state has been read. */
void pool_settle(struct pool *p);

#endif
