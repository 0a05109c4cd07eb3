/*
 * fragments.h - loose qubits that hold a condition beside an embedding.
 *
 * A unit that is held needs no chain: each of its qubits is held by itself. So it gets unused
 * qubits (fragments) such that every chain it is coupled to has a coupler to one of them, a set
 * that hits the neighbourhoods of these chains, and no two units share one. Found greedily, a qubit
 * at a time and one unit after another: the one next to the most chains that have none yet.
 */
#ifndef QPU_FRAGMENTS_H
#define QPU_FRAGMENTS_H

#include "qpu/embedding.h"

/* Chains of m's embedding are spins 0 .. m->n - 1 of g, and units that are held its other spins;
 * all of them into `all`. A held unit without a coupling gets no qubit. When they do not suffice: a
 * sentence, and all is { 0 }. */
int fragments_find(struct embedding *all, const struct embedding *m, const struct vicinity *v,
                   const struct ising *g, struct err *e);

#endif
