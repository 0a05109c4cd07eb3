/*
 * zrun.h - a batch of annealing chains for a list of conditions, over all ranks.
 *
 * Nothing is sent until the weights are gathered.
 */
#ifndef CMD_ZRUN_H
#define CMD_ZRUN_H

#include "cmd/zpath.h"
#include "cmd/ztiles.h"
#include "rbm/population.h"

enum { ZRUN_UP, ZRUN_DOWN, ZRUN_DIRECTIONS };

struct zrun {
    const struct zsubject *s; /* borrowed */
    const struct zplan *plan; /* borrowed */
    const struct zpath *path; /* borrowed */
    struct ztiles tiles;
    uint64_t *live;  /* [tiles.mine.count] lanes that count; owned */
    uint64_t *start; /* [N, tiles.mine.count] of the reverse chains, or clamped bits; owned */
    struct ais ais[ZRUN_DIRECTIONS];
    struct trace trace[ZRUN_DIRECTIONS];
    struct population population;
};

/* Start states of the batch `first`, `chains`, both directions set out, no step made. Collective.
 */
int zrun_init(struct zrun *z, const struct zsubject *s, const struct zplan *plan,
              const struct zpath *path, int64_t first, int64_t chains, struct err *e);
void zrun_free(struct zrun *z); /* local; accepts { 0 } */

/* Is the direction walked? Local. */
int zrun_walks(const struct zrun *z, int direction);

/* Steps that are left, of both directions; make at most `steps` of them. Local. */
int64_t zrun_left(const struct zrun *z);
void zrun_advance(struct zrun *z, int steps);

#endif
