/*
 * block.h - a rank's share of things that are numbered globally.
 *
 * The first n % size ranks hold one more. Science gets a block, never a communicator.
 */
#ifndef BASE_BLOCK_H
#define BASE_BLOCK_H

#include <stdint.h>

struct block {
    int64_t first; /* global number of the first */
    int64_t count; /* how many */
};

struct block block_of(int64_t n, int rank, int size);

/* The rank that holds global number i (0 <= i < n). */
int block_owner(int64_t i, int64_t n, int size);

/* One past the last. */
static inline int64_t block_end(struct block b)
{
    return b.first + b.count;
}

#endif
