/*
 * rbmsfile.h - Boltzmann machines of one hidden layer in the HDF5 layout of the public Python
 * package rbms (Decelle, Seoane and others).
 *
 *   update_N/params/{weight_matrix [V, H], vbias [V], hbias [H]}   (old files: update_N/... alone)
 *   update_N/time, model_type ("BBRBM"), parallel_chains [chains, V], hyperparameters/...
 *
 * Energy and units are ours: E = - vbias.v - hbias.h - v^T W h, 0 and 1. Collective.
 */
#ifndef CMD_RBMSFILE_H
#define CMD_RBMSFILE_H

#include "io/h5.h"
#include "rbm/rbm.h"

/* Does the file have a group update_N, and no `format` of ours? */
int rbmsfile_is(const struct h5 *f);

/* The parameters of the last update. Partition 0 is visible, 1 hidden, none clamped. m is prepared;
 * on an error it is { 0 }. */
int rbmsfile_read(const struct h5 *f, struct rbm *m, struct err *e);

/* As update 0, with one chain, which is 0. Another machine than a complete one of two partitions
 * without a condition: a sentence. */
int rbmsfile_write(struct h5 *f, const struct rbm *m, struct err *e);

#endif
