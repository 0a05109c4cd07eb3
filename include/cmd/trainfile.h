/*
 * trainfile.h - the checkpoint of a training run, and going on from it. Collective.
 */
#ifndef CMD_TRAINFILE_H
#define CMD_TRAINFILE_H

#include "cmd/trainer.h"

/* Write checkpoint-EPOCH.h5; with is_best also let best.h5 be it; forget the oldest. */
int trainfile_write(const struct trainer *t, int is_best, struct err *e);

/* Go on from the newest checkpoint as run.resume says; `never` removes those of the folder. Returns
 * 1 when there was one, 0 when the run starts anew, -1. A key that shapes the model and differs is
 * refused by name. */
int trainfile_resume(struct trainer *t, struct err *e);

/* The parameters of best.h5, for a phase that starts from it. */
int trainfile_best(struct trainer *t, struct err *e);

/* The path of the newest checkpoint; the caller frees. Local. */
char *trainfile_path(const struct trainer *t);

#endif
