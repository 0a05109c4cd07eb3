#include "num/kern_isa.h"

/* Set bits of a word: the instruction where the processor has one, else sums of neighbouring fields
 * (Warren, Hacker's Delight, 5-1), which gcc can vectorise. */
static inline int64_t ones(uint64_t x)
{
#ifdef __POPCNT__
    return __builtin_popcountll(x);
#else
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    x += x >> 8;
    x += x >> 16;
    x += x >> 32;
    return (int64_t)(x & 0x7f);
#endif
}

void KERN(sums)(int64_t *count, const uint64_t *bits, int64_t tiles, const uint64_t *live, int N)
{
    for (int i = 0; i < N; i++) {
        const uint64_t *row = bits + i * tiles;
        int64_t sum = 0;
        for (int64_t t = 0; t < tiles; t++) sum += ones(row[t] & live[t]);
        count[i] += sum;
    }
}

void KERN(pairs)(int64_t *count, const uint64_t *bits, int64_t tiles, const uint64_t *live,
                 const int32_t (*edge)[2], int64_t M)
{
    for (int64_t m = 0; m < M; m++) {
        const uint64_t *a = bits + edge[m][0] * tiles, *b = bits + edge[m][1] * tiles;
        int64_t sum = 0;
        for (int64_t t = 0; t < tiles; t++) sum += ones(a[t] & b[t] & live[t]);
        count[m] += sum;
    }
}
