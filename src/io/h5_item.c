#include "io/h5_item.h"

#include "base/mem.h"
#include "io/h5_kept.h"
#include "io/h5_space.h"

#include <hdf5.h>
#include <stdio.h>
#include <string.h>

size_t h5_item_size(enum h5_type type)
{
    return H5Tget_size((hid_t)h5_item_type(type));
}

int64_t h5_item_type(enum h5_type type)
{
    switch (type) {
    case H5_FLOAT:
        return H5T_NATIVE_FLOAT;
    case H5_DOUBLE:
        return H5T_NATIVE_DOUBLE;
    case H5_INT32:
        return H5T_NATIVE_INT32;
    case H5_INT64:
        return H5T_NATIVE_INT64;
    case H5_UINT8:
        return H5T_NATIVE_UINT8;
    case H5_UINT64:
        return H5T_NATIVE_UINT64;
    }
    die("there is no h5_type %d", (int)type);
}

/* The nearest of ours that loses nothing (a half is a float). -1: not a number. */
static int nearest(hid_t type)
{
    H5T_class_t class = H5Tget_class(type);
    size_t bytes = H5Tget_size(type);

    if (class == H5T_FLOAT) return bytes <= 4 ? H5_FLOAT : H5_DOUBLE;
    if (class == H5T_ENUM) return H5_UINT8; /* h5py's booleans */
    if (class != H5T_INTEGER) return -1;
    if (H5Tget_sign(type) == H5T_SGN_NONE)
        return bytes == 1 ? H5_UINT8 : bytes == 2 ? H5_INT32 : bytes == 4 ? H5_INT64 : H5_UINT64;
    return bytes <= 4 ? H5_INT32 : H5_INT64;
}

static void layout(struct h5_item *d, hid_t type)
{
    hid_t how = H5Dget_create_plist((hid_t)d->set);
    hsize_t chunk[H5S_MAX_RANK];

    d->filtered = H5Pget_nfilters(how) > 0;
    if (H5Pget_layout(how) == H5D_CHUNKED) {
        H5Pget_chunk(how, d->shape.dims, chunk);
        d->chunk_rows = (int64_t)chunk[0];
        d->chunk_bytes = (int64_t)(chunk[0] * H5Tget_size(type));
        for (int i = 1; i < d->shape.dims; i++) {
            int64_t c = (int64_t)chunk[i];
            d->chunk_bytes *= (d->shape.n[i] + c - 1) / c * c;
        }
    }
    H5Pclose(how);
}

static int look(struct h5_item *d, const struct h5 *f, const char *name, hid_t type, hid_t space,
                struct err *e)
{
    hsize_t n[H5S_MAX_RANK];
    int kind = nearest(type), dims = H5Sget_simple_extent_ndims(space);

    if (kind < 0) return err_set(e, "%s: '%s' holds no numbers", f->path, name);
    if (H5Sget_simple_extent_type(space) == H5S_NULL)
        return err_set(e, "%s: '%s' is an empty space (a null dataset)", f->path, name);
    if (dims > H5_DIMS)
        return err_set(e, "%s: '%s' has %d dimensions, at most %d were expected", f->path, name,
                       dims, H5_DIMS);
    H5Sget_simple_extent_dims(space, n, NULL);
    d->shape = (struct h5_shape){ .dims = dims, .type = (enum h5_type)kind };
    d->cells = 1;
    for (int i = 0; i < dims; i++) {
        d->shape.n[i] = (int64_t)n[i];
        if (i > 0) d->cells *= d->shape.n[i];
    }
    layout(d, type);
    return 0;
}

int h5_item_open(struct h5_item *d, const struct h5 *f, const char *name, struct err *e)
{
    *d = (struct h5_item){ 0 };
    if (f->id <= 0) die("'%s' is asked of a file that is not open", name);
    d->set = h5_kept_open(f->kept, f->id, name);
    if (d->set < 0) {
        if (h5_kept_exists(f->id, name))
            return err_set(e, "%s: '%s' is not a dataset", f->path, name);
        return h5_item_missing(f, name, "dataset", e);
    }
    hid_t type = H5Dget_type((hid_t)d->set), space = H5Dget_space((hid_t)d->set);
    int failed = look(d, f, name, type, space, e);
    H5Tclose(type);
    H5Sclose(space);
    return failed;
}

int h5_item_check(const struct h5_item *d, const struct h5 *f, const char *name, struct block rows,
                  struct err *e)
{
    if (d->shape.dims == 0)
        return err_set(e, "%s: '%s' is a single number, rows were expected", f->path, name);
    if (rows.first >= 0 && rows.count >= 0 && rows.first <= d->shape.n[0] - rows.count) return 0;
    return err_set(e, "%s: '%s' has %lld rows, %lld from row %lld on were asked for", f->path, name,
                   (long long)d->shape.n[0], (long long)rows.count, (long long)rows.first);
}

void h5_item_spaces(const struct h5_item *d, struct block rows, int64_t *file, int64_t *memory)
{
    hsize_t first[H5_DIMS] = { 0 }, count[H5_DIMS];
    hid_t space = H5Dget_space((hid_t)d->set);

    for (int i = 0; i < d->shape.dims; i++) count[i] = (hsize_t)d->shape.n[i];
    first[0] = (hsize_t)rows.first;
    count[0] = (hsize_t)rows.count;
    hsize_t none = 0;
    if (rows.count * d->cells == 0) {
        *memory = H5Screate_simple(1, &none, NULL);
        H5Sselect_none(space);
        H5Sselect_none((hid_t)*memory);
    } else { /* of the shape of the selection: HDF5 goes through other spaces number by number */
        *memory = H5Screate_simple(d->shape.dims, count, NULL);
        H5Sselect_hyperslab(space, H5S_SELECT_SET, first, NULL, count, NULL);
    }
    *file = space;
}

struct name_list {
    char **name;
    int n;
};

static herr_t add_name(hid_t group, const char *name, const H5L_info_t *info, void *list)
{
    struct name_list *l = list;

    (void)group;
    (void)info;
    l->name = mem_grow(l->name, l->n + 1, sizeof *l->name);
    l->name[l->n++] = mem_text(name);
    return 0;
}

int h5_item_list(int64_t file, const char *group, char ***names)
{
    struct name_list list = { 0 };

    *names = NULL;
    if (!h5_kept_exists(file, group)) return -1;
    hid_t id = H5Gopen2((hid_t)file, group, H5P_DEFAULT);
    if (id < 0) return -1;
    H5Literate(id, H5_INDEX_NAME, H5_ITER_INC, NULL, add_name, &list);
    H5Gclose(id);
    *names = list.name;
    return list.n;
}

/* Cut the last part of a path; "/" at the end. */
static void parent(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL || slash == path)
        strcpy(path, "/");
    else
        *slash = '\0';
}

int h5_item_missing(const struct h5 *f, const char *name, const char *what, struct err *e)
{
    char there[400] = "", **names, *group = mem_print("/%s", name);
    int n = -1;
    size_t used = 0;

    while (n < 0) {
        parent(group);
        n = h5_item_list(f->id, group, &names);
        if (n < 0 && strcmp(group, "/") == 0) break;
    }
    for (int i = 0; i < n; i++) {
        if (used < sizeof there - 80)
            used += (size_t)snprintf(there + used, sizeof there - used, "%s%.60s",
                                     i == 0 ? "" : ", ", names[i]);
        mem_free(names[i]);
    }
    if (n >= 0) mem_free(names);
    err_set(e, "%s: no %s '%s' in it; its %s%s holds %s", f->path, what, name,
            strcmp(group, "/") == 0 ? "top" : "group ", strcmp(group, "/") == 0 ? "" : group,
            n > 0 ? there : "nothing");
    mem_free(group);
    return -1;
}

/* Innermost first: fletcher32 speaks of its checksum before the pipeline speaks of failure. */
static herr_t note(unsigned depth, const H5E_error2_t *at, void *text)
{
    const char **cause = text;

    (void)depth;
    if (*cause != NULL) return 0;
    if (at->desc != NULL && strstr(at->desc, "checksum") != NULL)
        *cause = "a checksum does not match, its data are damaged";
    else if (at->maj_num == H5E_PLINE)
        *cause = "its compressed data are damaged, or need a filter that is not there";
    return 0;
}

void h5_item_cause(char *text, size_t n)
{
    const char *cause = NULL;

    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, note, &cause);
    snprintf(text, n, "%s", cause != NULL ? cause : "HDF5 failed, the file may be damaged");
}

int h5_item_reserve(struct h5 *f, int64_t more, struct err *e)
{
    if (h5_space_reserve(f->P, f->aside, &f->used, &f->reserved, more, e)) f->failed = 1;
    return f->failed ? -1 : 0;
}
