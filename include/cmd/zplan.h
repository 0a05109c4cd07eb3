/*
 * zplan.h - how ln Z is estimated, and of what: the keys of logz, read once.
 */
#ifndef CMD_ZPLAN_H
#define CMD_ZPLAN_H

#include "cmd/run.h"
#include "rbm/ais.h"

/* Choices of logz.method. */
enum zmethod {
    ZMETHOD_AIS,
    ZMETHOD_RAIS,
    ZMETHOD_BOTH,
    ZMETHOD_BAR,
    ZMETHOD_EXACT,
    ZMETHOD_STEPPING,
    ZMETHOD_TI,
    ZMETHOD_RAISE,
    ZMETHOD_POPULATION,
    ZMETHOD_TRAJECTORY
};

/* Choices of logz.start: where the reverse chains come from. */
enum zstart { ZSTART_LONG, ZSTART_CHAINS, ZSTART_DATA, ZSTART_TEMPERED };

enum { ZPLAN_ISLAND = 4 }; /* tiles of an island of population annealing */

/* A machine and its conditions; everything borrowed. */
struct zsubject {
    struct run *r;
    const char *name; /* what the state file is called, beside the run: "" or "random" */
    const struct rbm *m;
    const struct kern *kern;
    int64_t Q;            /* conditions, or states for RAISE; 1 for the joint machine */
    const uint8_t *u;     /* [Q, held], NULL for the joint machine */
    const uint8_t *state; /* [Q, N] of data, for RAISE; or NULL */
    const double *mean;   /* [N] of data for the base, NULL: from a pilot run */
    const char *data;     /* Bits file of data_rows states, for logz.start: data; or NULL */
    int64_t data_rows;
    const uint64_t *pool; /* [N, pool tiles] persistent chains on every rank, or NULL */
    int64_t pool_chains;
};

struct zplan {
    enum zmethod method;
    int up, down; /* directions */
    int traced;   /* points of the path are kept (rbm/trace.h) */
    int island;   /* tiles: 1, or those of an island */
    int64_t first, chains;
    int betas, sweeps, burn;
    int rungs;    /* of the ladders of ZSTART_TEMPERED */
    int marginal; /* partition that is summed over, or -1 */
    enum zstart start;
    enum ais_base base;
    const char *schedule; /* borrowed */
};

/* From the keys; the machine has partitions, of which one may be clamped. */
int zplan_of(struct zplan *p, const struct conf *c, const struct rbm *m, struct err *e);

#endif
