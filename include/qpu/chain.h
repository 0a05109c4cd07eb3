/*
 * chain.h - a problem of units as a problem of chains of qubits, and its reads back.
 *
 * A unit's field is shared out equally among its qubits, a coupling among all couplers that join
 * the two chains, and every coupler inside a chain gets J = -strength. With no chain broken,
 *
 *   H(qubits) = H(units) - strength (couplers inside chains).
 *
 * Rules for the strength, with x = anneal.chain_strength:
 *
 *   fixed   x
 *   max     x max |J_ij|
 *   torque  x rms(J) sqrt(mean degree): uniform torque compensation (Raymond et al., IEEE Trans.
 *           Quantum Eng. 1, 2020; dwave-system uses x = 1.414), made for least energies
 *   thermal x / scale + 1.414 rms(J) sqrt(mean degree), made for samples: on a device that draws at
 *           the right scale the first part is x temperatures, which holds a chain against noise as
 *           the second does against its neighbours
 *
 * A chain whose qubits differ is broken. Its unit becomes what most of them say (a fair coin when
 * they are even), or the read is dropped, or broken units one after another take the value that
 * lowers the energy, the one with the strongest field first.
 */
#ifndef QPU_CHAIN_H
#define QPU_CHAIN_H

#include "qpu/embedding.h"

enum chain_rule { CHAIN_FIXED, CHAIN_MAX, CHAIN_TORQUE, CHAIN_THERMAL };
enum chain_repair { CHAIN_MAJORITY, CHAIN_DISCARD, CHAIN_MINIMISE };

double chain_strength(enum chain_rule rule, double x, const struct ising *g);

/* g on the chains of m: spin k of p is m->qubit[k]. The first `tied` chains are held together, the
 * others are loose qubits. A coupling without a coupler is a sentence; then p is { 0 }. */
int chain_spread(struct ising *p, const struct ising *g, const struct embedding *m,
                 const struct vicinity *v, double strength, int tied, struct err *e);

/* Neighbours of g's spins, for CHAIN_MINIMISE. */
struct chain_net {
    int64_t *first; /* [n + 1]; owned */
    int32_t *near;  /* owned */
    double *J;      /* owned */
};

void chain_net_init(struct chain_net *c, const struct ising *g);
void chain_net_free(struct chain_net *c); /* accepts { 0 } */

/* The units `broken` [count] of a state [n] one after another as the energy wants them. */
void chain_minimise(const struct chain_net *c, const struct ising *g, uint8_t *state,
                    int32_t *broken, int count);

#endif
