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

/* How a dataset lies in its file. */
struct lie {
    size_t bytes; /* of the chunks that cover one row of chunks; 0: not chunked */
    int plain;    /* no filter, and chunks of whole rows: what is wanted can be read in place */
};

static struct lie look(hid_t set)
{
    hsize_t n[H5S_MAX_RANK], chunk[H5S_MAX_RANK];
    hid_t how = H5Dget_create_plist(set), space = H5Dget_space(set), type = H5Dget_type(set);
    struct lie l = { 0, H5Pget_nfilters(how) == 0 };

    if (H5Pget_layout(how) == H5D_CHUNKED) {
        int dims = H5Sget_simple_extent_dims(space, n, NULL);
        H5Pget_chunk(how, dims, chunk);
        l.bytes = H5Tget_size(type) * (size_t)chunk[0];
        for (int d = 1; d < dims; d++) {
            l.bytes *= (size_t)((n[d] + chunk[d] - 1) / chunk[d] * chunk[d]);
            l.plain &= chunk[d] == n[d];
        }
    }
    H5Pclose(how);
    H5Sclose(space);
    H5Tclose(type);
    return l;
}

static hid_t open_with_cache(hid_t file, const char *name)
{
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    if (set < 0) return -1;
    struct lie l = look(set);
    if (l.bytes == 0 || (!l.plain && l.bytes <= CACHE_LEAST)) return set; /* HDF5's own serves */
    H5Dclose(set);
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    /* none where it would only copy; the last number: with 1 the cache never drops a chunk that was
     * read in part, and grows until it holds the whole dataset */
    size_t bytes = l.plain ? 0 : l.bytes < CACHE_MOST ? l.bytes : CACHE_MOST;
    H5Pset_chunk_cache(access, 12421, bytes, 0.75);
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
