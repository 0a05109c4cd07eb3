/*
 * progress.h - how far, how fast, how much longer: one line.
 *
 *   train epoch 3: 45% (1200 of 2700 steps), 512 steps/s, 2 min 10 s left
 *
 * On a terminal the line overwrites itself up to five times a second; in a batch log there is one
 * line every 30 seconds, and one at the end when it took that long. Local; a quiet log says
 * nothing.
 */
#ifndef IO_PROGRESS_H
#define IO_PROGRESS_H

#include "base/log.h"

#include <stdint.h>

enum { PROGRESS_TEXT = 384 };

struct progress {
    struct log *log;   /* borrowed; NULL: silent */
    char what[64];     /* "train epoch 3" */
    char unit[32];     /* "steps" */
    int64_t from;      /* done before the start (a restart) */
    int64_t done;      /* so far */
    int64_t total;     /* 0: not known */
    double start;      /* clock_now() at the start */
    double said;       /* when a line was last said */
    int64_t said_done; /* and what it said */
};

/* from: how many were done before (they do not count for the rate). */
void progress_start(struct progress *p, struct log *l, const char *what, const char *unit,
                    int64_t from, int64_t total);

/* `done` of total are done; cheap, may be called at every step. */
void progress_step(struct progress *p, int64_t done);

/* No more will come; says the last line. */
void progress_end(struct progress *p);

/* The same at a given time (clock_now() for the two above). */
void progress_at(struct progress *p, int64_t done, double now, int last);

/* The line itself. */
void progress_text(const struct progress *p, double now, char text[PROGRESS_TEXT]);

#endif
