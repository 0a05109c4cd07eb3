/*
 * evalfiles.h - what an evaluation leaves in files: NAME.h5 (histograms, profiles, Wasserstein's
 * distances) and NAME.csv, a line for every histogram and every feature.
 */
#ifndef CMD_EVALFILES_H
#define CMD_EVALFILES_H

#include "cmd/judge.h"

/* evaluate.output, or run.name or "evaluate" in the run folder; the CSV beside it. Puts `path` and
 * `csv` into the result. wasserstein [j->d]. Collective. */
int evalfiles_write(struct run *r, const struct judge *j, const struct histos *H,
                    const struct profile *p, const double *wasserstein, struct err *e);

#endif
