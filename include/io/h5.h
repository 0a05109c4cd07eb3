/*
 * h5.h - HDF5 files by rows, on all ranks. The one home of HDF5.
 *
 * Every function is collective: same calls, same order, same names on every rank; each agrees on
 * its errors before it returns, so all ranks leave together with one sentence. Rows are the first
 * dimension; a rank reads and writes its own contiguous block, which may be empty.
 *
 * Writing: the file is written aside (path.tmp), its space reserved before the first byte of data
 * (a full disk must be an error, not a hang), and appears under its name at h5_commit() alone.
 */
#ifndef IO_H5_H
#define IO_H5_H

#include "base/block.h"
#include "base/err.h"
#include "par/par.h"

#include <stdint.h>

enum { H5_DIMS = 5 };

enum h5_type { H5_FLOAT, H5_DOUBLE, H5_INT32, H5_INT64, H5_UINT8, H5_UINT64 };

struct h5_shape {
    int dims;
    int64_t n[H5_DIMS]; /* n[0]: rows */
    enum h5_type type;  /* as in the file (the nearest of ours) */
};

struct h5 {
    const struct par *P;  /* borrowed */
    char *path;           /* owned: the final name */
    char *aside;          /* owned: path.tmp while writing, else NULL */
    int64_t id;           /* hid_t */
    int failed;           /* a write failed: h5_commit refuses */
    int64_t used;         /* writing: the bytes the file may come to, from above */
    int64_t reserved;     /* writing: the bytes that are sure to find room */
    struct h5_kept *kept; /* owned: datasets kept open, with their chunk caches */
};

int h5_open(struct h5 *f, const struct par *P, const char *path, struct err *e);

/* userblock: bytes in front of the HDF5 content (0, or a power of two >= 512). */
int h5_create(struct h5 *f, const struct par *P, const char *path, int userblock, struct err *e);

/* The first half of h5_commit: everything is on the disk in f->aside, and f->id is closed. (For a
 * checksum over the file.) */
int h5_finish(struct h5 *f, struct err *e);

/* Close, fsync, rename. After any failed write: a sentence, and the temporary file is removed. */
int h5_commit(struct h5 *f, struct err *e);

/* Close. What was being written is thrown away. Accepts { 0 } and a second call. */
void h5_close(struct h5 *f);

/* Does the dataset or group exist? The same answer on every rank. */
int h5_has(const struct h5 *f, const char *name);

int h5_shape(const struct h5 *f, const char *name, struct h5_shape *s, struct err *e);

/* This rank's rows [rows.first, rows.first + rows.count) of a dataset, converted to `type`; NaN and
 * range are the caller's to judge. Compressed, chunked or contiguous; float32 or float64 or
 * integer. */
int h5_read_rows(const struct h5 *f, const char *name, enum h5_type type, struct block rows,
                 void *out, struct err *e);

/* Any rows, one by one, of this rank's choosing (row numbers need not be sorted); n may differ. */
int h5_read_picked(const struct h5 *f, const char *name, enum h5_type type, const int64_t *row,
                   int64_t n, void *out, struct err *e);

/* The whole dataset on every rank (read once, broadcast). */
int h5_read_all(const struct h5 *f, const char *name, enum h5_type type, void *out, struct err *e);

/* The same of a dataset of exactly this shape, [n0] or [n0, n1]; another one: a sentence. */
int h5_read_exact(const struct h5 *f, const char *name, int dims, int64_t n0, int64_t n1,
                  enum h5_type type, void *out, struct err *e);

/* A dataset with `units` and `description` attributes; parents are made. chunk_rows = 0:
 * contiguous. gzip: 0 (off) to 9. Its space is reserved. */
int h5_define(struct h5 *f, const char *name, const struct h5_shape *s, int64_t chunk_rows,
              int gzip, const char *units, const char *description, struct err *e);

int h5_write_rows(struct h5 *f, const char *name, enum h5_type type, struct block rows,
                  const void *x, struct err *e);

/* Define and write what every rank holds alike (rank 0's copy is written). */
int h5_write_all(struct h5 *f, const char *name, const struct h5_shape *s, const void *x,
                 const char *units, const char *description, struct err *e);

/* Attributes of a dataset or group ("/" for the file). Texts are UTF-8, n < 2^16. */
int h5_put_text(struct h5 *f, const char *where, const char *key, const char *text, struct err *e);
int h5_put_int(struct h5 *f, const char *where, const char *key, int64_t x, struct err *e);
int h5_put_real(struct h5 *f, const char *where, const char *key, double x, struct err *e);
int h5_get_text(const struct h5 *f, const char *where, const char *key, char *text, int n,
                struct err *e);
int h5_get_int(const struct h5 *f, const char *where, const char *key, int64_t *x, struct err *e);
int h5_get_real(const struct h5 *f, const char *where, const char *key, double *x, struct err *e);

/* Long texts (a config) are datasets of bytes; *text is the caller's to free. */
int h5_write_text(struct h5 *f, const char *name, const char *text, const char *description,
                  struct err *e);
int h5_read_text(const struct h5 *f, const char *name, char **text, struct err *e);

/* Names of the members of a group, in order; the caller frees each and the list. */
int h5_members(const struct h5 *f, const char *group, char ***names, int *n, struct err *e);

void h5_version(char *text, int n);

#endif
