/*
 * annealprogram.h - how the problems of `caloq anneal` are programmed: the keys condition,
 * embedding, chain_*, unembed, gauges and range of the section anneal (qpu/program.h does the
 * work).
 *
 * Nothing is clipped: what is out of a device's ranges is refused, or (anneal.range: scale) all
 * problems of a set are divided by one factor, which the result tells.
 */
#ifndef CMD_ANNEALPROGRAM_H
#define CMD_ANNEALPROGRAM_H

#include "cmd/annealchip.h"
#include "cmd/annealmodel.h"
#include "qpu/params.h"
#include "qpu/program.h"

struct annealprogram {
    int used;                    /* 0: problems go out as they are */
    int G;                       /* gauges of a problem, at least 1 */
    const struct annealmodel *m; /* borrowed */
    const struct solver *solver; /* borrowed */
    int scales;                  /* anneal.range: scale */
    struct program_options o;
    struct annealchip chip;   /* with an embedding; owned, as all below */
    struct embedding chains;  /* of the problems' spins */
    struct ising whole;       /* the problem of all units, unless folded */
    struct program *x;        /* [Q] of the set at hand */
    struct params *params;    /* [Q, G] of a service, with flux biases; or NULL */
    struct program_tally sum; /* of the sets before */
    double factor;            /* the largest by which a set was divided */
};

/* flux_per_h of the device, or 0 when it is not known; local: a device of this program. Every rank
 * for itself; rank 0 writes anneal.embedding_output. p must be freed in any case. */
int annealprogram_open(struct annealprogram *p, const struct run *r, const struct annealmodel *m,
                       const struct solver *s, double flux_per_h, int local, struct err *e);
void annealprogram_free(struct annealprogram *p); /* accepts { 0 } */

/* The problems as they are now, with new gauges. base: a service's parameters, or NULL. */
int annealprogram_set(struct annealprogram *p, int64_t set, const struct params *base,
                      struct err *e);

/* Parameters of problem q in gauge k: base, or with flux biases. */
const struct params *annealprogram_params(const struct annealprogram *p, int q, int k,
                                          const struct params *base);

/* The object "program" of the result: what was programmed, and what became of the reads. Rank 0. */
void annealprogram_put(struct annealprogram *p, struct run *r);

/* [m->N] share of the reads in which a unit's chain was broken (NaN of one that is held), or NULL
 * without an embedding; the caller frees. After annealprogram_put. */
double *annealprogram_breaks(const struct annealprogram *p);

#endif
