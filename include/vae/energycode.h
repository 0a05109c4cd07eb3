/*
 * energycode.h - the incident energy as bits: partition 0, clamped (`model.energy_code: caloq`).
 *
 * One word of 57 bits, least significant bit of each field first:
 *   24 bits  floor(E)               E in MeV
 *   14 bits  floor(sqrt(10 E))
 *   19 bits  floor(e^10 ln E)
 * No field overflows for 1 MeV <= E <= 10 TeV. The word is repeated floor(N / 57) times, the rest
 * of the partition is 0. (The reference's codes of 15 to 19 bits alias above 33 to 524 GeV.)
 */
#ifndef VAE_ENERGYCODE_H
#define VAE_ENERGYCODE_H

#include "base/err.h"

#include <stdint.h>

enum { ENERGYCODE_BITS = 57 };

/* Has a partition of n units room for one word? */
int energycode_fits(int n, struct err *e);

/* Is E within 1 MeV .. 10 TeV? */
int energycode_range(double E, struct err *e);

/* bits [n]: exactly 0.0f or 1.0f. E outside the range is a bug. */
void energycode_encode(float *bits, int n, double E);

/* E from bits [n] (> 1/2 is 1), to 5e-5 relative for what encode wrote; each bit by majority over
 * the repetitions, where a tie counts as 1. -1 when the fields contradict each other. */
int energycode_decode(double *E, const float *bits, int n, struct err *e);

#endif
