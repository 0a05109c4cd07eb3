#include "io/h5.h"

#include "base/mem.h"
#include "io/h5_item.h"

#include <hdf5.h>
#include <string.h>

/* PIECE: bytes of one collective call on one rank. CHUNK_MOST: of a chunk. OBJECT, PER_CHUNK: what
 * a dataset or group, and the index entry of a chunk, cost in the file at most. FILL: HDF5 writes
 * compressed chunks of zeros at the definition, which shrink by more than this factor. */
enum {
    FILL = 100,
    PIECE = 32 << 20,
    CHUNK_MOST = 64 << 20,
    CHUNK_GZIP = 1 << 20,
    OBJECT = 4 << 10,
    PER_CHUNK = 256
};

static int64_t count_of(const struct h5_shape *s)
{
    int64_t n = 1;

    for (int i = 0; i < s->dims; i++) n *= s->n[i];
    return n;
}

static void expect_writing(const struct h5 *f, const char *name)
{
    if (f->aside == NULL || f->id <= 0)
        die("'%s' is put into a file that is not being written", name);
}

static void expect_shape(const struct h5_shape *s, const char *name)
{
    int good = s->dims >= 1 && s->dims <= H5_DIMS;

    for (int i = 0; good && i < s->dims; i++) good = s->n[i] >= 0;
    if (!good) die("'%s' is defined with a shape of %d dimensions", name, s->dims);
}

/* Rows of a chunk, 0: contiguous. Gzip needs chunks; a chunk is no longer than the dataset. */
static int64_t chunk_rows_of(const struct h5_shape *s, int64_t asked, int gzip)
{
    int64_t n = count_of(s);

    if (n == 0 || (asked <= 0 && gzip <= 0)) return 0;
    int64_t row = n / s->n[0] * (int64_t)h5_item_size(s->type);
    int64_t rows = asked > 0 ? asked : CHUNK_GZIP / row;
    int64_t most = CHUNK_MOST / row;
    if (rows > most) rows = most;
    if (rows > s->n[0]) rows = s->n[0];
    return rows > 0 ? rows : 1;
}

static int64_t room_for(const char *name, const struct h5_shape *s, int64_t chunk_rows, int gzip)
{
    int64_t bytes = count_of(s) * (int64_t)h5_item_size(s->type);
    int64_t objects = 1;

    if (chunk_rows > 0) {
        int64_t chunks = (s->n[0] + chunk_rows - 1) / chunk_rows;
        bytes = chunks * chunk_rows * (bytes / s->n[0]); /* the last one is stored whole */
        if (gzip > 0) bytes = bytes / FILL;              /* and the data when they come */
        bytes += chunks * PER_CHUNK;
    }
    for (; *name != '\0'; name++) objects += *name == '/'; /* groups on the way */
    return bytes + objects * OBJECT;
}

/* Space in the file at once, never filled: what we define we write. */
static hid_t creation_list(const struct h5_shape *s, int64_t chunk_rows, int gzip)
{
    hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk[H5_DIMS];

    H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(how, H5D_FILL_TIME_NEVER);
    H5Pset_obj_track_times(how, 0); /* the same data are the same bytes */
    if (chunk_rows > 0) {
        for (int i = 0; i < s->dims; i++) chunk[i] = (hsize_t)s->n[i];
        chunk[0] = (hsize_t)chunk_rows;
        H5Pset_chunk(how, s->dims, chunk);
        if (gzip > 0) H5Pset_shuffle(how);
        if (gzip > 0) H5Pset_deflate(how, (unsigned)gzip);
    }
    return how;
}

static int make(struct h5 *f, const char *name, const struct h5_shape *s, int64_t chunk_rows,
                int gzip, struct err *e)
{
    hsize_t n[H5_DIMS];

    for (int i = 0; i < s->dims; i++) n[i] = (hsize_t)s->n[i];
    hid_t space = H5Screate_simple(s->dims, n, NULL), how = creation_list(s, chunk_rows, gzip);
    hid_t parents = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(parents, 1);
    hid_t set = H5Dcreate2((hid_t)f->id, name, (hid_t)h5_item_type(s->type), space, parents, how,
                           H5P_DEFAULT);
    if (set < 0)
        err_set(e, "%s: dataset '%s' cannot be created (is there one of this name?)", f->aside,
                name);
    else
        H5Dclose(set);
    H5Pclose(parents);
    H5Pclose(how);
    H5Sclose(space);
    return set < 0 ? -1 : 0;
}

int h5_define(struct h5 *f, const char *name, const struct h5_shape *s, int64_t chunk_rows,
              int gzip, const char *units, const char *description, struct err *e)
{
    expect_writing(f, name);
    expect_shape(s, name);
    int64_t rows = chunk_rows_of(s, chunk_rows, gzip);
    if (h5_item_reserve(f, room_for(name, s, rows, gzip), e)) return -1;
    make(f, name, s, rows, gzip, e);
    if (par_agree(f->P, e)) {
        f->failed = 1;
        return -1;
    }
    return h5_put_text(f, name, "units", units, e) ||
                   h5_put_text(f, name, "description", description, e)
               ? -1
               : 0;
}

/* A rank's part of one collective write. */
struct piece {
    struct block rows;
    const void *x; /* in the type of the file; may be NULL when rows are none */
};

/* n numbers in the type of the file; those of another type go through `buffer`, because a write
 * that converts is no collective write any more (and then gzip fails). */
static const void *converted(void *buffer, enum h5_type to, const char *x, enum h5_type type,
                             int64_t n)
{
    if (type == to || n == 0) return x;
    memcpy(buffer, x, (size_t)n * h5_item_size(type));
    if (H5Tconvert((hid_t)h5_item_type(type), (hid_t)h5_item_type(to), (size_t)n, buffer, NULL,
                   H5P_DEFAULT) < 0)
        die("HDF5 does not convert h5_type %d to %d", (int)type, (int)to);
    return buffer;
}

static int put(const struct h5_item *d, const struct piece *p)
{
    int64_t file, memory;
    hid_t together = H5Pcreate(H5P_DATASET_XFER);
    const char nothing = 0;

    H5Pset_dxpl_mpio(together, H5FD_MPIO_COLLECTIVE);
    h5_item_spaces(d, p->rows, &file, &memory);
    int failed = H5Dwrite((hid_t)d->set, (hid_t)h5_item_type(d->shape.type), (hid_t)memory,
                          (hid_t)file, together, p->x != NULL ? p->x : &nothing) < 0;
    H5Sclose((hid_t)file);
    H5Sclose((hid_t)memory);
    H5Pclose(together);
    return failed ? -1 : 0;
}

/* A compressed chunk may move when it is written: room for every chunk that this call touches. */
static int room_to_move(struct h5 *f, const struct h5_item *d, int64_t rows, struct err *e)
{
    if (!d->filtered) return 0;
    int64_t chunks = rows > 0 ? (rows + d->chunk_rows - 1) / d->chunk_rows + 1 : 0;
    return h5_item_reserve(f, par_sum_one(f->P, chunks) * (d->chunk_bytes + PER_CHUNK), e);
}

/* Rows of one call: whole rows of chunks, so that ranks and calls meet in few chunks. */
static int64_t step_of(const struct h5_item *d)
{
    int64_t step = PIECE / (d->cells * (int64_t)h5_item_size(d->shape.type) + 1);

    if (d->chunk_rows > 0) step = step / d->chunk_rows * d->chunk_rows;
    return step > 0 ? step : d->chunk_rows > 0 ? d->chunk_rows : 1;
}

/* The most calls that a rank needs: all make as many. */
static int64_t calls_of(const struct par *P, struct block rows, int64_t step)
{
    double n = 0.0;

    if (rows.count > 0) n = (double)((block_end(rows) - 1) / step - rows.first / step + 1);
    par_max(P, &n, 1);
    return (int64_t)n;
}

/* Collective calls, as many on every rank whatever it holds; after each all know how it went. */
static void put_block(struct h5 *f, const struct h5_item *d, const char *name, enum h5_type type,
                      struct block rows, const char *x, struct err *e)
{
    enum h5_type to = d->shape.type;
    size_t size = h5_item_size(type), wide = h5_item_size(to);
    int64_t step = step_of(d), calls = calls_of(f->P, rows, step), at = rows.first;
    int64_t most = step < rows.count ? step : rows.count, end = block_end(rows);
    void *buffer = type == to ? NULL : mem_take(most * d->cells, size > wide ? size : wide);

    for (int64_t i = 0; i < calls; i++) {
        int64_t next = (at / step + 1) * step;
        struct piece p = { { at, (next < end ? next : end) - at }, NULL };
        if (room_to_move(f, d, p.rows.count, e)) break;
        p.x = converted(buffer, to, x, type, p.rows.count * d->cells);
        if (put(d, &p)) err_set(e, "%s: '%s' cannot be written", f->aside, name);
        if (par_agree(f->P, e)) break;
        at += p.rows.count;
        if (p.rows.count > 0) x += (size_t)(p.rows.count * d->cells) * size;
    }
    mem_free(buffer);
}

int h5_write_rows(struct h5 *f, const char *name, enum h5_type type, struct block rows,
                  const void *x, struct err *e)
{
    struct h5_item d = { 0 };

    expect_writing(f, name);
    if (par_fault(f->P, "h5_write", e) == 0 && h5_item_open(&d, f, name, e) == 0)
        h5_item_check(&d, f, name, rows, e);
    if (par_agree(f->P, e) == 0) put_block(f, &d, name, type, rows, x, e);
    if (!err_is(e)) return 0;
    f->failed = 1;
    return -1;
}

int h5_write_all(struct h5 *f, const char *name, const struct h5_shape *s, const void *x,
                 const char *units, const char *description, struct err *e)
{
    struct block rows = { 0, f->P->rank == 0 ? s->n[0] : 0 };

    if (h5_define(f, name, s, 0, 0, units, description, e)) return -1;
    return h5_write_rows(f, name, s->type, rows, x, e);
}

int h5_write_text(struct h5 *f, const char *name, const char *text, const char *description,
                  struct err *e)
{
    struct h5_shape s = { 1, { (int64_t)strlen(text) }, H5_UINT8 };

    return h5_write_all(f, name, &s, text, "UTF-8", description, e);
}
