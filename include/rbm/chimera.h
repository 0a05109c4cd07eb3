/*
 * chimera.h - the graph of D-Wave's 2000Q and earlier: cells of t vertical and t horizontal qubits.
 *
 * Qubit (i, j, u, k) of row i < m, column j < n, side u (0 couples to the rows above and below, 1
 * to the columns beside), k < t has the hardware number ((i n + j) 2 + u) t + k. Within a cell
 * every pair of different u is coupled; beyond it, equal k of neighbouring cells. Two classes: the
 * parity of i + j + u. Numbering: dwave-networkx, chimera_graph.
 */
#ifndef RBM_CHIMERA_H
#define RBM_CHIMERA_H

#include "rbm/lattice.h"

void chimera_make(struct lattice *L, int m, int n, int t);

#endif
