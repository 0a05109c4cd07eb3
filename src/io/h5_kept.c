#include "io/h5_kept.h"

#include "base/mem.h"

#include <hdf5.h>
#include <string.h>

enum { CACHE_LEAST = 1 << 20, CACHE_MOST = 256 << 20 };

int h5_kept_exists(int64_t file, const char *name)
{
    char *path = mem_text(name);
    int there = 1;

    for (char *c = path; there && *c != '\0';) {
        while (*c == '/') c++;
        if (*c == '\0') break;
        while (*c != '\0' && *c != '/') c++;
        char end = *c;
        *c = '\0';
        there = H5Lexists((hid_t)file, path, H5P_DEFAULT) > 0 &&
                H5Oexists_by_name((hid_t)file, path, H5P_DEFAULT) > 0;
        *c = end;
    }
    mem_free(path);
    return there;
}

/* Bytes of the chunks that cover one row of chunks; 0: not chunked. */
static size_t row_of_chunks(hid_t set)
{
    hsize_t n[H5S_MAX_RANK], chunk[H5S_MAX_RANK];
    size_t bytes = 0;
    hid_t how = H5Dget_create_plist(set), space = H5Dget_space(set), type = H5Dget_type(set);

    if (H5Pget_layout(how) == H5D_CHUNKED) {
        int dims = H5Sget_simple_extent_dims(space, n, NULL);
        H5Pget_chunk(how, dims, chunk);
        bytes = H5Tget_size(type) * (size_t)chunk[0];
        for (int d = 1; d < dims; d++)
            bytes *= (size_t)((n[d] + chunk[d] - 1) / chunk[d] * chunk[d]);
    }
    H5Pclose(how);
    H5Sclose(space);
    H5Tclose(type);
    return bytes;
}

static hid_t open_with_cache(hid_t file, const char *name)
{
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    if (set < 0) return -1;
    size_t bytes = row_of_chunks(set);
    if (bytes <= CACHE_LEAST) return set; /* HDF5's own cache holds as much */
    H5Dclose(set);
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    /* the last number: with 1 the cache never drops a chunk that was read in part, and grows until
     * it holds the whole dataset */
    H5Pset_chunk_cache(access, 12421, bytes < CACHE_MOST ? bytes : CACHE_MOST, 0.75);
    set = H5Dopen2(file, name, access);
    H5Pclose(access);
    return set;
}

static void give_up(struct h5_kept *k, int slot)
{
    if (k->id[slot] != 0) H5Dclose((hid_t)k->id[slot]);
    mem_free(k->name[slot]);
    k->id[slot] = 0;
    k->name[slot] = NULL;
}

int64_t h5_kept_open(struct h5_kept *k, int64_t file, const char *name)
{
    for (int i = 0; i < H5_KEPT; i++)
        if (k->id[i] != 0 && strcmp(k->name[i], name) == 0) return k->id[i];
    if (!h5_kept_exists(file, name)) return -1;
    hid_t set = open_with_cache((hid_t)file, name);
    if (set < 0) return -1;
    int slot = k->next;
    k->next = (slot + 1) % H5_KEPT;
    give_up(k, slot);
    k->id[slot] = set;
    k->name[slot] = mem_text(name);
    return set;
}

void h5_kept_close(struct h5_kept *k)
{
    for (int i = 0; i < H5_KEPT; i++) give_up(k, i);
    k->next = 0;
}
