/*
 * annealmodel.h - the Ising problems that `caloq anneal` draws from.
 *
 * anneal.model is what every *.model key takes, or a text (*.txt) with a line "i j W" for each
 * coupling and "i i b" for each bias, E(x) = - sum b x - sum W x x, x in {0, 1}; its numbers are
 * qubits, and a state has them in ascending order. (A text with a line "partitions" is an edge list
 * as every *.model key takes it, edgefile.h: its numbers are units.) With anneal.energies there is
 * a problem for each energy, in which the clamped units have dropped out; without, one problem of
 * all units.
 */
#ifndef CMD_ANNEALMODEL_H
#define CMD_ANNEALMODEL_H

#include "cmd/model.h"
#include "qpu/ising.h"

struct annealmodel {
    struct model model; /* rbm.T.N = 0 for a text; owned */
    int N;              /* bits of a state */
    int Q;              /* problems */
    struct ising *g;    /* [Q]; owned */
    uint8_t *u;         /* [Q, held] bits of clamped units, or NULL; owned */
    double *incident;   /* [Q] MeV, or NULL; owned */
    int placed;         /* do the units know their qubits? */
};

/* Collective. On an error m is { 0 }. */
int annealmodel_load(struct annealmodel *m, const struct run *r, struct err *e);
void annealmodel_free(struct annealmodel *m);

/* Problem q's states [n, g->n] as whole states [n, N]. Local. */
void annealmodel_expand(const struct annealmodel *m, int q, const uint8_t *states, int64_t n,
                        uint8_t *whole);

#endif
