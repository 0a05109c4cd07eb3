/*
 * zstate.h - a stopped AIS run on disk: NAME.state.h5 in the run folder. Collective.
 */
#ifndef CMD_ZSTATE_H
#define CMD_ZSTATE_H

#include "cmd/zrun.h"

int zstate_write(const struct zrun *z, struct err *e);

/* 1: gone on from; 0: there is none, or it is damaged or belongs to another config or machine (said
 * in the log); -1. */
int zstate_read(struct zrun *z, struct err *e);

/* The run is done: forget it. */
void zstate_remove(const struct zrun *z);

#endif
