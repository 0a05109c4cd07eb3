/*
 * lattice.h - the graph of an annealer's chip: qubits by hardware number, couplers, classes.
 *
 * A class is a colour of a proper colouring: no coupler joins two qubits of one class, so a class
 * may be drawn at once.
 */
#ifndef RBM_LATTICE_H
#define RBM_LATTICE_H

#include <stdint.h>

struct lattice {
    int Q;               /* hardware numbers are 0 .. Q - 1 */
    int classes;         /* of the colouring */
    int *class;          /* [Q] 0 .. classes - 1, or one of the two below; owned */
    double (*at)[2];     /* [Q] column and row of the middle of the qubit; owned */
    double centre[2];    /* of the ideal chip, in the same units */
    int64_t M, room;     /* couplers, and the room for them */
    int32_t (*joint)[2]; /* [M] couplers u < v; after lattice_settle sorted by u, then v; owned */
    uint8_t *cut;        /* [room] is a coupler dead? owned */
};

enum { LATTICE_NONE = -1, LATTICE_DEAD = -2 }; /* no such qubit, or one that does not work */

/* Q numbers without a qubit, no couplers. */
void lattice_init(struct lattice *L, int Q, int classes);
void lattice_free(struct lattice *L); /* accepts { 0 } */

/* Qubit q, of class c, sits at column x and row y. */
void lattice_qubit(struct lattice *L, int q, int c, double x, double y);

/* A coupler of u and v, in either order. */
void lattice_join(struct lattice *L, int u, int v);

/* Drop couplers that are cut or lack a working qubit, sort the rest, and find the centre when the
 * lattice is new. A coupler inside a class, or given twice, is a bug of a generator: die(). */
void lattice_settle(struct lattice *L);

/* Place of coupler {u, v} in joint, or -1. */
int64_t lattice_find(const struct lattice *L, int u, int v);

/* Working qubits of class c, or of all classes for c = -1. */
int lattice_count(const struct lattice *L, int c);

#endif
