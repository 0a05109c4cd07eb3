/*
 * bicliques.h - embeddings of complete bipartite machines by construction: see qpu/cliques.h.
 */
#ifndef QPU_BICLIQUES_H
#define QPU_BICLIQUES_H

#include "qpu/embedding.h"
#include "qpu/strands.h"

/* Chains 0 .. n - 1 and n .. n + m - 1, those of one side coupled to all of the other. When none
 * fits: a sentence. */
int bicliques_complete(struct embedding *b, const struct strands *s, int n, int m, struct err *e);

/* The side of each spin, [g->n] of 0 and 1, so that no coupling joins two of one side; spins
 * without a coupling go to the smaller side. A sentence when there are no such sides. */
int bicliques_sides(const struct ising *g, uint8_t *side, struct err *e);

#endif
