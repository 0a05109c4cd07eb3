/*
 * spread.h - a matrix spread over a grid of ranks in square blocks, as ScaLAPACK wants it.
 *
 * Block (I, J) of nb x nb numbers lives at row I mod rows, column J mod columns of the grid.
 * Elsewhere in caloq a matrix is spread by rows: rank r holds rows block_of(m, r, size), row-major.
 * spread_from_rows and spread_to_rows go between the two; no rank ever holds more than its own
 * shares. Ranks outside the grid hold nothing but still call everything marked collective.
 */
#ifndef PAR_SPREAD_H
#define PAR_SPREAD_H

#include "par/par.h"

#include <stdint.h>

/* The first rows * columns ranks of P, rank by rank along the rows of the grid. Owns nothing. */
struct grid {
    const struct par *P; /* borrowed */
    int rows, columns;
    int row, column; /* this rank's place, both -1 outside */
};

/* Local. rows = columns = 0: the squarest grid that uses every rank. More places than ranks is a
 * bug. */
struct grid grid_of(const struct par *P, int rows, int columns);

struct spread {
    struct grid grid;
    int m, n;          /* of the whole matrix */
    int nb;            /* edge of a block */
    int rows, columns; /* of this rank's part; 0 where it has none */
    int ld;            /* >= 1: distance between its columns */
    double *x;         /* [columns, ld], column by column; owned */
};

/* All zero. Local. */
void spread_init(struct spread *A, const struct grid *g, int m, int n, int nb);
void spread_free(struct spread *A); /* accepts { 0 } and a second call; local */

/* How many of n rows (columns) fall to place p of `places`; the most is at place 0. Local. */
int spread_share(int n, int nb, int p, int places);

/* The global row (column) of local row i (column j). Local. */
int spread_row(const struct spread *A, int i);
int spread_column(const struct spread *A, int j);

/* Collective. rows [block_of(m, rank, size).count, n], row-major. */
void spread_from_rows(struct spread *A, const double *rows);
void spread_to_rows(const struct spread *A, double *rows);

/* y = A x, or A^T x when transposed. Collective; x [n] and y [m] (or [m] and [n]) whole on every
 * rank, the same to the last bit when short (see par_sum). */
void spread_times(const struct spread *A, int transposed, const double *x, double *y);

/* The sum of squares of all elements (the Frobenius norm squared). Collective. */
double spread_squares(const struct spread *A);

#endif
