#include "cmd/showers.h"

enum { CHUNK_ROWS = 64 };

int showers_create(struct h5 *f, const struct par *P, const char *path, int64_t n, int V, int gzip,
                   struct err *e)
{
    struct h5_shape energy = { 2, { n, 1 }, H5_FLOAT }, x = { 2, { n, V }, H5_FLOAT };
    int64_t chunk = n < CHUNK_ROWS ? n : CHUNK_ROWS;

    if (h5_create(f, P, path, 0, e)) return -1;
    if (h5_define(f, "incident_energies", &energy, 0, 0, "MeV", "energy of the primary", e) ||
        h5_define(f, "showers", &x, chunk, gzip, "MeV",
                  "voxel energies, r fastest, then alpha, then layer", e)) {
        h5_close(f);
        return -1;
    }
    return 0;
}

int showers_write(struct h5 *f, struct block rows, const float *energy, const float *x,
                  struct err *e)
{
    return h5_write_rows(f, "incident_energies", H5_FLOAT, rows, energy, e) ||
                   h5_write_rows(f, "showers", H5_FLOAT, rows, x, e)
               ? -1
               : 0;
}

int64_t showers_pieces(const struct par *P, int64_t n, int piece)
{
    return (block_of(n, 0, P->size).count + piece - 1) / piece; /* rank 0 holds the most */
}

struct block showers_piece(struct block mine, int64_t i, int piece)
{
    int64_t from = i * piece, left = mine.count - from;

    if (left <= 0) return (struct block){ block_end(mine), 0 };
    return (struct block){ mine.first + from, left < piece ? left : piece };
}
