/*
 * draw.h - latent states from the prior of a model, for given incident energies.
 *
 * One chain a state, sharded by tiles of 64: the same bits for any number of ranks. Local.
 */
#ifndef CMD_DRAW_H
#define CMD_DRAW_H

#include "cmd/bits.h"
#include "cmd/model.h"
#include "rbm/temper.h"

enum draw_prior { DRAW_RBM, DRAW_UNCOUPLED, DRAW_COINS }; /* choices of generate.prior */

/* energy [n], MeV, on every rank; b is initialised here: this rank's rows, with energies E(s) of
 * the machine and incident energies. how: sweeps from fair coins, and ladders (temper.h). The
 * uncoupled machine keeps its biases. */
void draw_states(struct bits *b, const struct par *P, const struct model *m, const struct kern *k,
                 enum draw_prior prior, const struct temper_options *how, uint64_t seed,
                 const double *energy, int64_t n);

#endif
