/*
 * oracle.h - the exact ln Z of a machine for a list of conditions: by the cheapest of three ways.
 *
 *   closed form  no couplings between free units
 *   enumeration  of the states of all free partitions but the largest (rbm/exact.h), in chunks that
 *                are shared out over ranks; stops by a signal, keeps the sums of whole chunks in
 *                NAME.exact.h5 and goes on, bit for bit, on any number of ranks
 *   elimination  of one unit after another (rbm/eliminate.h), a condition a rank
 *
 * logz.exact_most and logz.exact_width bound the last two. The cost of a state is that of its
 * summed units, 0.1 ns each and 5 ns; that of an entry of a table 8 ns.
 */
#ifndef CMD_ORACLE_H
#define CMD_ORACLE_H

#include "cmd/run.h"
#include "rbm/eliminate.h"
#include "rbm/exact.h"

enum oracle_kind { ORACLE_NONE, ORACLE_CLOSED, ORACLE_ENUMERATION, ORACLE_ELIMINATION };

struct oracle {
    enum oracle_kind kind;
    struct run *r;       /* borrowed */
    const struct rbm *m; /* borrowed */
    int joint;
    int64_t Q;
    const uint8_t *u; /* [Q, held], NULL for the joint machine; borrowed */
    struct exact exact;
    struct eliminate eliminate;
    double *log_z; /* [Q] on every rank after oracle_run; owned */
    /* enumeration */
    int64_t chunks, parts; /* chunks of a condition, parts of a chunk */
    double *sum;           /* [Q * chunks] log-sums; owned */
    int64_t *done;         /* [Q * chunks] 1 where sum is known; owned */
};

/* Which way. ORACLE_NONE where all are too long: an error with a sentence when `must`. Local, and
 * the same on every rank. */
int oracle_plan(struct oracle *o, struct run *r, const struct rbm *m, int joint, int64_t Q,
                const uint8_t *u, int must, struct err *e);
void oracle_free(struct oracle *o); /* accepts { 0 } */

/* "closed form", "enumeration", "elimination" */
const char *oracle_name(const struct oracle *o);

/* RUN_DONE, or RUN_STOPPED with the sums on disk. Collective. */
int oracle_run(struct oracle *o, struct err *e);

#endif
