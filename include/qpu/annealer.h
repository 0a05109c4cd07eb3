/*
 * annealer.h - draws from a solver while others go on: ask, poll now and then, take.
 *
 *   annealer_start  asks for reads of a problem; several requests may be under way
 *   annealer_poll   moves everything on for a moment
 *   annealer_take   gives the reads of a request once they are all there
 *
 * Reads asked for at step t are used at step t + d: the one rank that drives calls start at t, poll
 * while it works, and take at t + d. Every problem is in the journal before it is sent, and what
 * the journal has is not asked for again. A budget ends the sending; what is under way is awaited.
 * Nothing here knows ranks: when a call fails for good, its caller tells the others.
 */
#ifndef QPU_ANNEALER_H
#define QPU_ANNEALER_H

#include "qpu/cost.h"
#include "qpu/job.h"
#include "qpu/request.h"

enum annealer_spent { ANNEALER_RICH, ANNEALER_ACCESS, ANNEALER_PROBLEMS };

struct annealer_options {
    int requests;          /* at a time */
    int flights;           /* problems at a time */
    int64_t most_reads;    /* of a problem; 0: as many as fit */
    double most_access;    /* us of access time in all; 0: no limit */
    int64_t most_problems; /* in all; 0: no limit */
    int heed;              /* annealer_poll comes back at once when a signal comes */
    int cancel;            /* annealer_stop cancels what is under way */
    struct job_options job;
    void (*say)(void *ctx, const char *text); /* a line for the user */
    void *ctx;
};

struct annealer {
    struct annealer_options o;
    struct sapi *sapi;           /* borrowed; as many slots as flights */
    const struct solver *solver; /* borrowed */
    const struct params *params; /* borrowed */
    struct journal *journal;     /* borrowed */
    struct request *request;     /* [o.requests]; owned */
    struct job *job;             /* [o.flights]; owned */
    struct wire packed;          /* scratch */
    int64_t sent, kept;          /* problems sent by this process; answers from the journal */
    int64_t ended;               /* problems of ours that the service ended without an answer */
    int64_t first;               /* the first problem of this process */
    enum annealer_spent spent;   /* which budget allows no more */
};

void annealer_init(struct annealer *a, struct sapi *s, const struct solver *solver,
                   const struct params *p, struct journal *j, const struct annealer_options *o);
void annealer_free(struct annealer *a); /* accepts { 0 } */

/* Ask for reads of g, which is borrowed until the request is taken. A number is asked for once. */
int annealer_start(struct annealer *a, int64_t request, const struct ising *g, int64_t reads,
                   struct err *e);

/* The same with parameters of its own, borrowed too (flux biases of this problem). */
int annealer_start_with(struct annealer *a, int64_t request, const struct ising *g, int64_t reads,
                        const struct params *p, struct err *e);

/* Move on for at most `seconds`; returns early when a problem is answered or a signal comes. -1 and
 * a sentence that names the problem when it fails for good. */
int annealer_poll(struct annealer *a, double seconds, struct err *e);

/* 1 when the request is done: *got rows (fewer than asked for when the budget is spent) in states
 * [reads, n] and energy [reads]; the request is forgotten. 0: not yet. */
int annealer_take(struct annealer *a, int64_t request, uint8_t *states, double *energy,
                  int64_t *got);

/* Before leaving early: cancel what is under way if that is wanted, for a few seconds at most; the
 * journal keeps what is needed to go on. */
void annealer_stop(struct annealer *a);

#endif
