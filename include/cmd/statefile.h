/*
 * statefile.h - a model's parameters as plain HDF5, named and shaped as a PyTorch state_dict is.
 *
 *   /encoder/_networks.0.seq1.0.conv.weight f32   names by the architecture's `torch`
 * (published.h); /decoder/...                                  a tensor without one has our own:
 * /encoder/0/1/shift /prior/...                                    the machine: cmd/stateprior.h
 *
 * Kernels are [out, in, z, phi, r], those of transposed convolutions [in, out, z, phi, r]. A batch
 * norm also has num_batches_tracked, i64 [1], 0 and not read. Reading: every tensor must be there
 * in its shape, and nothing else in /encoder and /decoder. analysis/from_torch.py and to_torch.py
 * turn such files from and into .pth.
 */
#ifndef CMD_STATEFILE_H
#define CMD_STATEFILE_H

#include "cmd/model.h"
#include "io/h5.h"

/* Networks, if there are any, and machine. Collective. */
int statefile_write(struct h5 *f, const struct model *m, struct err *e);

/* The networks' parameters. Collective. */
int statefile_networks(const struct h5 *f, struct vae *v, struct err *e);

#endif
