/*
 * run.h - what every command has: ranks, config, run folder, log, result line, a way to stop.
 */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#include "base/conf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "par/par.h"

#include <stdint.h>

enum { RUN_DONE = 0, RUN_FAILED = 1, RUN_USAGE = 2, RUN_STOPPED = 75 };

enum { RESUME_AUTO, RESUME_NEVER, RESUME_MUST }; /* choices of run.resume */

struct run {
    const struct par *P;   /* borrowed */
    const struct par *all; /* borrowed; P, unless some rank does something else */
    const char *command;   /* "train"; borrowed */
    struct conf *conf;     /* owned */
    struct log log;
    const char *dir;     /* run.dir; borrowed from conf */
    uint64_t seed;       /* run.seed */
    double start;        /* clock_now() at the start of the process */
    double walltime;     /* seconds, INFINITY when none is set */
    struct json *result; /* the result line; owned */
};

/* Read CONFIG.yaml on rank 0 (NULL: defaults alone), apply the overrides, make the run folder, open
 * log.txt, write COMMAND.config.yaml. Collective. */
int run_open(struct run *r, const struct par *P, const char *command, const char *config,
             char *const *override, int n_override, double start, struct err *e);

/* Write NAME.result.json (durably) and print the result line on stdout. Collective. */
int run_finish(struct run *r, struct err *e);

void run_free(struct run *r);

/* Local: has a signal come, or is the wall time nearly over? The caller sums it over ranks. */
int run_should_stop(const struct run *r);

/* run_should_stop() on any rank. Collective. */
int run_stops(const struct run *r);

/* DIR/name; the caller frees. */
char *run_path(const struct run *r, const char *name);

/* DIR/NAME.what, where NAME is run.name or the command's; the caller frees. */
char *run_named(const struct run *r, const char *what);

/* The text of a file, read on rank 0 and broadcast; the caller frees. NULL and a sentence on every
 * rank. Collective. */
char *run_text(const struct par *P, const char *path, struct err *e);

/* Make the folder of an output file; refuse a name that cannot be one. Collective. */
int run_output(const struct run *r, const char *path, struct err *e);

#endif
