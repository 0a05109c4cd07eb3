/*
 * correlation.h - correlation matrices of many columns, spread over the ranks, and how far apart
 * two of them are.
 *
 * C_ij = sum_s z_si z_sj / (n - 1), z = (x - mean) / (std + 1e-8), std with ddof 1, as CaloQuVAE's
 * utils/correlation_plotting.py has it. The matrix lives in blocks on a grid of ranks (d = 6480:
 * 336 MB on all of them together) and grows by pieces of rows (ScaLAPACK's pdsyrk): no rank ever
 * holds more than its share of it and its pieces.
 *
 *   correlation_init;  for all rows correlation_look;  correlation_know;
 *   for all rows, again, correlation_add;  correlation_finish
 */
#ifndef SHOWER_CORRELATION_H
#define SHOWER_CORRELATION_H

#include "par/spread.h"

#include <stdint.h>

struct correlation {
    const struct par *P;  /* borrowed */
    int d, room;          /* columns; rows of a piece on one rank */
    double n;             /* rows on all ranks, after correlation_know */
    double *sum;          /* [1 + 2 d] rows, sums, sums of squares; owned */
    double *mean, *scale; /* [d] 1 / (std + 1e-8); owned */
    struct spread C;      /* [d, d], lower triangle */
    struct spread rows;   /* [size room, d] a piece */
    double *piece;        /* [room, d] this rank's; owned */
};

/* Local, the same on every rank. room: the most rows that correlation_add takes at once. */
void correlation_init(struct correlation *c, const struct par *P, int d, int room);
void correlation_free(struct correlation *c); /* accepts { 0 } */

/* First way: moments of x [n, d]. Local. */
void correlation_look(struct correlation *c, const float *x, int n);
void correlation_know(struct correlation *c); /* collective, once */

/* Second way: the same rows in any order, n <= room of them here. Collective: as many calls on
 * every rank, with n = 0 where there are no more. */
void correlation_add(struct correlation *c, const float *x, int n);

/* Divides by n - 1. Collective, once. */
void correlation_finish(struct correlation *c);

/* |C_a - C_b|_F of two of the same size on the same ranks. Collective. */
double correlation_distance(const struct correlation *a, const struct correlation *b);

#endif
