/*
 * priorfile.h - the state of a machine's training in a checkpoint: /chains, /optimizer/rbm,
 * /trajectory.
 * Collective.
 */
#ifndef CMD_PRIORFILE_H
#define CMD_PRIORFILE_H

#include "cmd/prior.h"

int priorfile_write(struct h5 *f, const struct prior *p, struct err *e);
int priorfile_read(const struct h5 *f, struct prior *p, struct err *e);

#endif
