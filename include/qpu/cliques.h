/*
 * cliques.h - embeddings of complete and of complete bipartite machines by construction.
 *
 * Biclique: one side are n vertical runs over all rows of a rectangle, the other m horizontal runs
 * over all its columns. Clique: chain i is a vertical run from a rim of a square to row y_i and a
 * horizontal run from column x_i to another rim, coupled where they meet; x_i and y_i ascend, so
 * that of any two chains one's horizontal run crosses the other's vertical one. Of lines with dead
 * qubits those that are whole as far as they are needed are taken, the most that can be paired (the
 * longest common subsequence of both orders). The smallest region that has enough is used, the
 * nearest to the chip's middle of those. No randomness.
 */
#ifndef QPU_CLIQUES_H
#define QPU_CLIQUES_H

#include "qpu/embedding.h"
#include "qpu/strands.h"

/* n chains, each coupled to each other. When none fits: a sentence. */
int cliques_complete(struct embedding *m, const struct strands *s, int n, struct err *e);

#endif
