#include "io/h5.h"

#include "base/mem.h"
#include "io/h5_item.h"
#include "io/h5_kept.h"

#include <hdf5.h>
#include <stdio.h>
#include <string.h>

/* What an attribute costs in the file at most, besides its text. */
enum { ATTRIBUTE = 4 << 10 };

/* Texts are of variable length: h5py hands those out as str, the fixed ones as bytes. */
static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);

    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static int put(hid_t object, const char *key, hid_t type, const void *x)
{
    hid_t space = H5Screate(H5S_SCALAR);

    if (H5Aexists(object, key) > 0) H5Adelete(object, key);
    hid_t a = H5Acreate2(object, key, type, space, H5P_DEFAULT, H5P_DEFAULT);
    int failed = a < 0 || H5Awrite(a, type, x) < 0;
    if (a >= 0) H5Aclose(a);
    H5Sclose(space);
    return failed ? -1 : 0;
}

static int attach(struct h5 *f, const char *where, const char *key, hid_t type, const void *x,
                  int64_t bytes, struct err *e)
{
    if (f->aside == NULL || f->id <= 0) die("'%s' is put into a file that is not written", key);
    if (h5_item_reserve(f, ATTRIBUTE + 2 * bytes, e)) return -1;
    hid_t object = h5_kept_exists(f->id, where) ? H5Oopen((hid_t)f->id, where, H5P_DEFAULT) : -1;
    if (object < 0)
        h5_item_missing(f, where, "object", e);
    else if (put(object, key, type, x))
        err_set(e, "%s: attribute '%s' of '%s' cannot be written", f->aside, key, where);
    if (object >= 0) H5Oclose(object);
    if (par_agree(f->P, e) == 0) return 0;
    f->failed = 1;
    return -1;
}

int h5_put_text(struct h5 *f, const char *where, const char *key, const char *text, struct err *e)
{
    hid_t type = text_type();
    int failed = attach(f, where, key, type, &text, (int64_t)strlen(text), e);

    H5Tclose(type);
    return failed;
}

int h5_put_int(struct h5 *f, const char *where, const char *key, int64_t x, struct err *e)
{
    return attach(f, where, key, H5T_NATIVE_INT64, &x, sizeof x, e);
}

int h5_put_real(struct h5 *f, const char *where, const char *key, double x, struct err *e)
{
    return attach(f, where, key, H5T_NATIVE_DOUBLE, &x, sizeof x, e);
}

/* A text of fixed or variable length, read through `read` (an attribute or a dataset); NULL: it is
 * none. The caller frees. */
static char *fetch_text(hid_t id, hid_t type, hid_t space,
                        herr_t (*read)(hid_t id, hid_t type, void *x))
{
    char *text = NULL;

    if (H5Tget_class(type) != H5T_STRING || H5Sget_simple_extent_npoints(space) != 1) return NULL;
    if (H5Tis_variable_str(type) > 0) {
        char *theirs = NULL;
        hid_t memory = H5Tcopy(H5T_C_S1);
        H5Tset_size(memory, H5T_VARIABLE);
        H5Tset_cset(memory, H5Tget_cset(type));
        if (read(id, memory, &theirs) >= 0) {
            text = mem_text(theirs != NULL ? theirs : "");
            H5Dvlen_reclaim(memory, space, H5P_DEFAULT, &theirs);
        }
        H5Tclose(memory);
        return text;
    }
    text = mem_take((int64_t)H5Tget_size(type) + 1, 1);
    if (read(id, type, text) >= 0) return text;
    mem_free(text);
    return NULL;
}

static herr_t read_attribute(hid_t id, hid_t type, void *x)
{
    return H5Aread(id, type, x);
}

static herr_t read_dataset(hid_t id, hid_t type, void *x)
{
    return H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, x);
}

/* The attribute, opened; -1 with a sentence. */
static hid_t open_attribute(const struct h5 *f, const char *where, const char *key, struct err *e)
{
    if (f->id <= 0) die("'%s' is asked of a file that is not open", key);
    if (!h5_kept_exists(f->id, where)) return h5_item_missing(f, where, "object", e);
    hid_t a = -1;
    if (H5Aexists_by_name((hid_t)f->id, where, key, H5P_DEFAULT) > 0)
        a = H5Aopen_by_name((hid_t)f->id, where, key, H5P_DEFAULT, H5P_DEFAULT);
    if (a < 0) err_set(e, "%s: '%s' has no attribute '%s'", f->path, where, key);
    return a;
}

static void find_text(const struct h5 *f, const char *where, const char *key, char *out, int n,
                      struct err *e)
{
    hid_t a = open_attribute(f, where, key, e);
    if (a < 0) return;
    hid_t type = H5Aget_type(a), space = H5Aget_space(a);
    char *text = fetch_text(a, type, space, read_attribute);
    if (text == NULL)
        err_set(e, "%s: attribute '%s' of '%s' is not a text", f->path, key, where);
    else if (strlen(text) >= (size_t)n)
        err_set(e, "%s: attribute '%s' of '%s' has %zu characters, at most %d were expected",
                f->path, key, where, strlen(text), n - 1);
    else
        strcpy(out, text);
    mem_free(text);
    H5Tclose(type);
    H5Sclose(space);
    H5Aclose(a);
}

int h5_get_text(const struct h5 *f, const char *where, const char *key, char *text, int n,
                struct err *e)
{
    memset(text, 0, (size_t)n);
    if (f->P->rank == 0) find_text(f, where, key, text, n, e);
    if (par_agree(f->P, e)) return -1;
    par_bcast(f->P, text, n, 0);
    return 0;
}

/* One number, on rank 0, converted to `type`. */
static void find_number(const struct h5 *f, const char *where, const char *key, hid_t type, void *x,
                        struct err *e)
{
    hid_t a = open_attribute(f, where, key, e);
    if (a < 0) return;
    hid_t theirs = H5Aget_type(a), space = H5Aget_space(a);
    H5T_class_t class = H5Tget_class(theirs);
    int number = class == H5T_INTEGER || class == H5T_FLOAT || class == H5T_ENUM;
    if (!number || H5Sget_simple_extent_npoints(space) != 1 || H5Aread(a, type, x) < 0)
        err_set(e, "%s: attribute '%s' of '%s' is not one number", f->path, key, where);
    H5Tclose(theirs);
    H5Sclose(space);
    H5Aclose(a);
}

static int get_number(const struct h5 *f, const char *where, const char *key, hid_t type, void *x,
                      int64_t bytes, struct err *e)
{
    if (f->P->rank == 0) find_number(f, where, key, type, x, e);
    if (par_agree(f->P, e)) return -1;
    par_bcast(f->P, x, bytes, 0);
    return 0;
}

int h5_get_int(const struct h5 *f, const char *where, const char *key, int64_t *x, struct err *e)
{
    return get_number(f, where, key, H5T_NATIVE_INT64, x, sizeof *x, e);
}

int h5_get_real(const struct h5 *f, const char *where, const char *key, double *x, struct err *e)
{
    return get_number(f, where, key, H5T_NATIVE_DOUBLE, x, sizeof *x, e);
}

/* A text of ours (bytes), or a string dataset of h5py. On rank 0; NULL with a sentence. */
static char *find_long_text(const struct h5 *f, const char *name, struct err *e)
{
    int64_t set = h5_kept_open(f->kept, f->id, name);
    char *text = NULL;

    if (set < 0) {
        h5_item_missing(f, name, "dataset", e);
        return NULL;
    }
    hid_t type = H5Dget_type((hid_t)set), space = H5Dget_space((hid_t)set);
    hssize_t n = H5Sget_simple_extent_npoints(space);
    if (H5Tget_class(type) == H5T_STRING) {
        text = fetch_text((hid_t)set, type, space, read_dataset);
    } else if (H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) == 1 && n >= 0) {
        text = mem_take((int64_t)n + 1, 1);
        if (n > 0 && read_dataset((hid_t)set, H5T_NATIVE_UINT8, text) < 0) {
            mem_free(text);
            text = NULL;
        }
    }
    if (text == NULL) err_set(e, "%s: '%s' is not a text that can be read", f->path, name);
    H5Tclose(type);
    H5Sclose(space);
    return text;
}

int h5_read_text(const struct h5 *f, const char *name, char **text, struct err *e)
{
    char *t = NULL;
    int64_t bytes = 0;

    if (par_fault(f->P, "h5_read", e) == 0 && f->P->rank == 0) t = find_long_text(f, name, e);
    if (par_agree(f->P, e)) {
        mem_free(t);
        return -1;
    }
    if (t != NULL) bytes = (int64_t)strlen(t) + 1;
    par_bcast(f->P, &bytes, sizeof bytes, 0);
    if (f->P->rank != 0) t = mem_take(bytes, 1);
    par_bcast(f->P, t, bytes, 0);
    *text = t;
    return 0;
}
