/*
 * annealparts.h - are all parts of the device equally warm? u = beta / scale of the spins of each
 * partition, and of spins by their degree in quarters, by pseudo-likelihood (qpu/estimate.h).
 */
#ifndef CMD_ANNEALPARTS_H
#define CMD_ANNEALPARTS_H

#include "cmd/annealsets.h"

/* "temperatures" of the result: lists `partitions` (of a machine that has them) and `degrees`, with
 * spins, beta, error. Rank 0, local. */
void annealparts_put(const struct annealsets *s, const struct annealmodel *m, struct run *r);

#endif
