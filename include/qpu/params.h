/*
 * params.h - the sampler's parameters, judged here before the solver would refuse them.
 *
 * What is not given is not sent: the solver's default holds. Times in microseconds.
 */
#ifndef QPU_PARAMS_H
#define QPU_PARAMS_H

#include "qpu/solver.h"

enum { PARAMS_DEFAULT = -1 }; /* of a flag */

struct params {
    double annealing_time;                /* us; 0: not given */
    double programming, readout;          /* thermalisation, us; -1: not given */
    int points, gains;                    /* of the two schedules; 0: not given */
    double *schedule, *gain;              /* [points, 2] us and s; [gains, 2] us and g */
    int fast, histogram, scale;           /* fast_anneal, answer_mode, auto_scale */
    int drift, decorrelate, reinitialise; /* flags, or PARAMS_DEFAULT */
    int Q;                                /* entries of the three below */
    double *flux, *offset;                /* [Q] or NULL */
    int *initial;                         /* [Q] -1, 1, or 3 (no such qubit), or NULL */
};

/* Nothing given. The arrays are the caller's to fill with mem_take; params_free drops them. */
void params_init(struct params *p);
void params_free(struct params *p); /* accepts { 0 } */

/* Reverse annealing: a schedule that begins at s = 1. */
int params_reverse(const struct params *p);

/* One sentence for what the solver would refuse: a parameter it does not take, a number out of its
 * range, what cannot go together. */
int params_check(const struct params *p, const struct solver *s, struct err *e);

/* The object "params" of a problem; the caller drops it. */
struct json *params_json(const struct params *p, int reads);

#endif
