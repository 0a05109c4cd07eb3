/*
 * pegasus.h - the graph of D-Wave's Advantage.
 *
 * Qubit (u, w, k, z) of direction u (0 vertical, 1 horizontal), w < m, k < 12, z < m - 1 has the
 * hardware number ((u m + w) 12 + k) (m - 1) + z. A vertical qubit is a line in column 12 w + k
 * over the 12 rows from 12 z + V[k]; a horizontal one in row 12 w + k over 12 columns from
 * 12 z + H[k]. Couplers: where lines cross; between consecutive z of a line; between k and k + 1 of
 * an even k. Four classes: 2 u + ((k xor z) mod 2). Numbering: dwave-networkx, pegasus_graph.
 */
#ifndef RBM_PEGASUS_H
#define RBM_PEGASUS_H

#include "rbm/lattice.h"

enum pegasus_part {
    PEGASUS_FABRIC, /* what is on the chip: without the lines at the rim that cross nothing */
    PEGASUS_FULL,   /* all 24 m (m - 1) qubits */
    PEGASUS_NICE    /* those in whole blocks of 24: the "nice" coordinates */
};

/* m >= 2 */
void pegasus_make(struct lattice *L, int m, enum pegasus_part part);

/* Where the stretches of line k of direction u begin, in rows or columns: 12 z + this. */
int pegasus_begin(int u, int k);

#endif
