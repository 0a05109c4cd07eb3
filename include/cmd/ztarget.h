/*
 * ztarget.h - which ln Z is asked for: the machine, its conditions, the data, and the exact value
 * where an oracle is quick.
 */
#ifndef CMD_ZTARGET_H
#define CMD_ZTARGET_H

#include "cmd/bits.h"
#include "cmd/model.h"
#include "cmd/oracle.h"
#include "cmd/zplan.h"

struct ztarget {
    struct run *r;      /* borrowed */
    struct model model; /* its held is 0 when the joint ln Z is asked for */
    struct bits data;   /* logz.data, or nothing */
    double *mean;       /* [N] of the data, or NULL; owned */
    double mean_energy; /* E of the data, or F (rbm/hidden.h); RAISE: with `summed` summed over */
    int summed;         /* that partition, or -1 */
    int partial;        /* logz.data shows visible units alone */
    int clamps;         /* has the model clamped units? */
    int joint, drawn;   /* no condition; states drawn from the data */
    int64_t Q;          /* conditions; 1 for the joint machine, the states of RAISE */
    double *energy;     /* [Q] MeV, or NULL; owned */
    uint8_t *u;         /* [Q, held], or NULL; owned */
    uint8_t *state;     /* [Q, N] where they are drawn, or NULL; owned */
    uint64_t *pool;     /* [N, tiles] of pool_chains persistent chains, or NULL; owned */
    int64_t pool_chains;
    struct oracle oracle;
    double *exact; /* [Q] of the oracle, or NULL where every one takes too long; owned */
};

/* From logz.model, logz.data, logz.clamp, logz.energies, logz.exact_*. must: no oracle, a sentence.
 * RUN_DONE, RUN_STOPPED or -1; t must be freed in any case. Collective. */
int ztarget_init(struct ztarget *t, struct run *r, int must, struct err *e);
void ztarget_free(struct ztarget *t); /* local; accepts { 0 } */

/* What the chains need to know of it; borrowed. Local. */
struct zsubject ztarget_subject(const struct ztarget *t, const struct kern *k);

#endif
