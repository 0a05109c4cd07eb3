/*
 * ising.h - a Boltzmann machine as an Ising problem, and back.
 *
 *   E(x) = - sum b_i x_i - sum W_ij x_i x_j,  x = (1 + s) / 2,  s in {-1, 1}
 *   E(x) = scale (offset + H(s)),  H(s) = sum h_i s_i + sum J_ij s_i s_j
 *   J_ij = - W_ij / 4 / scale,  h_i = - (b_i / 2 + sum_j W_ij / 4) / scale
 *   offset = - (sum b_i / 2 + sum W_ij / 4) / scale
 *
 * A device of inverse temperature beta (P ~ exp(-beta H)) draws from exp(-E) when scale = beta.
 * Clamped units drop out when their bits u are given: couplings with them become fields.
 */
#ifndef QPU_ISING_H
#define QPU_ISING_H

#include "rbm/rbm.h"

#include <stdint.h>

enum { ISING_TILE = 8 };

struct ising {
    int n;          /* spins */
    int N;          /* units of the machine */
    int32_t *unit;  /* [n] the machine's unit of a spin; owned */
    int32_t *spin;  /* [N] the spin of a unit, or -1 - i for the i-th clamped one; owned */
    int32_t *qubit; /* [n] hardware number, or its unit where the machine is on no chip; owned */
    double *h;      /* [n]; owned */
    int64_t m;      /* couplings */
    int32_t (*pair)[2]; /* [m] spins i < j; owned */
    double *J;          /* [m]; owned */
    double *sign;       /* [n, ISING_TILE] of ising_energy: s of some states at a time; owned */
    double scale, offset;
};

/* Room for the problems of m; clamped: without its clamped units. */
void ising_init(struct ising *g, const struct rbm *m, int clamped);
void ising_free(struct ising *g); /* accepts { 0 } */

/* The numbers of m as it is now. u [m->held] bytes of the clamped units, where they drop out. */
void ising_set(struct ising *g, const struct rbm *m, double scale, const uint8_t *u);

/* The same energies at another scale: h, J and offset change by scale / the new one. */
void ising_rescale(struct ising *g, double scale);

/* Room for n spins, spin i unit i on qubit i, and m couplings; all numbers 0. */
void ising_take(struct ising *g, int n, int64_t m);

/* A problem of n units on these qubits, biases b [n], m couplings W of pairs i < j; no rbm needed.
 */
void ising_from(struct ising *g, int n, const int32_t *qubit, const double *b, int64_t m,
                const int32_t (*pair)[2], const double *W, double scale);

/* The machine of a problem at inverse temperature beta: W = -4 beta J, b = -2 beta h + ...; units
 * are spins, partitions a greedy colouring (place [n]: the unit of a spin; owned by the caller).
 * More than TOPOLOGY_PARTITIONS colours: a sentence. */
int ising_machine(struct rbm *m, int32_t *place, const struct ising *g, double beta, struct err *e);

/* H of n states [n, g->n] of bytes 0 (s = -1) and 1. */
void ising_energy(const struct ising *g, const uint8_t *states, int64_t n, double *energy);

#endif
