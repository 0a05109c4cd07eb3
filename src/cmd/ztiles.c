#include "cmd/ztiles.h"

enum { LANES = 64 };

int ztiles_of(struct ztiles *z, int64_t Q, int island, int64_t first, int64_t chains, int rank,
              int size, struct err *e)
{
    int64_t G = island, wide = G * LANES;
    int64_t from = first / wide, end = (first + chains + wide - 1) / wide;
    struct block mine = block_of((end - from) * Q, rank, size);

    *z = (struct ztiles){ .Q = Q,
                          .island = island,
                          .first = first,
                          .chains = chains,
                          .first_tile = from * G,
                          .each = (end - from) * G,
                          .number = from * Q * G,
                          .mine = { mine.first * G, mine.count * G } };
    if (end <= ZTILES_MOST / (Q * G)) return 0;
    return err_set(e,
                   "logz.chains: chains up to %lld of %lld conditions, expected at most %lld "
                   "tiles of 64 chains",
                   (long long)(first + chains), (long long)Q, (long long)ZTILES_MOST);
}

struct block ztiles_numbers(const struct ztiles *z)
{
    return (struct block){ z->number + z->mine.first, z->mine.count };
}

int64_t ztiles_condition(const struct ztiles *z, int64_t i)
{
    return i / z->island % z->Q;
}

int64_t ztiles_tile(const struct ztiles *z, int64_t i)
{
    return z->first_tile + i / (z->island * z->Q) * z->island + i % z->island;
}

uint64_t ztiles_live(const struct ztiles *z, int64_t i)
{
    uint64_t live = 0;

    for (int64_t c = 0; c < LANES; c++) {
        int64_t chain = ztiles_tile(z, i) * LANES + c - z->first;
        live |= (uint64_t)(chain >= 0 && chain < z->chains) << c;
    }
    return live;
}
