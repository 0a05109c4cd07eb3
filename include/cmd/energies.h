/*
 * energies.h - the incident energies that one asks for: numbers, a shower file, or draws.
 */
#ifndef CMD_ENERGIES_H
#define CMD_ENERGIES_H

#include "cmd/run.h"

#include <stdint.h>

/* From generate.energies: numbers taken in turn, the energies of a shower file, or log-uniform
 * draws (RNG_ENERGY, by global number). *n: generate.showers, or all of the file when that key was
 * left alone. MeV, on every rank; the caller frees. NULL and a sentence. Collective. */
double *energies_wanted(const struct run *r, int64_t *n, struct err *e);

/* The shower file that generate.energies names, or NULL: numbers, draws. Local. */
const char *energies_file(const struct conf *c);

#endif
