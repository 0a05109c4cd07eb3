#include "io/h5.h"

#include "base/mem.h"
#include "io/h5_item.h"
#include "io/h5_kept.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the file in one call: large enough for the disk, small enough for MPI's int counts. */
enum { PIECE = 32 << 20 };

/*
 * Reads are independent: on one node a collective read brings nothing, and HDF5 makes it
 * independent anyway when it has to convert (float64 files). So ranks may make different numbers of
 * calls, and agree at the end.
 */

static int get(const struct h5_item *d, const struct h5 *f, const char *name, enum h5_type type,
               struct block rows, void *out, struct err *e)
{
    int64_t file, memory;
    char cause[200];

    if (rows.count * d->cells == 0) return 0;
    h5_item_spaces(d, rows, &file, &memory);
    int failed = H5Dread((hid_t)d->set, (hid_t)h5_item_type(type), (hid_t)memory, (hid_t)file,
                         H5P_DEFAULT, out) < 0;
    if (failed) h5_item_cause(cause, sizeof cause);
    H5Sclose((hid_t)file);
    H5Sclose((hid_t)memory);
    if (!failed) return 0;
    return err_set(e, "%s: rows %lld to %lld of '%s' cannot be read: %s", f->path,
                   (long long)rows.first, (long long)block_end(rows) - 1, name, cause);
}

/* Rows of one call: whole rows of chunks, so that none is decompressed twice. */
static int64_t step_of(const struct h5_item *d)
{
    int64_t bytes = d->cells * (int64_t)h5_item_size(d->shape.type);
    int64_t step = bytes > 0 ? PIECE / bytes : 1;

    if (d->chunk_rows > 0) step = step / d->chunk_rows * d->chunk_rows;
    return step > 0 ? step : d->chunk_rows > 0 ? d->chunk_rows : 1;
}

static int get_block(const struct h5_item *d, const struct h5 *f, const char *name,
                     enum h5_type type, struct block rows, void *out, struct err *e)
{
    int64_t step = step_of(d), end = block_end(rows);
    size_t row_bytes = (size_t)d->cells * h5_item_size(type);
    char *to = out;

    for (int64_t at = rows.first; at < end;) {
        int64_t next = (at / step + 1) * step;
        struct block some = { at, (next < end ? next : end) - at };
        if (get(d, f, name, type, some, to, e)) return -1;
        to += (size_t)some.count * row_bytes;
        at = block_end(some);
    }
    return 0;
}

int h5_read_rows(const struct h5 *f, const char *name, enum h5_type type, struct block rows,
                 void *out, struct err *e)
{
    struct h5_item d;

    if (par_fault(f->P, "h5_read", e) == 0 && h5_item_open(&d, f, name, e) == 0 &&
        h5_item_check(&d, f, name, rows, e) == 0)
        get_block(&d, f, name, type, rows, out, e);
    return par_agree(f->P, e);
}

/* A row that is wanted, and where it goes. */
struct pick {
    int64_t row, to;
};

static int by_row(const void *a, const void *b)
{
    const struct pick *p = a, *q = b;

    if (p->row != q->row) return p->row < q->row ? -1 : 1;
    return (p->to > q->to) - (p->to < q->to);
}

/* In the order of the file, so that a row of chunks is decompressed once. */
static int get_picked(const struct h5_item *d, const struct h5 *f, const char *name,
                      enum h5_type type, const int64_t *row, int64_t n, char *out, struct err *e)
{
    struct pick *p = mem_take(n, sizeof *p);
    size_t bytes = (size_t)d->cells * h5_item_size(type);
    int failed = 0;

    for (int64_t i = 0; i < n && !failed; i++) {
        p[i] = (struct pick){ row[i], i };
        failed = h5_item_check(d, f, name, (struct block){ row[i], 1 }, e);
    }
    if (!failed) qsort(p, (size_t)n, sizeof *p, by_row);
    for (int64_t i = 0; i < n && !failed;) {
        int64_t run = 1; /* neighbours in the file that are neighbours in memory */
        while (i + run < n && p[i + run].row == p[i].row + run && p[i + run].to == p[i].to + run)
            run++;
        failed = get_block(d, f, name, type, (struct block){ p[i].row, run },
                           out + (size_t)p[i].to * bytes, e);
        i += run;
    }
    mem_free(p);
    return failed;
}

int h5_read_picked(const struct h5 *f, const char *name, enum h5_type type, const int64_t *row,
                   int64_t n, void *out, struct err *e)
{
    struct h5_item d;

    if (par_fault(f->P, "h5_read", e) == 0 && h5_item_open(&d, f, name, e) == 0)
        get_picked(&d, f, name, type, row, n, out, e);
    return par_agree(f->P, e);
}

/* Every number of a dataset, of no dimensions too. */
static int get_whole(const struct h5_item *d, const struct h5 *f, const char *name,
                     enum h5_type type, void *out, struct err *e)
{
    if (d->shape.dims > 0)
        return get_block(d, f, name, type, (struct block){ 0, d->shape.n[0] }, out, e);
    if (H5Dread((hid_t)d->set, (hid_t)h5_item_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0)
        return err_set(e, "%s: '%s' cannot be read", f->path, name);
    return 0;
}

int h5_read_all(const struct h5 *f, const char *name, enum h5_type type, void *out, struct err *e)
{
    struct h5_item d;
    int64_t bytes = 0;

    if (par_fault(f->P, "h5_read", e) == 0 && f->P->rank == 0 &&
        h5_item_open(&d, f, name, e) == 0 && get_whole(&d, f, name, type, out, e) == 0)
        bytes = (d.shape.dims > 0 ? d.shape.n[0] : 1) * d.cells * (int64_t)h5_item_size(type);
    if (par_agree(f->P, e)) return -1;
    par_bcast(f->P, &bytes, sizeof bytes, 0);
    par_bcast(f->P, out, bytes, 0);
    return 0;
}

int h5_has(const struct h5 *f, const char *name)
{
    int there = f->P->rank == 0 && h5_kept_exists(f->id, name);

    par_bcast(f->P, &there, sizeof there, 0);
    return there;
}

int h5_shape(const struct h5 *f, const char *name, struct h5_shape *s, struct err *e)
{
    struct h5_item d = { 0 };

    if (f->P->rank == 0) h5_item_open(&d, f, name, e);
    if (par_agree(f->P, e)) return -1;
    par_bcast(f->P, &d.shape, sizeof d.shape, 0);
    *s = d.shape;
    return 0;
}

/* The names one after another, each with its NUL, as they travel. */
static char *pack(char **names, int n, int64_t *bytes)
{
    char *all, *to;

    *bytes = 0;
    for (int i = 0; i < n; i++) *bytes += (int64_t)strlen(names[i]) + 1;
    to = all = mem_take(*bytes, 1);
    for (int i = 0; i < n; i++) {
        size_t length = strlen(names[i]) + 1;
        memcpy(to, names[i], length);
        to += length;
        mem_free(names[i]);
    }
    mem_free(names);
    return all;
}

int h5_members(const struct h5 *f, const char *group, char ***names, int *n, struct err *e)
{
    char **list = NULL, *all = NULL;
    int64_t head[2] = { 0 }; /* how many, bytes of all */

    if (f->P->rank == 0) {
        head[0] = h5_item_list(f->id, group, &list);
        if (head[0] < 0)
            h5_item_missing(f, group, "group", e);
        else
            all = pack(list, (int)head[0], &head[1]);
    }
    if (par_agree(f->P, e)) return -1;
    par_bcast(f->P, head, sizeof head, 0);
    if (f->P->rank != 0) all = mem_take(head[1], 1);
    par_bcast(f->P, all, head[1], 0);
    *n = (int)head[0];
    *names = mem_take(head[0], sizeof **names);
    const char *from = all;
    for (int i = 0; i < *n; i++) {
        (*names)[i] = mem_text(from);
        from += strlen(from) + 1;
    }
    mem_free(all);
    return 0;
}

int h5_read_exact(const struct h5 *f, const char *name, int dims, int64_t n0, int64_t n1,
                  enum h5_type type, void *x, struct err *e)
{
    struct h5_shape s;

    if (h5_shape(f, name, &s, e)) return -1;
    if (s.dims != dims)
        return err_set(e, "%s: %s has %d dimensions, expected %d", f->path, name, s.dims, dims);
    if (dims == 1 && s.n[0] != n0)
        return err_set(e, "%s: %s has %lld entries, expected %lld", f->path, name,
                       (long long)s.n[0], (long long)n0);
    if (dims == 2 && (s.n[0] != n0 || s.n[1] != n1))
        return err_set(e, "%s: %s has shape (%lld, %lld), expected (%lld, %lld)", f->path, name,
                       (long long)s.n[0], (long long)s.n[1], (long long)n0, (long long)n1);
    return h5_read_all(f, name, type, x, e);
}
