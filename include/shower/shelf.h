/*
 * shelf.h - the rows that ranks read, one copy on each node.
 *
 * Each rank adds its own rows; then all ranks of its node read them from one window (par/window):
 * a node holds the rows of its ranks once, and no others. Where a rank is alone, or /dev/shm has no
 * room for a window, its rows are in memory of its own and nobody else reaches them. Dense rows go
 * to their place as they are added; sparse ones, whose size is known at the end alone, move there
 * by parts, so that they never take twice their memory.
 */
#ifndef SHOWER_SHELF_H
#define SHOWER_SHELF_H

#include "par/window.h"
#include "shower/store.h"

struct shelf {
    enum store_kind kind;
    int V, rank;
    int64_t room, n;      /* rows this rank may add, and has added */
    struct window window; /* dense: from the beginning; sparse: after shelf_close */
    struct store one;     /* the rows being added: all (dense) or those of a part (sparse) */
    int parts;            /* sparse: this rank's, of SHELF_PART rows, the last one fewer */
    void **memory;        /* [parts] (dense: 1) rows outside the window; owned, with the blocks */
    struct store *part;   /* [parts] (dense: 1) in them; owned */
    struct store **of;    /* [node.size][parts] the parts of each rank, to read; owned */
};

enum { SHELF_PART = 1024 };

/* For up to `room` rows of this rank. Collective over P. */
void shelf_open(struct shelf *s, const struct par *P, enum store_kind kind, int V, int64_t room);
void shelf_free(struct shelf *s); /* collective; accepts { 0 } and a second call */

void shelf_add(struct shelf *s, const float *row); /* [V]; local */

/* All rows are there. Collective, once. */
void shelf_close(struct shelf *s, const struct par *P);

/* Can the rows of rank r be read here? And its row i, to row [V]. Local. */
int shelf_reaches(const struct shelf *s, int r);
void shelf_row(const struct shelf *s, int r, int64_t i, float *row);

/* Memory that this rank's rows take. */
int64_t shelf_bytes(const struct shelf *s);

#endif
