/*
 * h5_item.h - what reading, writing and attributes share. Inner to io/h5*.
 *
 * hid_t travels as int64_t, so that hdf5.h stays out of headers.
 */
#ifndef IO_H5_ITEM_H
#define IO_H5_ITEM_H

#include "base/err.h"
#include "io/h5.h"

#include <stddef.h>
#include <stdint.h>

/* A dataset seen by rows. */
struct h5_item {
    int64_t set;           /* hid_t, borrowed from f->kept */
    struct h5_shape shape; /* in the file */
    int64_t cells;         /* numbers in a row */
    int64_t chunk_rows;    /* 0: not chunked */
    int64_t chunk_bytes;   /* uncompressed, a whole row of chunks; 0: not chunked */
    int filtered;          /* gzip, shuffle, fletcher32, ... */
};

size_t h5_item_size(enum h5_type type);  /* bytes of one number */
int64_t h5_item_type(enum h5_type type); /* the hid_t of one in memory; borrowed */

/* The dataset `name`, of numbers, 0 to H5_DIMS dimensions. Local. */
int h5_item_open(struct h5_item *d, const struct h5 *f, const char *name, struct err *e);

/* A sentence if the rows are not all there. */
int h5_item_check(const struct h5_item *d, const struct h5 *f, const char *name, struct block rows,
                  struct err *e);

/* Spaces for rows [first, first + count): in the file and in memory; count = 0 selects nothing. The
 * caller closes both. */
void h5_item_spaces(const struct h5_item *d, struct block rows, int64_t *file, int64_t *memory);

/* "no 'x' in it; there is a, b, c": the sentence about a name that is not there. */
int h5_item_missing(const struct h5 *f, const char *name, const char *what, struct err *e);

/* Why did HDF5's last call fail? In words; into text[n]. */
void h5_item_cause(char *text, size_t n);

/* Names of the members of a group, in order; local. Returns how many, or -1. */
int h5_item_list(int64_t file, const char *group, char ***names);

/* h5_space_reserve for the file being written, before HDF5 hears of `more` bytes; on an error
 * f->failed is set. Collective; the same `more` on every rank. */
int h5_item_reserve(struct h5 *f, int64_t more, struct err *e);

#endif
