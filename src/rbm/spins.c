#include "rbm/spins.h"

#include <string.h>

enum { TILE = 64 };

int64_t spins_tiles(int64_t n)
{
    return (n + TILE - 1) / TILE;
}

/* The first n lanes of a word; none for n < 1, all from 64 on. */
static uint64_t lanes(int64_t n)
{
    if (n <= 0) return 0;
    return n >= TILE ? ~(uint64_t)0 : ((uint64_t)1 << n) - 1;
}

void spins_live(uint64_t *live, struct block tiles, int64_t n)
{
    for (int64_t t = 0; t < tiles.count; t++) live[t] = lanes(n - (tiles.first + t) * TILE);
}

void spins_pack(uint64_t *bits, const uint8_t *states, int64_t n, int N)
{
    int64_t tiles = spins_tiles(n);

    memset(bits, 0, (size_t)(N * tiles) * sizeof bits[0]);
    for (int64_t c = 0; c < n; c++)
        for (int i = 0; i < N; i++)
            bits[i * tiles + c / TILE] |= (uint64_t)(states[c * N + i] != 0) << c % TILE;
}

void spins_pack_floats(uint64_t *bits, const float *z, int64_t n, int N)
{
    int64_t tiles = spins_tiles(n);

    memset(bits, 0, (size_t)(N * tiles) * sizeof bits[0]);
    for (int64_t c = 0; c < n; c++)
        for (int i = 0; i < N; i++)
            bits[i * tiles + c / TILE] |= (uint64_t)(z[c * N + i] > 0.5f) << c % TILE;
}

void spins_unpack(uint8_t *states, const uint64_t *bits, int64_t tiles, int64_t n, int N)
{
    for (int64_t c = 0; c < n; c++)
        for (int i = 0; i < N; i++)
            states[c * N + i] = (uint8_t)(bits[i * tiles + c / TILE] >> c % TILE & 1);
}

void spins_from_rows(uint64_t *bits, const uint64_t *rows, int64_t tiles, int N)
{
    for (int64_t t = 0; t < tiles; t++)
        for (int i = 0; i < N; i++) bits[i * tiles + t] = rows[t * N + i];
}

void spins_to_rows(uint64_t *rows, const uint64_t *bits, int64_t tiles, int N)
{
    for (int64_t t = 0; t < tiles; t++)
        for (int i = 0; i < N; i++) rows[t * N + i] = bits[i * tiles + t];
}

void spins_conditions(uint64_t *rows, const uint8_t *u, int64_t Q, int n, struct block tiles,
                      int64_t tiles_each)
{
    for (int i = 0; i < n; i++)
        for (int64_t t = 0; t < tiles.count; t++) {
            int64_t q = (tiles.first + t) / tiles_each;
            rows[i * tiles.count + t] = q < Q && u[q * n + i] ? ~(uint64_t)0 : 0;
        }
}

void spins_put(uint64_t *bits, const uint64_t *rows, const int32_t *unit, int n, int64_t tiles)
{
    for (int j = 0; j < n; j++)
        memcpy(bits + unit[j] * tiles, rows + j * tiles, (size_t)tiles * sizeof bits[0]);
}
