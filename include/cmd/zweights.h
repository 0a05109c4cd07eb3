/*
 * zweights.h - log-weights of all chains of an estimate, from any number of batches, ranks and
 * runs, on every rank.
 *
 * An entry is tile t of all conditions (zrun.h). Entries are kept in the order of their chains, so
 * what they say does not depend on how they came together.
 */
#ifndef CMD_ZWEIGHTS_H
#define CMD_ZWEIGHTS_H

#include "cmd/zrun.h"
#include "num/logweights.h"

struct zweights {
    int64_t Q;
    int K, traced;
    int has[ZRUN_DIRECTIONS];
    int64_t n;                      /* entries */
    int64_t *tile;                  /* [n]; owned */
    uint64_t *live;                 /* [n] lanes that count; owned */
    double *log_w[ZRUN_DIRECTIONS]; /* [n, Q, 64] or NULL; owned */
    double *point[ZRUN_DIRECTIONS]; /* [n, Q, K + 1, TRACE_FIGURES] or NULL; owned */
    double *lane[ZRUN_DIRECTIONS];  /* [n, Q, 64, TRACE_LANE] or NULL; owned */
    double *log_z0;                 /* [Q] of the base; owned */
};

void zweights_init(struct zweights *w, int64_t Q, const struct zplan *plan, int K);
void zweights_free(struct zweights *w); /* local; accepts { 0 } */

/* All steps of the batch are made: add its weights. Collective. */
void zweights_add(struct zweights *w, const struct zrun *z);

/* Chains of each condition and direction. Local. */
int64_t zweights_chains(const struct zweights *w);

/* Log-weights of condition q in the order of their chains into out [zweights_chains]. Local. */
void zweights_of(const struct zweights *w, int direction, int64_t q, double *out);

/* Stepping stones and integration of condition q. Local. */
struct trace_sums zweights_trace(const struct zweights *w, int direction, int64_t q,
                                 const double *beta);

/* What the weights of condition q say by the plan's method; where both directions are joined (BAR)
 * or other figures than the weights' means are asked for (stepping, ti), logz, error and the bounds
 * are theirs. Local. */
struct logweights_bracket zweights_bracket(const struct zweights *w, const struct zplan *plan,
                                           const struct zpath *path, int64_t q);

/* Room for more entries, all 0, at the end. Local. */
void zweights_grow(struct zweights *w, int64_t more);

/* Put the entries into the order of their chains. A chain that is there twice: a sentence. Local.
 */
int zweights_sort(struct zweights *w, struct err *e);

#endif
