/*
 * errand.h - the reads that training wants of an annealer: problems in a ring, one step behind
 * another, the device or service, and what the reads tell of the temperature (refit.h).
 *
 * A machine with clamped units has anneal.conditions problems in a step, each under a condition of
 * its own, which share the reads of the step out evenly. Knows no ranks.
 */
#ifndef CMD_ERRAND_H
#define CMD_ERRAND_H

#include "cmd/errandprogram.h"
#include "cmd/refit.h"
#include "qpu/campaign.h"
#include "rbm/rbm.h"

/* What those who only train have to know too. */
struct errand_book {
    struct refit_state at;
    double access; /* us, earlier starts too */
};

struct errand {
    struct run *r;       /* borrowed */
    const struct rbm *m; /* borrowed */
    int delay, C;        /* C: problems of a step */
    int64_t reads, steps;
    int64_t *of; /* [C] reads of each; owned */
    uint8_t *u;  /* [delay + 1, C, held] conditions; owned */
    struct errand_book book;
    /* of the rank that draws, or of all that do */
    struct ising *g;              /* [delay + 1, C]; owned */
    uint8_t *state, *whole;       /* [reads, spins] as drawn, [reads, N] by unit; owned */
    double *energy;               /* [reads] H; owned */
    int drawn;                    /* has it drawn anything yet? */
    struct annealdevice device;   /* of a local backend */
    struct session session;       /* anneal.backend: sapi */
    struct errandprogram program; /* with embeddings, gauges, ..; then programs is 1 */
    int programs;
    struct refit refit;
};

/* x must be freed in any case. errand_open: on ranks that draw. */
void errand_init(struct errand *x, struct run *r, const struct rbm *m, int64_t steps);
int errand_open(struct errand *x, const struct kern *k, struct err *e);
void errand_free(struct errand *x); /* accepts { 0 } */

/* May each rank draw its own share of the tiles? (An open errand.) */
int errand_shares(const struct errand *x);

/* What all steps will cost. (An open errand.) */
struct campaign_bill errand_predict(const struct errand *x);

/* Bytes [held] of condition q of a step, the first of its C. */
uint8_t *errand_condition(const struct errand *x, int64_t step, int q);

/* Ask for reads of the machine as it is, under the conditions of the step. */
int errand_ask(struct errand *x, int64_t step, struct err *e);

/* Wait for them: rows in whole (the number, or -1); of a local device that shares, `tiles` alone
 * (NULL: all). */
int64_t errand_take(struct errand *x, int64_t step, const struct block *tiles, struct err *e);

/* anneal_scale, anneal_beta, anneal_beta_error, anneal_ess (share of the reads), anneal_access_us
 * into a line of metrics. */
void errand_put(const struct errand *x, struct json *j);

#endif
