#include "base/block.h"

#include "base/err.h"

struct block block_of(int64_t n, int rank, int size)
{
    if (n < 0 || size < 1 || rank < 0 || rank >= size)
        die("block %d of %d of %lld things", rank, size, (long long)n);
    int64_t each = n / size, more = n % size;
    int64_t first = rank * each + (rank < more ? rank : more);
    return (struct block){ first, each + (rank < more) };
}

int block_owner(int64_t i, int64_t n, int size)
{
    if (i < 0 || i >= n || size < 1) die("owner of %lld among %lld", (long long)i, (long long)n);
    int64_t each = n / size, more = n % size;
    int64_t head = more * (each + 1); /* what the longer blocks hold */
    return (int)(i < head ? i / (each + 1) : more + (i - head) / each);
}
