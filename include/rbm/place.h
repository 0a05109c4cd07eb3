/*
 * place.h - which qubits of a chip become the units of a machine.
 *
 * Partition p takes qubits of class p mod the number of classes (of two partitions on a chip of
 * four classes: 0 and 2, which have the most couplers). Of each class those nearest the chip's
 * centre are chosen (CaloQuVAE's rule), then chosen and free qubits of one class change places so
 * that more couplers are kept: passes of Kernighan and Lin (Bell Syst. Tech. J. 49, 291), which go
 * through losses to gains. Partitions that share a class are dealt its qubits from the centre
 * outwards. Units of a partition are in the order of their hardware numbers. No randomness: the
 * same chip gives the same machine.
 */
#ifndef RBM_PLACE_H
#define RBM_PLACE_H

#include "base/err.h"
#include "rbm/lattice.h"
#include "rbm/topology.h"

struct place {
    int64_t before, after; /* couplers kept by the qubits nearest the centre, and after swaps */
    int swaps;
};

/* T of kind TOPOLOGY_LIST with T->qubit; *found (may be NULL) tells how well. L is settled. A class
 * with too few working qubits is a sentence; then T is { 0 }. */
int place_choose(struct topology *T, const struct lattice *L, int K, const int *size,
                 struct place *found, struct err *e);

#endif
