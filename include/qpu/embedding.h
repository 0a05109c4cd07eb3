/*
 * embedding.h - which qubits stand for a unit: chains.
 *
 * As JSON (D-Wave's form): {"0": [12, 13], "1": [40], ...}, a unit's number and its qubits.
 */
#ifndef QPU_EMBEDDING_H
#define QPU_EMBEDDING_H

#include "qpu/ising.h"
#include "qpu/vicinity.h"

struct embedding {
    int n;          /* chains */
    int64_t *first; /* [n + 1]; owned */
    int32_t *qubit; /* [first[n]]; owned */
};

/* Room for n chains of these many qubits in all; first is the caller's to fill. */
void embedding_take(struct embedding *m, int n, int64_t qubits);
void embedding_free(struct embedding *m); /* accepts { 0 } */

/* One sentence unless the chains are those of g's spins on this chip: not empty, of working qubits,
 * each of one chain alone, connected, and a working coupler for every coupling of g. */
int embedding_check(const struct embedding *m, const struct vicinity *v, const struct ising *g,
                    struct err *e);

/* The chains of g's units from JSON; units of the text that g lacks are passed over. Sentences
 * begin with the name. */
int embedding_read(struct embedding *m, const struct ising *g, const char *text, const char *name,
                   struct err *e);

/* As JSON; the caller frees. */
char *embedding_text(const struct embedding *m, const struct ising *g);

/* The longest chain, and the mean length. */
int embedding_longest(const struct embedding *m);
double embedding_mean(const struct embedding *m);

#endif
