/*
 * columns.h - the condition's numbers beside the energy, as files have them: one dataset a number,
 * (N) or (N, 1), a row a shower, of the name that model.condition gives.
 *
 * `n` ranges of struct conditions_range everywhere; arrays [rows, n]. Collective unless said.
 */
#ifndef CMD_COLUMNS_H
#define CMD_COLUMNS_H

#include "base/conf.h"
#include "io/h5.h"
#include "vae/conditions.h"

/* From model.condition and model.condition_ranges into r [CONDITIONS_MOST]: their number, or -1
 * with a sentence. Local. */
int columns_asked(struct conditions_range *r, const struct conf *c, struct err *e);

/* Of events number[0 .. rows-1], counted through the files in order (NULL: 0, 1, ...), on every
 * rank; within their ranges, or a sentence. The caller frees; NULL without one when n = 0. */
double *columns_read(const struct conditions_range *r, int n, const struct par *P,
                     const char *const *paths, int n_paths, const int64_t *number, int64_t rows,
                     struct err *e);

/* Datasets of M rows into a file that is being written, this rank's rows from x [rows.count, n]. */
int columns_write(struct h5 *f, const struct conditions_range *r, int n, int64_t M,
                  struct block rows, const double *x, struct err *e);

/* The ranges in a checkpoint, group /condition; a file without it has none. */
int columns_save(struct h5 *f, const struct conditions_range *r, int n, struct err *e);
int columns_load(const struct h5 *f, struct conditions_range *r, int *n, struct err *e);

#endif
