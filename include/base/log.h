/*
 * log.h - what a person reads: stderr, and log.txt in the run folder.
 *
 * One rank speaks (the others' logs are quiet). Nothing goes to stdout: the last thing there is the
 * result line.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

#include <stdio.h>

struct log {
    int quiet;     /* ranks above 0 */
    int terminal;  /* stderr is one */
    int line_open; /* a progress line stands on the terminal and must be cleared first */
    FILE *file;    /* log.txt or NULL; owned */
    double start;  /* clock_now() at init */
};

void log_init(struct log *l, int quiet);
int log_open(struct log *l, const char *path, struct err *e); /* append to path */
void log_free(struct log *l);

void log_say(struct log *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warn(struct log *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A progress line: on a terminal it overwrites itself, else it is an ordinary line. Not in log.txt.
 */
void log_progress(struct log *l, const char *text);

#endif
