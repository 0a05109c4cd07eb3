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
    int64_t n, room;  /* rows there are; that fit (dense: room for values) */
    int64_t *first;   /* [n + 1] sparse: where a row's hits begin; owned */
    int32_t *voxel;   /* [hits] sparse; owned */
    float *value;     /* [n, V] dense, [hits] sparse; owned */
    int64_t hit_room; /* hits that fit */
};

void store_init(struct store *s, enum store_kind kind, int V);
void store_free(struct store *s); /* accepts { 0 } */

/* One row [V] more, and row i [V]. Local. */
void store_add(struct store *s, const float *row);
void store_row(const struct store *s, int64_t i, float *row);

/* Memory that the rows take. */
int64_t store_bytes(const struct store *s);

#endif
