/*
 * benchline.h - a figure of a kernel: measured, held against a limit, told in a line.
 *
 * A rate is a median by processor time, so that a rank that waits for its core is not slower for
 * it. Every rank measures at the same time; a line tells the mean of a rank and, at several ranks,
 * their sum. It is marked disturbed when processes other than this run took over 5% of the
 * machine's processor time meanwhile (/proc/stat).
 */
#ifndef CMD_BENCHLINE_H
#define CMD_BENCHLINE_H

#include "cmd/run.h"
#include "num/kern.h"

struct benchline_timing {
    double seconds; /* median processor time of one call */
    int disturbed;  /* by others; the other ranks do what this one does */
};

struct benchline {
    const char *what, *kernel, *topology, *precision, *unit;
    const char *sampler;     /* how, or NULL */
    double figure, fraction; /* of the limit; NAN: none is stated */
};

/* Calls of work(ctx) for so many seconds, three at least. Collective. */
struct benchline_timing benchline_measure(const struct run *r, void (*work)(void *ctx), void *ctx,
                                          double seconds);

/* Cycles per second of this rank's core. Collective. */
double benchline_clock(const struct run *r);

/* An object for the list and a line for a person. Collective. */
void benchline_say(const struct run *r, struct json *list, const struct benchline *l,
                   int disturbed);

/* Floats in a register. */
double benchline_lanes(const struct kern *k);

#endif
