/*
 * errandprogram.h - training on an annealer with conditions, embeddings, gauges and ranges
 * (cmd/annealprogram.h).
 *
 * Whoever draws programs, draws and decodes all reads. Training wants as many states as reads: one
 * that is dropped (a held unit with the wrong bit, a broken chain) is replaced by another one of
 * its problem, from the first on. Knows no ranks.
 */
#ifndef CMD_ERRANDPROGRAM_H
#define CMD_ERRANDPROGRAM_H

#include "cmd/annealdevice.h"
#include "cmd/annealprogram.h"
#include "cmd/session.h"

struct errandprogram {
    int slots;                 /* steps under way at a time */
    struct annealmodel *model; /* [slots] their problems, which are borrowed; owned */
    struct annealprogram *x;   /* [slots]; owned */
};

/* Do the keys ask for more than problems as they are? */
int errandprogram_wanted(const struct conf *c);

/* Problems of the service for each of ours. */
int errandprogram_gauges(const struct conf *c);

/* The C problems of each slot, g [slots, C], of m under conditions u [slots, C, held], whose
 * numbers come later. p must be freed in any case. */
int errandprogram_open(struct errandprogram *p, const struct run *r, const struct rbm *m,
                       struct ising *g, uint8_t *u, int slots, int C, const struct solver *s,
                       double flux_per_h, int local, struct err *e);
void errandprogram_free(struct errandprogram *p); /* accepts { 0 } */

/* Qubits of a problem, but for fragments. */
int errandprogram_qubits(const struct errandprogram *p);

/* Ask a service for of [C] reads of the problems of a slot, as they are now, at a step. */
int errandprogram_ask(struct errandprogram *p, int slot, int64_t step, const int64_t *of,
                      struct session *x, struct err *e);

/* Wait for them: states [sum of of, n] and H of the problems as they were asked for. */
int errandprogram_take(struct errandprogram *p, int slot, int64_t step, const int64_t *of,
                       struct session *x, uint8_t *states, double *energy, struct err *e);

/* The same from a local device. before: steps that a run made before it was stopped, whose calls
 * pass first. *us: added to. */
int errandprogram_draw(struct errandprogram *p, int slot, int64_t step, int64_t before,
                       const int64_t *of, struct annealdevice *d, uint8_t *states, double *energy,
                       double *us, struct err *e);

#endif
