/*
 * zquality.h - the figures of num/quality.h for the log-weights of every condition and direction:
 * in the result line, in the file of the log-weights, and told by `caloq help logz`.
 *
 * Not for the methods raise and population, whose weights are not those of independent chains.
 */
#ifndef CMD_ZQUALITY_H
#define CMD_ZQUALITY_H

#include "cmd/zweights.h"
#include "io/h5.h"

#include <stdio.h>

/* Objects "up" and "down" into each condition of the list; the worst of all into the result line,
 * with a warning where Pareto's k is above its limit. Local. */
void zquality_put(struct run *r, struct json *list, const struct zplan *plan,
                  const struct zweights *w);

/* /quality/up/NAME, /quality/down/NAME f64 [Q]. Collective. */
int zquality_write(struct h5 *f, const struct zplan *plan, const struct zweights *w, uint64_t seed,
                   struct err *e);

/* A line a figure. */
void zquality_help(FILE *f);

#endif
