/*
 * bits.h - Bits files: latent states as bytes of 0 and 1.
 *
 *   /states            uint8 [M, N]
 *   /energies          float64 [M]    E(s) of the Boltzmann machine (optional)
 *   /incident_energies float32 [M, 1] MeV (optional)
 *   /logits            float32 [M, L] of the posterior (optional)
 *   /log_weights       float64 [M] of a state that stands for the machine's, mean weight of each
 *                      problem 1 (optional)
 *   /chain_breaks      float64 [N] share of an annealer's reads in which the unit's chain was
 *                      broken, NaN of one without a chain (optional)
 *   and a dataset for each number of the condition beside the energy (columns.h), where there are
 *
 * Each rank holds a run of rows, in rank order; what is read is shared out by block_of. Collective.
 */
#ifndef CMD_BITS_H
#define CMD_BITS_H

#include "base/block.h"
#include "base/err.h"
#include "par/par.h"
#include "vae/conditions.h"

#include <stdint.h>

struct bits {
    int64_t M;                            /* states in the file */
    int N, L;                             /* bits of a state; logits of a state (0: none) */
    struct block rows;                    /* this rank's */
    uint8_t *state;                       /* [rows.count, N]; owned */
    double *energy;                       /* [rows.count] or NULL; owned */
    double *incident;                     /* [rows.count] MeV or NULL; owned */
    float *logit;                         /* [rows.count, L] or NULL; owned */
    int weighed;                          /* write log-weights? */
    const double *log_weight;             /* [rows.count]; the caller's to set; borrowed */
    int chains;                           /* write breaks? */
    const double *breaks;                 /* [N] on rank 0; the caller's to set; borrowed */
    int others;                           /* written: numbers of the condition beside the energy */
    const struct conditions_range *range; /* [others]; borrowed */
    double *other;                        /* [rows.count, others] or NULL; owned */
};

/* Room for rows (this rank's, in rank order) of M states; which optional columns are wanted. Local.
 */
void bits_init(struct bits *b, struct block rows, int64_t M, int N, int L, int energy,
               int incident);
void bits_free(struct bits *b); /* accepts { 0 } */

int bits_write(const struct bits *b, const struct par *P, const char *path, struct err *e);

/* States, energies and incident energies where there are any; logits are not read (L = 0). Bytes
 * other than 0 and 1 are refused. On an error b is { 0 }. */
int bits_read(struct bits *b, const struct par *P, const char *path, struct err *e);

#endif
