/*
 * refit.h - the temperature of an annealer while a machine is trained on its reads.
 *
 * With anneal.beta_every: K the reads of every K-th step tell beta (anneal.estimator: mpl or
 * stein), and the problems asked for from then on have scale = beta, so that the device draws as
 * the machine does. With anneal.reweigh the reads of a step are resampled by their weights exp(-E +
 * u E), u = beta / scale of their problem (systematic resampling, within each problem: Douc and
 * Cappe, ISPA 2005): counts stay whole numbers. Local: what the one rank does that has all reads.
 */
#ifndef CMD_REFIT_H
#define CMD_REFIT_H

#include "cmd/run.h"
#include "qpu/estimate.h"
#include "qpu/ising.h"

struct refit {
    int64_t every; /* 0: the scale stays */
    int stein, reweigh;
    uint64_t seed;
    int64_t reads;
    int spins, problems;
    int64_t *of;    /* [problems] reads of each, one after another; borrowed */
    float *f;       /* [reads, spins]; owned */
    uint8_t *state; /* [reads, spins] scratch; owned */
    double *w;      /* [reads] scratch; owned */
};

/* What is known of the temperature; scale is where the next problems go. */
struct refit_state {
    double scale, beta, error; /* beta NAN until it was estimated */
    double ess;                /* of the last step's weights, share of its reads; NAN */
    int64_t failed;            /* estimates that did not converge, and were not used */
};

/* A sentence for an estimator that needs draws of its own. x must be freed in any case. */
int refit_init(struct refit *x, const struct run *r, int64_t *of, int problems, int spins,
               struct err *e);
void refit_free(struct refit *x); /* accepts { 0 } */

/* Does anything have to be done with the reads? */
int refit_wanted(const struct conf *c);

/* The reads of a step: states [reads, spins] of g [problems] and H [reads]. Resamples them in
 * place. */
void refit_take(const struct refit *x, struct refit_state *s, const struct ising *g,
                uint8_t *states, const double *H, int64_t step);

#endif
