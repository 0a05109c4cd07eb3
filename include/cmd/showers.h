/*
 * showers.h - write a CaloChallenge shower file in pieces: `incident_energies` (N,1) and `showers`
 * (N,V), float32, MeV. Collective.
 */
#ifndef CMD_SHOWERS_H
#define CMD_SHOWERS_H

#include "io/h5.h"
#include "par/par.h"

#include <stdint.h>

/* Begin the file; it appears at h5_commit(). gzip 0 (off) to 9. */
int showers_create(struct h5 *f, const struct par *P, const char *path, int64_t n, int V, int gzip,
                   struct err *e);

/* Events of this rank: energy [rows.count] and x [rows.count, V], MeV; rows may be empty. */
int showers_write(struct h5 *f, struct block rows, const float *energy, const float *x,
                  struct err *e);

/* How many pieces of at most `piece` rows the largest share of n rows needs: the same on every
 * rank, so that all make as many collective calls. Local. */
int64_t showers_pieces(const struct par *P, int64_t n, int piece);

/* Piece i of a block in pieces of `piece`; empty behind its end. Local. */
struct block showers_piece(struct block mine, int64_t i, int piece);

#endif
