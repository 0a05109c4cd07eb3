/*
 * zwalk.h - batch after batch of chains, until enough is known of ln Z; stop, go on, merge.
 */
#ifndef CMD_ZWALK_H
#define CMD_ZWALK_H

#include "cmd/ztarget.h"
#include "cmd/zweights.h"

/* Walk the path with batches of plan->chains chains, from plan->first on: one, or as many as
 * logz.target_error takes (up to logz.most_chains, or to the wall time). RUN_DONE with all weights
 * in w; RUN_STOPPED with the state on disk; -1. Collective. */
int zwalk_run(struct zweights *w, const struct ztarget *t, const struct zsubject *s,
              const struct zplan *plan, const struct zpath *path, struct err *e);

/* In place of walking: the chains of the files of logz.merge. Collective. */
int zwalk_merge(struct zweights *w, const struct zsubject *s, const struct zplan *plan,
                const struct zpath *path, struct err *e);

#endif
