/*
 * wiring.h - the couplings that the rbm.* keys ask for.
 *
 * rbm.topology: complete, none, file (rbm.chip is a text file of edges), or a chip of size rbm.chip
 * without what rbm.dead lists, of which rbm.nodes units a partition are chosen.
 */
#ifndef CMD_WIRING_H
#define CMD_WIRING_H

#include "cmd/run.h"
#include "rbm/lattice.h"
#include "rbm/place.h"
#include "rbm/topology.h"

struct wiring {
    struct topology T;
    float *weight, *bias; /* [T.M], [T.N] when the file gives them, or NULL */
    struct lattice chip;  /* Q = 0 when the topology is no chip's */
    int dead[2];          /* qubits that do not work on it, and couplers between others */
    struct place found;
};

int wiring_is_chip(const struct conf *c);

/* Both are collective. On an error w is { 0 }. */
int wiring_make(struct wiring *w, const struct run *r, struct err *e);
int wiring_chip(struct wiring *w, const struct run *r, struct err *e); /* chip and dead alone */
void wiring_free(struct wiring *w);                                    /* accepts { 0 } */

#endif
