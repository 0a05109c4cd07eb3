/*
 * annealsets.h - sets of reads one after another, and the temperature on the way (anneal.protocol).
 *
 *   none    one set of anneal.reads at anneal.scale
 *   before  anneal.sets sets; before each the scale is found anew with anneal.estimator
 *   once    the scale is found once
 *   waits   once, with anneal.wait seconds before every programming
 *   single  once, one read in every call, those that find the scale too
 *
 * Rows are collected problem after problem, within a problem in the order of time; in the end the
 * problems have the last scale. Each set's inverse temperature u =
 * beta / scale is that of its window: as many sets in a row as hold anneal.beta_reads reads. Lines
 * of metrics.jsonl in the folder anneal (run.name) of the run folder have time, scale and beta of
 * every window.
 */
#ifndef CMD_ANNEALSETS_H
#define CMD_ANNEALSETS_H

#include "cmd/annealbeta.h"
#include "qpu/campaign.h"

enum annealsets_protocol { SETS_NONE, SETS_BEFORE, SETS_ONCE, SETS_WAITS, SETS_SINGLE };

/* Sets in a row whose reads tell one temperature. */
struct annealwindow {
    int64_t reads;
    double time;                 /* us of the device, or of the clock for a service, at its end */
    double scale;                /* of its last set */
    int64_t programmings;        /* up to its end, those that found scales too */
    double energy, energy_error; /* mean of E */
    struct estimate u;
};

struct annealsets {
    enum annealsets_protocol protocol;
    int64_t sets;
    double *scale, *time;   /* [sets]; owned */
    int64_t *programmings;  /* [sets]; owned */
    struct annealrows rows; /* of all sets, sorted */
    int32_t *window;        /* [rows] of a row, on rank 0; owned */
    double *influence;      /* [rows] on u of its window, on rank 0; owned */
    int windows;
    struct annealwindow *of; /* [windows], on every rank; owned */
    struct estimate all;     /* beta of all rows, each at the scale of its set */
    struct estimate last;    /* how the last scale was found (protocols but none) */
};

/* 0, RUN_STOPPED or -1. b is open and leaves the problems at the last scale. Collective. s must be
 * freed in any case. */
int annealsets_run(struct annealsets *s, struct annealbeta *b, struct err *e);
void annealsets_free(struct annealsets *s); /* accepts { 0 } */

/* What the protocol will cost by a solver's timing, into "protocol" of the result: problems_least
 * and problems_most, access_time_us_least and _most, wait_s_most: each scale is found in one set of
 * reads at least, in anneal.beta_steps at most. Q problems; most: reads of one, 0: no limit.
 * Nothing for protocol none. Local. */
void annealsets_predict(struct run *r, const struct cost *c, int Q, int64_t most);

/* Fills "protocol" of the result: its name, programmings, windows (lists of time_us, scale, beta,
 * beta_error, energy), and beta's trend over time. Rank 0. */
void annealsets_put(const struct annealsets *s, struct run *r);

#endif
