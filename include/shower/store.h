/*
 * store.h - rows of voxels in memory, as they are or as their hits alone.
 *
 * Sparse rows hold the number (4 bytes) and the value (4 bytes) of each voxel that is not 0: half
 * the memory of dense ones where a quarter of the voxels is hit, and the same floats come back.
 */
#ifndef SHOWER_STORE_H
#define SHOWER_STORE_H

#include <stdint.h>

enum store_kind { STORE_DENSE, STORE_SPARSE };

struct store {
    enum store_kind kind;
    int V;
    int fixed;        /* in memory of someone else, which does not grow */
    int64_t n, room;  /* rows there are; that fit (dense: room for values) */
    int64_t *first;   /* [n + 1] sparse: where a row's hits begin; owned unless fixed */
    int32_t *voxel;   /* [hits] sparse; the same */
    float *value;     /* [n, V] dense, [hits] sparse; the same */
    int64_t hit_room; /* hits that fit */
};

void store_init(struct store *s, enum store_kind kind, int V);
void store_free(struct store *s);  /* accepts { 0 } */
void store_empty(struct store *s); /* no rows, as much room */

/* Bytes that n rows with so many hits take in one piece, a multiple of 64; and a store of n = 0
 * rows in such a piece, which is borrowed. More rows than fit there are a bug. */
int64_t store_size(enum store_kind kind, int V, int64_t n, int64_t hits);
void store_place(struct store *s, enum store_kind kind, int V, int64_t n, int64_t hits,
                 void *memory);

/* One row [V] more, all rows of another store of this kind, and row i [V]. Local. */
void store_add(struct store *s, const float *row);
void store_append(struct store *s, const struct store *from);
void store_row(const struct store *s, int64_t i, float *row);

int64_t store_hits(const struct store *s); /* sparse: voxels in all rows; dense: 0 */

/* Memory that the rows take. */
int64_t store_bytes(const struct store *s);

#endif
