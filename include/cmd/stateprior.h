/*
 * stateprior.h - the machine in a file of PyTorch's names (statefile.h):
 *
 *   /prior/_weight_dict.01 f32 [n_0, n_1], /prior/_weight_mask_dict.01, /prior/_bias_dict.0 f32
 * [n_0]
 *
 * Couplings are where the masks are not 0 (no mask: everywhere). Where a file has them,
 * _weight_params.0 .. (pairs 01, 02, ...) and _bias_params.0 .. stand in for _weight_dict and
 * _bias_dict: CaloQuVAE's RBMTorchFull trains those. Collective.
 */
#ifndef CMD_STATEPRIOR_H
#define CMD_STATEPRIOR_H

#include "io/h5.h"
#include "rbm/rbm.h"

int stateprior_write(struct h5 *f, const struct rbm *m, struct err *e);

/* Nothing clamped. On an error m is { 0 }. */
int stateprior_read(const struct h5 *f, struct rbm *m, struct err *e);

#endif
