/*
 * topology.h - which units are coupled: partitions and a list of edges between them.
 *
 * Units are numbered 0..N-1, partition after partition. No edge joins two units of one partition,
 * so the units of a partition are independent given the rest: a colouring of the graph.
 */
#ifndef RBM_TOPOLOGY_H
#define RBM_TOPOLOGY_H

#include "base/err.h"

#include <stdint.h>

enum { TOPOLOGY_PARTITIONS = 64 };

enum topology_kind {
    TOPOLOGY_COMPLETE, /* every pair of units in different partitions */
    TOPOLOGY_NONE,     /* no edges */
    TOPOLOGY_LIST      /* a given list */
};

struct topology {
    enum topology_kind kind;
    int N, K;
    int size[TOPOLOGY_PARTITIONS];      /* units of each partition */
    int first[TOPOLOGY_PARTITIONS + 1]; /* its first unit; first[K] = N */
    int64_t M;
    int32_t (*edge)[2]; /* [M] i < j, sorted by i, then j; owned */
    int64_t *row;       /* [N + 1] edges row[i] .. row[i + 1] - 1 have i as smaller end; owned */
    int32_t *qubit;     /* [N] hardware number of each unit, or NULL: not on a chip; owned */
};

/* Sizes >= 1, 1 <= K <= TOPOLOGY_PARTITIONS, N < 2^27, M < 2^30, else a sentence. */
int topology_complete(struct topology *T, int K, const int *size, struct err *e);
int topology_none(struct topology *T, int K, const int *size, struct err *e);

/* From n edges in any order and direction; order[m] (may be NULL, [n]) tells the place of given
 * edge m in T->edge. Out of range, twice, or inside a partition: a sentence that calls the edge
 * "edge m".
 */
int topology_list(struct topology *T, int K, const int *size, int64_t n, const int32_t (*edge)[2],
                  int64_t *order, struct err *e);

/* From text: a line "i j" or "i j weight" an edge, '#' starts a comment, all lines with a weight or
 * none. Sentences begin "name:line: ". *weight (may be NULL) becomes NULL or [M] in the order of
 * T->edge, the caller's to mem_free. */
int topology_parse(struct topology *T, int K, const int *size, const char *text, const char *name,
                   float **weight, struct err *e);

void topology_copy(struct topology *to, const struct topology *from);
void topology_free(struct topology *T); /* accepts { 0 } */

/* The same partitions and edges? (Hardware numbers may differ.) */
int topology_same(const struct topology *a, const struct topology *b);

/* The partition of a unit. */
int topology_of(const struct topology *T, int unit);

/* Place of edge {i, j} in T->edge, or -1. */
int64_t topology_find(const struct topology *T, int i, int j);

#endif
