/*
 * program.h - a problem as a device is asked for it: conditioned, embedded, in gauges; and its
 * reads back.
 *
 * What is wanted are reads of g, the problem of the free units. What is programmed are `gauges`
 * problems of more spins: the free units, natively or as chains, and unless they are folded the
 * units that are held, by fields or flux biases (on an embedding by fragments). A read in which a
 * held unit has the wrong bit is dropped: the rest are reads of P(x | u). Qubits of one unit have
 * one sign in a gauge, so that chains stay ferromagnetic.
 */
#ifndef QPU_PROGRAM_H
#define QPU_PROGRAM_H

#include "qpu/chain.h"
#include "qpu/condition.h"
#include "qpu/reversal.h"

struct program_options {
    enum condition_how condition;
    double strength, flux_per_h;       /* of the condition, in fields */
    const struct embedding *embedding; /* chains of g's spins; NULL: each on its own qubit */
    const struct vicinity *chip;       /* with an embedding */
    enum chain_rule rule;
    double chain;
    enum chain_repair repair;
    int gauges;     /* 0: one problem, no signs reversed */
    uint64_t seed;  /* of signs and coins */
    int64_t number; /* tells problems apart */
};

/* What became of the reads. */
struct program_tally {
    int64_t reads, lost;    /* all; dropped for a held unit with the wrong bit */
    int64_t clean, dropped; /* without a broken chain; dropped for one */
    int64_t *broken;        /* [g->n] reads, of those not lost, in which the chain was; owned */
};

struct program {
    const struct ising *g; /* borrowed */
    struct program_options o;
    struct ising p;        /* what is programmed, before gauges; owned */
    double *flux;          /* [p.n] flux quanta, or NULL; owned */
    int64_t *first;        /* [g->n + 1] of member; owned */
    int32_t *member;       /* spins of p of each unit; owned */
    int clamps;            /* spins of p that are held; owned */
    int32_t *clamp;        /* [clamps]; owned */
    uint8_t *want;         /* [clamps] their bits; owned */
    int G;                 /* problems: max(1, gauges) */
    struct ising *problem; /* [G] in their gauges; owned */
    int8_t *sign;          /* [G, p.n]; owned */
    double *turned;        /* [G, p.n] flux in the gauges, or NULL; owned */
    double strength;       /* of chains, or 0 */
    double factor;         /* p was divided by this to fit into the device's ranges */
    struct chain_net net;  /* for CHAIN_MINIMISE; owned */
    int32_t *open;         /* [g->n] scratch; owned */
    struct program_tally tally;
};

/* Of g, which is borrowed. Unless folded, whole is the problem of all units (whole->unit) and u
 * [held] the bits of those that g lacks, in the order of their numbers; it is not needed later. */
int program_init(struct program *x, const struct ising *g, const struct ising *whole,
                 const uint8_t *u, const struct program_options *o, struct err *e);
void program_free(struct program *x); /* accepts { 0 } */

/* Divide all fields and couplings of all gauges, to fit into ranges. */
void program_scale(struct program *x, double factor);

/* Flux biases of problem k [p.n], or NULL. */
const double *program_flux(const struct program *x, int k);

/* Reads of problem k, [rows, p.n], of which the first has the number `read` (coins), as states of
 * g, [rows, g->n] at most; chains (may be NULL): how many were broken in each. Returns the states
 * that are left, and counts in tally. */
int64_t program_decode(struct program *x, int k, const uint8_t *reads, int64_t rows, int64_t read,
                       uint8_t *states, int32_t *chains);

#endif
