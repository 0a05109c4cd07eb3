/*
 * ztable.h - the four log-likelihoods of a trained machine: it and a random one (same topology,
 * weights and biases of the same size) on encoded data and on samples of their own.
 *
 *   LL = -<E> - <ln Z(u)>,  expected: trained on data ~ trained on its samples
 *                                     > random on its samples > random on data
 */
#ifndef CMD_ZTABLE_H
#define CMD_ZTABLE_H

#include "cmd/ztarget.h"
#include "cmd/zweights.h"

struct ztable {
    struct rbm random;    /* owned */
    double logz, error;   /* of the random machine */
    double data, samples; /* its mean energies of logz.data and of its own samples */
};

/* ln Z of the random machine, by the plan: RUN_DONE, RUN_STOPPED with a state of its own, or -1. t
 * must be freed in any case. Collective. */
int ztable_init(struct ztable *x, const struct ztarget *t, const struct zsubject *s,
                const struct zplan *plan, struct err *e);
void ztable_free(struct ztable *x); /* local; accepts { 0 } */

/* Put "table" into the result line, from ln Z of the trained machine. Collective. */
int ztable_report(const struct ztable *x, const struct ztarget *t, const struct zsubject *s,
                  const struct zplan *plan, const struct logweights_mean *trained, struct err *e);

#endif
