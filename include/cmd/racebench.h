/*
 * racebench.h - which network learns showers better in the same time.
 *
 * Each architecture of bench.race is trained as an autoencoder (AE + hit) on the same synthetic
 * showers of data set 2, drawn in memory, for bench.race_seconds of processor time: Adam from
 * bench.race_rate down a cosine of the time used, batches of 128, relaxation 1 to 8. What counts is
 * AE + hit on showers that were not trained on, with binary bits; their time does not count.
 */
#ifndef CMD_RACEBENCH_H
#define CMD_RACEBENCH_H

#include "cmd/run.h"

/* A figure for each architecture, and its distance from the first: appended to the list.
 * Collective, each rank for itself. */
int racebench(struct run *r, struct json *list, struct err *e);

#endif
