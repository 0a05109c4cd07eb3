/*
 * rbmfile.h - a Boltzmann machine as an HDF5 group: a file of its own, or /rbm of a checkpoint.
 *
 *   attributes       format = "caloq-rbm", version; energy_code where partition 0 is the incident
 *                    energy in another code than caloq's (vae/energycode.h, written by modelfile.h)
 *   partition_sizes  int32 [K]
 *   clamped          int32 [1]: the partition fixed by the condition, or -1
 *   clamped_units    int32 [n] numbers of the units fixed by the condition, rising; only where they
 *                    are not one partition (clamped is -1 then, version 2)
 *   hidden           int32 [K] 1 for partitions that no data show, else 0; only where there are any
 *   bias             float32 [N], all partitions in order
 *   weight_ab        float32 [n_a, n_b] for partitions a < b of a complete machine ("weight_1_12"
 *                    when K > 10), or
 *   edges, weight    int32 [M, 2] global unit numbers i < j, float32 [M]; or nothing: no couplings
 *   qubits           int32 [N] hardware number of each unit; only for a machine on a chip
 *
 * Energy: E(s) = - sum b_i s_i - sum_{i<j} W_ij s_i s_j, s in {0,1}, P ~ exp(-E). Collective.
 */
#ifndef CMD_RBMFILE_H
#define CMD_RBMFILE_H

#include "io/h5.h"
#include "rbm/rbm.h"

/* group: "/" or "/rbm". */
int rbmfile_write(struct h5 *f, const char *group, const struct rbm *m, struct err *e);

/* m is prepared; on an error it is { 0 }. */
int rbmfile_read(const struct h5 *f, const char *group, struct rbm *m, struct err *e);

#endif
