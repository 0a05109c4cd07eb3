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

struct zquality {
    double *figure[ZRUN_DIRECTIONS]; /* [Q, QUALITY_FIGURES], or NULL where they do not apply */
};

/* A bootstrap over all weights: once for the file and the result line. Local. */
void zquality_init(struct zquality *q, const struct zplan *plan, const struct zweights *w,
                   uint64_t seed);
void zquality_free(struct zquality *q); /* local; accepts { 0 } */

/* Objects "up" and "down" into each condition of the list; the worst of all into the result line,
 * with a warning where Pareto's k is above its limit. Local. */
void zquality_put(struct run *r, struct json *list, const struct zplan *plan,
                  const struct zweights *w, const struct zquality *quality);

/* /quality/up/NAME, /quality/down/NAME f64 [Q]. Collective. */
int zquality_write(struct h5 *f, const struct zquality *q, int64_t Q, struct err *e);

/* A line a figure. */
void zquality_help(FILE *f);

#endif
