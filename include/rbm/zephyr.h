/*
 * zephyr.h - the graph of D-Wave's Advantage2.
 *
 * Qubit (u, w, k, j, z) of direction u (0 vertical, 1 horizontal), w < 2m + 1, k < t, j < 2, z < m
 * has the hardware number (((u (2m + 1) + w) t + k) 2 + j) m + z. A vertical qubit lies in column w
 * over the rows 2z + j and 2z + j + 1; a horizontal one in row w over two columns. Couplers: where
 * they cross; between consecutive z of a line; between the two shifted lines j = 0 and 1 where they
 * overlap. Four classes: (2u + w + 2z + j) mod 4. Numbering: dwave-networkx, zephyr_graph; places:
 * its zephyr_layout.
 */
#ifndef RBM_ZEPHYR_H
#define RBM_ZEPHYR_H

#include "rbm/lattice.h"

void zephyr_make(struct lattice *L, int m, int t);

#endif
