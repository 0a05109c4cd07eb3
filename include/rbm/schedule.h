/*
 * schedule.h - where the steps of an annealing path stand: beta_0 = 0 < ... < beta_K = 1.
 */
#ifndef RBM_SCHEDULE_H
#define RBM_SCHEDULE_H

#include "base/err.h"

enum { SCHEDULE_SALAKHUTDINOV = 14500 }; /* steps of that schedule */

/* beta [K + 1]: equal ratios from 1 / (10 K) to 1, after a first step from 0. */
void schedule_geometric(double *beta, int K);

/* beta [SCHEDULE_SALAKHUTDINOV + 1]: steps of 1/1000 up to 0.5, 1/10,000 up to 0.9, 1/100,000 up to
 * 1 (Salakhutdinov and Murray, ICML 2008). */
void schedule_salakhutdinov(double *beta);

/* beta [K + 1] by equal thermodynamic length (the optimal path of slow annealing): equal increments
 * of int sqrt(variance tau) d beta, given at n + 1 pilot points `at`, from variance [n + 1] of the
 * derivative g and the correlation [n + 1] of g with the point before, whence tau = (1 + r) /
 * (1 - r). A tenth of the length is spread evenly, so that noise leaves no gaps. */
void schedule_place(double *beta, int K, int n, const double *at, const double *variance,
                    const double *correlation);

/* From text: numbers that rise from 0 to 1; '#' starts a comment. *beta is the caller's to
 * mem_free; returns K, or -1 with a sentence that names the line. */
int schedule_parse(double **beta, const char *text, const char *name, struct err *e);

/* One sentence unless beta [K + 1] rises from 0 to 1. */
int schedule_check(const double *beta, int K, const char *name, struct err *e);

#endif
