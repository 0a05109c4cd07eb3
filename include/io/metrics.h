/*
 * metrics.h - metrics.jsonl: what happened when, one JSON object a line.
 *
 * Every line starts with step, epoch, time (seconds of work since the run began, stops not
 * counted) and phase. Rank 0 writes. After a restart the lines beyond the checkpoint's step are
 * cut, so the history reads as if the run had never stopped. So a step's lines are written, and
 * metrics_sync called, before its checkpoint.
 *
 *   struct json *line = metrics_line(&m, step, epoch, "vae");
 *   json_put_real(line, "loss", loss);
 *   if (metrics_write(&m, line, e)) ...
 */
#ifndef IO_METRICS_H
#define IO_METRICS_H

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "par/par.h"

#include <stdint.h>

struct metrics {
    const struct par *P; /* borrowed */
    char *path;          /* owned: folder/metrics.jsonl */
    double start;        /* clock_now() at time 0 of the run */
    int64_t kept, cut;   /* lines found at the opening: kept, and thrown away */
};

/* Open folder/metrics.jsonl and keep the lines with step <= last_step (-1: none) in the order of
 * the file; the file is rewritten durably if any line goes. Half a last line (a killed job) goes
 * silently; any other line that is no JSON object with a step goes with a warning (l may be NULL).
 * Time goes on from the last line kept. Collective. */
int metrics_open(struct metrics *m, const struct par *P, const char *folder, int64_t last_step,
                 struct log *l, struct err *e);
void metrics_close(struct metrics *m); /* local; accepts { 0 } and a second call */

/* A new line with its four keys; the caller adds the figures. Local, on every rank alike. */
struct json *metrics_line(const struct metrics *m, int64_t step, int64_t epoch, const char *phase);

/* Append the line (rank 0's) and drop it. Collective. */
int metrics_write(const struct metrics *m, struct json *line, struct err *e);

/* Put what was written onto the disk. Collective. */
int metrics_sync(const struct metrics *m, struct err *e);

#endif
