/*
 * stopwatch.h - the median time of a piece of work, and a line about it. Local.
 */
#ifndef CMD_STOPWATCH_H
#define CMD_STOPWATCH_H

#include "cmd/run.h"

/* Seconds of one call of work(ctx): the median over as many calls as fit into `seconds` (at least
 * 3, at most 10,000), after one that warms up. */
double stopwatch_median(void (*work)(void *ctx), void *ctx, double seconds);

/* Busy seconds of all processors since the machine started, and in *total those of all its time;
 * NAN where /proc/stat is not there. */
double stopwatch_busy(double *total);

/* An object for the result line, and a line for a person: name, figure with its unit as the key,
 * ratio to what `against` names (NAN: none). */
void stopwatch_say(const struct run *r, struct json *list, const char *name, const char *unit,
                   double figure, double ratio, const char *against);

#endif
