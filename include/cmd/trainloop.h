/*
 * trainloop.h - what happens in a step, after an epoch, and between phases. Collective.
 */
#ifndef CMD_TRAINLOOP_H
#define CMD_TRAINLOOP_H

#include "cmd/trainer.h"

/* Go on from a checkpoint, or start: chains, networks near the data; open metrics.jsonl. */
int trainloop_open(struct trainer *t, struct err *e);

/* Train what is left. RUN_DONE, RUN_STOPPED after a checkpoint, or -1. */
int trainloop_run(struct trainer *t, struct err *e);

#endif
