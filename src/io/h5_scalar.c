#include "io/h5_scalar.h"

#include "io/h5_item.h"

#include <hdf5.h>
#include <string.h>

enum { ROOM = 4096 }; /* a dataset of one number with its header and links */

/* Every rank writes the same bytes to the same place. */
static int write_scalar(struct h5 *f, const char *name, hid_t type, const void *x, struct err *e)
{
    if (h5_item_reserve(f, ROOM, e)) return -1;
    hid_t space = H5Screate(H5S_SCALAR), parents = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(parents, 1);
    hid_t set = H5Dcreate2((hid_t)f->id, name, type, space, parents, H5P_DEFAULT, H5P_DEFAULT);
    if (set < 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) < 0)
        err_set(e, "%s: '%s' cannot be written", f->path, name);
    if (set >= 0) H5Dclose(set);
    H5Pclose(parents);
    H5Sclose(space);
    if (par_agree(f->P, e) == 0) return 0;
    f->failed = 1;
    return -1;
}

int h5_scalar_number(struct h5 *f, const char *name, enum h5_type type, double x, struct err *e)
{
    int64_t whole = (int64_t)x;

    return write_scalar(f, name, (hid_t)h5_item_type(type),
                        type == H5_INT64 ? (const void *)&whole : &x, e);
}

int h5_scalar_text(struct h5 *f, const char *name, const char *text, struct err *e)
{
    hid_t type = H5Tcopy(H5T_C_S1);

    H5Tset_size(type, strlen(text) + 1);
    int bad = write_scalar(f, name, type, text, e);
    H5Tclose(type);
    return bad;
}
