/*
 * ztiles.h - which tiles a batch of chains has, and whose they are.
 *
 * Chain c of a condition is lane c % 64 of its tile t = c / 64. With Q conditions and islands of G
 * tiles the global number of a tile is ((t / G) Q + q) G + t % G: it does not depend on how many
 * chains there are, so chains can be added later, and the tiles of a batch follow each other.
 * Whole islands are shared out over ranks. Everything is local.
 */
#ifndef CMD_ZTILES_H
#define CMD_ZTILES_H

#include "base/block.h"
#include "base/err.h"

/* Tiles from here on are those of the path's pilot (cmd/zpath.h). */
static const int64_t ZTILES_MOST = (int64_t)1 << 31;

struct ztiles {
    int64_t Q, island;        /* conditions; tiles of an island */
    int64_t first, chains;    /* of each condition and direction: numbers first, first + 1, ... */
    int64_t first_tile, each; /* tiles t of each condition: whole islands */
    int64_t number;           /* global number of the batch's first tile */
    struct block mine;        /* this rank's, counted from `number` */
};

/* Too many chains: a sentence. */
int ztiles_of(struct ztiles *z, int64_t Q, int island, int64_t first, int64_t chains, int rank,
              int size, struct err *e);

/* This rank's tiles by global number. */
struct block ztiles_numbers(const struct ztiles *z);

/* Of the i-th tile of the batch (of all ranks): its condition, its t there, its lanes that count.
 */
int64_t ztiles_condition(const struct ztiles *z, int64_t i);
int64_t ztiles_tile(const struct ztiles *z, int64_t i);
uint64_t ztiles_live(const struct ztiles *z, int64_t i);

#endif
