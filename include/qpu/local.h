/*
 * local.h - a device without a service: block Gibbs sweeps of an Ising problem on this machine.
 *
 * P(s) ~ exp(-beta H(s)) after enough sweeps from fair coins. One chain a read; read r is lane
 * r % 64 of tile r / 64, a function of (seed, call, r), so that any number of ranks draws the same.
 */
#ifndef QPU_LOCAL_H
#define QPU_LOCAL_H

#include "base/block.h"
#include "qpu/ising.h"

struct local {
    double beta;
    int sweeps; /* a read */
    uint64_t seed;
    const struct kern *kern; /* borrowed */
};

/* The reads of these tiles, of `reads` in all, into states [rows, g->n] and H [rows]; call: a
 * number of its own for each problem. Returns the rows, or -1. */
int64_t local_draw(const struct local *l, const struct ising *g, int64_t call, int64_t reads,
                   struct block tiles, uint8_t *states, double *energy, struct err *e);

#endif
