/*
 * suspect.h - what looks wrong with a shower file although it can be read: units, copies, silence.
 * Warnings with the evidence; nothing is changed. Collective.
 */
#ifndef CMD_SUSPECT_H
#define CMD_SUSPECT_H

#include "cmd/judge.h"

/* sample: "reference" or "generated". Puts duplicates.SAMPLE (showers that equal an earlier one in
 * every feature) and empty.SAMPLE (showers without energy) into the result. */
void suspect(struct run *r, const struct judge *j, const char *sample, const struct source *s,
             const struct features_of_sample *f);

#endif
