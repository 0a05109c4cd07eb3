/*
 * pcg.h - the random stream of numpy's default_rng(seed), bit for bit.
 *
 * JetNet's FPD and KPD draw their bootstrap indices from it, and the published numbers can only be
 * met with the same draws. Nothing else may use it: our own random numbers have no state (rng.h).
 *
 * PCG64 XSL-RR (O'Neill, HMC-CS-2014-0905), seeded by numpy's SeedSequence; 32-bit words are the
 * low, then the high half of each 64-bit output, kept across calls.
 */
#ifndef NUM_PCG_H
#define NUM_PCG_H

#include <stdint.h>

struct pcg {
    uint64_t state[2]; /* high, low half of 128 bits */
    uint64_t step[2];  /* the odd increment, high, low */
    uint32_t half;     /* the high half of the last output ... */
    int kept;          /* ... while it is still to be given out */
};

struct pcg pcg_seed(uint64_t seed);

uint64_t pcg_draw(struct pcg *g); /* the next 64-bit output; leaves a kept half alone */
uint32_t pcg_word(struct pcg *g); /* the next 32-bit word */

/* One of 0..n-1, as Generator.integers and Generator.choice draw it for 1 <= n < 2^32: Lemire's
 * product with rejection (ACM TOMACS 29, 3, 2019). n = 1 draws nothing. */
uint32_t pcg_below(struct pcg *g, uint32_t n);

/* count draws of pcg_below(n) into index[count]. */
void pcg_fill(struct pcg *g, uint32_t n, uint32_t *index, int64_t count);

#endif
