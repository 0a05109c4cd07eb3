/*
 * annealdraw.h - reads of the problems of a machine, from a service or from this machine.
 *
 * All reads end on rank 0, problem after problem. With a service rank 0 alone talks to it and the
 * others wait for its word; the reads of a local device are shared out by tiles of 64.
 */
#ifndef CMD_ANNEALDRAW_H
#define CMD_ANNEALDRAW_H

#include "cmd/annealdevice.h"
#include "cmd/annealprogram.h"
#include "cmd/session.h"

struct annealdraw {
    /* the set at hand */
    int64_t reads;       /* in all */
    int64_t *of, *first; /* [Q] reads of each problem, and the first of them */
    uint8_t *state;      /* [reads, n] of the problems' spins (their n are equal); rank 0; owned */
    double *energy;      /* [reads] H; rank 0; owned */
    int64_t room;        /* rows of them */
    /* all sets so far */
    int64_t sets, programmings;
    double wait;                  /* s before every programming; the caller's to set */
    double start;                 /* clock_now() */
    int local;                    /* a device of this program */
    struct annealdevice device;   /* it, on every rank */
    struct annealprogram program; /* of a service on rank 0 alone */
    double access;                /* us, of problems that earlier starts paid for too */
    /* of a service, on rank 0 */
    struct session session;
    int64_t problems, kept, sent; /* in the journal; answered before; sent now */
    double cpu, wall, server;     /* s: our processor, of the drawing, of which the server says */
    const char *spent;            /* the key of the budget that ended it, or NULL */
};

/* Open anneal.backend. Collective. d must be freed in any case. */
int annealdraw_open(struct annealdraw *d, struct run *r, const struct annealmodel *m,
                    const struct kern *k, struct err *e);
void annealdraw_free(struct annealdraw *d);

/* Draw reads of the problems as they are now, shared out evenly among them (only < 0) or all of
 * one; set number d->sets is a number of its own for the device, and for the journal. Before every
 * programming d->wait seconds pass: of a local device's own time, or of ours. Returns 0,
 * RUN_STOPPED after a signal, or -1. Collective. */
int annealdraw_set(struct annealdraw *d, struct run *r, const struct annealmodel *m, int64_t reads,
                   int only, struct err *e);

/* us: of a local device since it was opened, of the clock for a service. Local. */
double annealdraw_time(const struct annealdraw *d);

/* Reads of all problems from a local device that every rank has opened, of [Q] of each, gathered on
 * rank 0: state, energy (rank 0: the caller's). call: what all have in common; problem q is number
 * call->number Q + q. wait: s before each. access: us, added to. Collective. */
int annealdraw_local(const struct par *P, const struct annealmodel *m, struct device *d,
                     const struct device_call *call, double wait, const int64_t *of, uint8_t *state,
                     double *energy, double *access, struct err *e);

/* The same from block Gibbs at inverse temperature beta: chains to compare with. Their seed is
 * ~seed, so that they share no numbers with reads; stream: a number of its own for each use.
 * Collective. */
int annealdraw_gibbs(const struct par *P, const struct annealmodel *m, const struct kern *k,
                     double beta, int sweeps, uint64_t seed, int64_t stream, const int64_t *of,
                     uint8_t *state, double *energy, struct err *e);

#endif
