/*
 * suspect.h - what looks wrong with a shower file although it can be read: units, copies, silence,
 * events that cannot be transformed. Warnings with the evidence; nothing is changed. Collective.
 */
#ifndef CMD_SUSPECT_H
#define CMD_SUSPECT_H

#include "cmd/judge.h"
#include "shower/dataset.h"

/* Warns when all of n incident energies [MeV], which are the same on every rank, look like GeV.
 * Local. */
void suspect_energies(struct log *log, const char *what, const double *energy, int64_t n);

/* Says of how many events, and from which on, a loaded set is short, and why. Local. */
void suspect_faults(struct log *log, const char *what, const struct dataset *d);

/* sample: "reference" or "generated". Puts duplicates.SAMPLE (showers that equal an earlier one in
 * every feature) and empty.SAMPLE (showers without energy) into the result. */
void suspect(struct run *r, const struct judge *j, const char *sample, const struct source *s,
             const struct features_of_sample *f);

#endif
