/*
 * evalfiles.h - what an evaluation leaves in files: NAME.h5 (histograms, profiles, Wasserstein's
 * distances, total energies of pairs) and NAME.csv, a line for every histogram and every feature.
 */
#ifndef CMD_EVALFILES_H
#define CMD_EVALFILES_H

#include "cmd/judge.h"

/* This rank's showers of n pairs: incident and total energies, MeV. */
struct evalfiles_pairs {
    int64_t n; /* 0: the samples are no pairs */
    struct block mine;
    const double *incident, *reference, *generated; /* [mine.count]; borrowed */
};

/* evaluate.output, or run.name or "evaluate" in the run folder; the CSV beside it. Puts `path` and
 * `csv` into the result. wasserstein [j->d]. Collective. */
int evalfiles_write(struct run *r, const struct judge *j, const struct histos *H,
                    const struct profile *p, const double *wasserstein,
                    const struct evalfiles_pairs *pairs, struct err *e);

#endif
