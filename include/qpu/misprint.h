/*
 * misprint.h - what a programming makes of a problem: static errors of fields and couplings.
 *
 * In this order, each where its source is switched on (qpu/datasheet.h):
 *
 *   scale           h_i (1 + N(0, h_scale)), the same for all programmings
 *   dac             h and J to the nearest level; levels are two half-steps apart (dac_h, dac_J),
 *                   their offset is a qubit's or coupler's own
 *   susceptibility  h_i += chi sum_j J_ij h_j;  J_ik += chi sum_j J_ij J_jk where i and k have a
 *                   coupler (couplings of other pairs are left out: there are ten times as many)
 *   ice             h_i + N(h_mean, h_sigma), J_ij + N(0, J_sigma), new in each programming
 *   failure         one spin without field and couplings, with some probability
 *   flux            1/f noise: of rms flux_rms, a sum of MISPRINT_OCTAVES components of equal
 * weight whose times are flux_slowest, a quarter of it, ..: a function of the time drift straight
 * between corrections; without compensation they add up instead
 */
#ifndef QPU_MISPRINT_H
#define QPU_MISPRINT_H

#include "qpu/datasheet.h"
#include "qpu/ising.h"

enum { MISPRINT_OCTAVES = 10 };

struct misprint {
    const struct datasheet *sheet; /* borrowed */
    unsigned noise;                /* datasheet_noise */
    uint64_t device, programming;  /* seeds: of what stays, of what is new */
    double time;                   /* us */
    int compensated;               /* is drift corrected every drift_period? */
};

/* h and J of `to` as asked for become those that are programmed. flux [to->n]: quanta, added to. */
void misprint_make(const struct misprint *m, struct ising *to, double *flux);

#endif
