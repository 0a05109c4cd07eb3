/*
 * zstate.h - an estimate under way on disk: NAME.state.h5 in the run folder. Collective.
 *
 * It holds the weights of the batches that are done and where the chains of the one at hand stand.
 */
#ifndef CMD_ZSTATE_H
#define CMD_ZSTATE_H

#include "cmd/zweights.h"

int zstate_write(struct zrun *z, const struct zweights *w, struct err *e);

/* 1: gone on from, w and the batch set out anew as they were; 0: there is none, or it is damaged or
 * belongs to another config or machine (said in the log), and z is the first batch, set out; -1.
 * Whether there must be one is judged before (cmd_logz.c). */
int zstate_read(struct zrun *z, const struct zsubject *s, const struct zplan *plan,
                const struct zpath *path, struct zweights *w, struct err *e);

/* The run is done: forget it. */
void zstate_remove(const struct zsubject *s);

#endif
