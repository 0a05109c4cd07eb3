/*
 * rows.h - rows of binary units for training a machine alone: from a Bits file, idx files, or any
 * two-dimensional HDF5 dataset.
 *
 * Grey levels become bits as data.binarise says: `none` takes 0 and 1 alone (idx: 0 and 255 too;
 * HDF5: -1 stands for 0 too), `threshold` asks whether x > 1/2 (idx: of 255), `stochastic` draws a
 * fresh bit with probability x in every epoch, a function of (seed, row, epoch). Rows are packed
 * and held by every rank; stochastic ones as 16-bit probabilities.
 */
#ifndef CMD_ROWS_H
#define CMD_ROWS_H

#include "cmd/run.h"

struct rows {
    int64_t n;        /* rows */
    int V;            /* units of a row */
    int words;        /* 64-bit words of a packed row */
    uint64_t seed;    /* of the stochastic bits */
    uint64_t *packed; /* [n, words]; or NULL; owned */
    uint16_t *level;  /* [n, V] probability times 65535; or NULL; owned */
    double *incident; /* [n] MeV of a Bits file, or NULL; owned */
};

/* From data.kind, data.train, data.dataset, data.binarise, data.most. Collective. On an error r is
 * { 0 }. */
int rows_open(struct rows *r, const struct run *run, struct err *e);
void rows_free(struct rows *r); /* accepts { 0 } */

/* Bytes [V] of 0 and 1 of row i in this epoch. Local. */
void rows_get(const struct rows *r, int64_t i, int64_t epoch, uint8_t *state);

/* Mean of every unit over all rows, [V]. Local. */
void rows_means(const struct rows *r, double *mean);

#endif
