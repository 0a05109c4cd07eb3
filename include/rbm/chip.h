/*
 * chip.h - the chips of D-Wave by kind and size, and what does not work on them.
 */
#ifndef RBM_CHIP_H
#define RBM_CHIP_H

#include "base/err.h"
#include "rbm/lattice.h"

enum chip_kind { CHIP_CHIMERA, CHIP_PEGASUS, CHIP_ZEPHYR };

/* Sizes as the solvers give their shape: chimera "m", "m,n" or "m,n,t" (n = m, t = 4), pegasus "m",
 * "m,nice" or "m,full" (the fabric by default), zephyr "m" or "m,t" (t = 4). One sentence for
 * another text. On an error L is { 0 }. */
int chip_make(struct lattice *L, enum chip_kind kind, const char *size, struct err *e);

/* Mark what is dead: a line "q" for a qubit, "u v" or "u-v" for a coupler, '#' starts a comment.
 * Twice is no error, a number without a qubit or coupler is; sentences begin "name:line: ". Then
 * lattice_settle. */
int chip_dead(struct lattice *L, const char *text, const char *name, struct err *e);

#endif
