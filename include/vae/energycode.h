/*
 * energycode.h - the incident energy as bits: partition 0, clamped (`model.energy_code`).
 *
 * One word of three whole numbers, least significant bit of each field first, E in MeV:
 *
 *                  floor(E)  root            logarithm
 *   caloq          24 bits   14, sqrt(10 E)  19, e^10 ln E    57 bits
 *   old            20        20              20               60, CaloQVAE
 *   new45          15        15              15               45, CaloQuVAE's binary_energy
 *   refactored53   19        17, 200 sqrt E  17, 10^4 ln E    53, its binary_energy_refactored
 *
 * The word is repeated as often as it fits, the rest of the partition is 0. In caloq's code no
 * field overflows for 1 MeV <= E <= 10 TeV. The others are the reference's, for its models and for
 * comparison: a number that needs more bits than its field has keeps the low ones (it aliases).
 */
#ifndef VAE_ENERGYCODE_H
#define VAE_ENERGYCODE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum energycode {
    ENERGYCODE_CALOQ,
    ENERGYCODE_OLD,
    ENERGYCODE_NEW45,
    ENERGYCODE_REFACTORED53,
    ENERGYCODES
};

/* "caloq", ...; and the code of a name, or -1. */
const char *energycode_name(enum energycode code);
int energycode_named(const char *name);

/* Bits of one word. */
int energycode_bits(enum energycode code);

/* Has a partition of n units room for one word? */
int energycode_fits(enum energycode code, int n, struct err *e);

/* Is E within 1 MeV .. 10 TeV? */
int energycode_range(double E, struct err *e);

/* The energy in MeV from which a field aliases, the least of the three fields; INFINITY when none
 * does up to 10 TeV. text [n] (may be NULL): "floor(E) from 32768 MeV, ...". */
double energycode_alias(enum energycode code, char *text, size_t n);

/* bits [n]: exactly 0.0f or 1.0f. E outside the range is a bug. */
void energycode_encode(enum energycode code, float *bits, int n, double E);

/* E from bits [n] (> 1/2 is 1), the middle of what the fields leave open (caloq: to 5e-5 relative
 * for what encode wrote); each bit by majority over the repetitions, where a tie counts as 1. -1
 * when the fields contradict each other, or when several energies have this code. */
int energycode_decode(enum energycode code, double *E, const float *bits, int n, struct err *e);

#endif
