/*
 * spins.h - bits and bytes: packing states into tiles of 64 chains and back.
 *
 * bits [N, tiles]: unit-major words, bit c of a word is chain c of the tile (kern.h). Chains that
 * fill no whole tile are padded; `live` tells which lanes count.
 */
#ifndef RBM_SPINS_H
#define RBM_SPINS_H

#include "base/block.h"

#include <stdint.h>

/* Tiles that n chains need. */
int64_t spins_tiles(int64_t n);

/* live [tiles.count]: lanes of these tiles that are chains 0..n-1 by global number. */
void spins_live(uint64_t *live, struct block tiles, int64_t n);

/* states [n, N] bytes (nonzero = 1) -> bits [N, tiles], tiles = spins_tiles(n); padding 0. */
void spins_pack(uint64_t *bits, const uint8_t *states, int64_t n, int N);

/* The same from floats: 1 where z > 1/2. */
void spins_pack_floats(uint64_t *bits, const float *z, int64_t n, int N);

/* bits [N, tiles] -> states [n, N] of 0 and 1, n <= 64 tiles. */
void spins_unpack(uint8_t *states, const uint64_t *bits, int64_t tiles, int64_t n, int N);

/* Rows of a file, [tiles, N] words, into bits [N, tiles], and back. */
void spins_from_rows(uint64_t *bits, const uint64_t *rows, int64_t tiles, int N);
void spins_to_rows(uint64_t *rows, const uint64_t *bits, int64_t tiles, int N);

/* Condition bytes u [Q, n] -> rows [n, tiles.count]: all lanes of tile t carry u of group
 * t / tiles_each (global tile numbers). */
void spins_conditions(uint64_t *rows, const uint8_t *u, int64_t Q, int n, struct block tiles,
                      int64_t tiles_each);

/* Copy the rows of units [n], [n, tiles], into bits [N, tiles]. */
void spins_put(uint64_t *bits, const uint64_t *rows, const int32_t *unit, int n, int64_t tiles);

#endif
