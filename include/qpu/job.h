/*
 * job.h - one problem on its way through the solver API, and back.
 *
 *   POST  send it; its label is in the journal already
 *   LOOK  nobody knows whether it was taken in: look its label up
 *   WAIT  it has an id: long polls until it ends
 *
 *   CHECK it was sent twice and has an answer: does its label stand twice?
 *
 * After a POST without a reply the label is looked up until label_wait has passed. Found: it goes
 * on with that id. Two ids under one label: it fails. Not found: after silence, or an error of the
 * service (5xx), it is sent again under the same label (or fails, if `stop`), and checked in the
 * end; after a reply of status 2xx that could not be read it fails, as the service has taken it.
 * Absence counts only when the service has said so twice, the second time to a look that began
 * after the time had passed.
 */
#ifndef QPU_JOB_H
#define QPU_JOB_H

#include "qpu/journal.h"
#include "qpu/sapi.h"

enum job_state { JOB_FREE, JOB_POST, JOB_LOOK, JOB_WAIT, JOB_CHECK, JOB_ENDED, JOB_FAILED };

/* How sure is it that the service has it? */
enum job_doubt { JOB_NO_DOUBT, JOB_ERROR, JOB_SILENCE, JOB_TAKEN };

/* JOB_MAYBE: it may have it, or bring it to its end; JOB_REFUSED: it never took it; JOB_BROKEN: it
 * ended it without an answer, which costs nothing. */
enum job_death { JOB_MAYBE, JOB_REFUSED, JOB_BROKEN };

struct job_options {
    double label_wait, deadline; /* s, before the scale */
    int poll;                    /* s of a long poll */
    int stop;                    /* after silence: fail, in place of sending it again */
    const char *solver, *graph_id;
};

struct job {
    enum job_state state;
    enum job_doubt doubt;
    const struct job_options *o; /* borrowed */
    int slot, flying;            /* is a request under way? */
    int64_t number, request, part;
    int reads;
    char label[JOURNAL_LABEL], id[JOURNAL_ID];
    int again;               /* sent twice */
    enum job_death dead;     /* FAILED: what is left of it at the service */
    int named;               /* the id came new since the caller last looked */
    int tries, strikes;      /* failures in a row; answers that were no use */
    int empty;               /* looks that found nothing */
    double begun;            /* clock_now() */
    double next, look_until; /* when to ask again; when absence of the label counts */
    double asked;            /* when the request under way started */
    struct wire body, path;  /* of the POST; of a request */
    struct json *problem;    /* ENDED: as the service gave it, with its answer; owned */
    struct err cause;        /* what made its sending doubtful, or "" */
    char strange[128];       /* what speaks against a reply */
    struct err why;          /* FAILED: a sentence that names it */
};

/* Send a problem (body filled by the caller), or take up one of an earlier process: with an id, or
 * by its label when id is "". */
void job_post(struct job *b);
void job_adopt(struct job *b, double scale, const char *id);
void job_free(struct job *b); /* accepts { 0 } */

/* Move on; nothing waits here. Returns 1 when something happened. */
int job_step(struct job *b, struct sapi *s);

/* The answer was no use: fetch it again, or fail after some strikes. Takes `why` as the reason. */
void job_strike(struct job *b, struct sapi *s, const char *why);

/* When it wants to be stepped again, clock_now(); INFINITY while a request is under way. */
double job_next(const struct job *b);

#endif
