/*
 * kern_lanes.h - random words for the 64 lanes of a tile, in plain C and, for AVX2 and AVX-512,
 * written out; all give the same bits. For src/num/kern_*.c alone.
 */
#ifndef NUM_KERN_LANES_H
#define NUM_KERN_LANES_H

#include "num/kern.h"

#include <string.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

/* What must be inlined for its constants and registers. */
#define INLINE static inline __attribute__((always_inline))

enum { HALF = KERN_LANES / 2, BLOCKS = KERN_LANES / 4, ROUNDS = 10 };

/* Bit c of 32. */
static const uint32_t BIT[HALF] = {
    1u << 0,  1u << 1,  1u << 2,  1u << 3,  1u << 4,  1u << 5,  1u << 6,  1u << 7,
    1u << 8,  1u << 9,  1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14, 1u << 15,
    1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21, 1u << 22, 1u << 23,
    1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28, 1u << 29, 1u << 30, 1u << 31,
};

#ifdef __AVX512BW__

enum { PACK = 16, PACKS = KERN_LANES / PACK, PAIR = 2 };

/* Philox blocks, eight to a register: a 32-bit number in 64 (what stands above it is never read).
 */
struct blocks {
    __m512i a[2 * PAIR], b[2 * PAIR], c[2 * PAIR], d[2 * PAIR];
    uint32_t k0, k1;
};

/* The sixteen blocks of a unit in each of T tiles. */
INLINE void blocks_begin(struct blocks *x, const struct kern_draw *d, int unit, int64_t tile, int T)
{
    for (int h = 0; h < 2 * T; h++) {
        uint32_t in_tile = d->counter[1] + (uint32_t)tile + (uint32_t)(h / 2);
        x->a[h] = _mm512_add_epi64(_mm512_set1_epi64(16u * (uint32_t)unit + 8u * (uint32_t)(h % 2)),
                                   _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
        x->b[h] = _mm512_set1_epi64(in_tile);
        x->c[h] = _mm512_set1_epi64(d->counter[2]);
        x->d[h] = _mm512_set1_epi64(d->counter[3]);
    }
    x->k0 = d->key[0];
    x->k1 = d->key[1];
}

INLINE void blocks_round(struct blocks *x, int T)
{
    const __m512i m0 = _mm512_set1_epi64(0xD2511F53u), m1 = _mm512_set1_epi64(0xCD9E8D57u);
    const __m512i k0 = _mm512_set1_epi64(x->k0), k1 = _mm512_set1_epi64(x->k1);

    for (int h = 0; h < 2 * T; h++) {
        __m512i p = _mm512_mul_epu32(x->a[h], m0), q = _mm512_mul_epu32(x->c[h], m1);
        x->a[h] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(q, 32), x->b[h], k0, 0x96);
        x->b[h] = q;
        x->c[h] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(p, 32), x->d[h], k1, 0x96);
        x->d[h] = p;
    }
    x->k0 += 0x9E3779B9u;
    x->k1 += 0xBB67AE85u;
}

/* The 64 words of a tile in the order of draw. */
INLINE void blocks_words(__m512i word[PACKS], const struct blocks *x, int tile)
{
    const __m512i even =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);

    word[0] = _mm512_permutex2var_epi32(x->a[2 * tile], even, x->a[2 * tile + 1]);
    word[1] = _mm512_permutex2var_epi32(x->b[2 * tile], even, x->b[2 * tile + 1]);
    word[2] = _mm512_permutex2var_epi32(x->c[2 * tile], even, x->c[2 * tile + 1]);
    word[3] = _mm512_permutex2var_epi32(x->d[2 * tile], even, x->d[2 * tile + 1]);
}

/* The words of one unit in T tiles side by side: a round waits for its products. */
INLINE void draw_wide(__m512i *word, const struct kern_draw *d, int unit, int64_t t, int T)
{
    struct blocks x;

    blocks_begin(&x, d, unit, t, T);
    for (int round = 0; round < ROUNDS; round++) blocks_round(&x, T);
    for (int p = 0; p < T; p++) blocks_words(word + p * PACKS, &x, p);
}

#else

#ifdef __AVX2__

/* 64 uniform words: sixteen blocks of Philox4x32-10, four to a register, a 32-bit number in 64
 * (what stands above it is never read), two registers in turn. */
static inline void draw(uint32_t *restrict word, const uint32_t key[2], const uint32_t counter[4])
{
    const __m256i m0 = _mm256_set1_epi64x(0xD2511F53u), m1 = _mm256_set1_epi64x(0xCD9E8D57u);

    for (int eight = 0; eight < 2; eight++) {
        __m256i x[4][2];
        uint32_t k0 = key[0], k1 = key[1];
        for (int h = 0; h < 2; h++) {
            x[0][h] =
                _mm256_add_epi64(_mm256_set1_epi64x(counter[0] + (uint32_t)(8 * eight + 4 * h)),
                                 _mm256_setr_epi64x(0, 1, 2, 3));
            for (int i = 1; i < 4; i++) x[i][h] = _mm256_set1_epi64x(counter[i]);
        }
        for (int round = 0; round < ROUNDS; round++) {
            __m256i key0 = _mm256_set1_epi64x(k0), key1 = _mm256_set1_epi64x(k1);
            for (int h = 0; h < 2; h++) {
                __m256i p = _mm256_mul_epu32(x[0][h], m0), q = _mm256_mul_epu32(x[2][h], m1);
                __m256i a = _mm256_xor_si256(_mm256_srli_epi64(q, 32), x[1][h]);
                __m256i c = _mm256_xor_si256(_mm256_srli_epi64(p, 32), x[3][h]);
                x[0][h] = _mm256_xor_si256(a, key0);
                x[1][h] = q;
                x[2][h] = _mm256_xor_si256(c, key1);
                x[3][h] = p;
            }
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        for (int i = 0; i < 4; i++) {
            __m256 both =
                _mm256_shuffle_ps(_mm256_castsi256_ps(x[i][0]), _mm256_castsi256_ps(x[i][1]), 0x88);
            _mm256_storeu_si256((__m256i *)(word + BLOCKS * i + 8 * eight),
                                _mm256_permute4x64_epi64(_mm256_castps_si256(both), 0xd8));
        }
    }
}

#else

/* 64 uniform words: Philox4x32-10 (Salmon et al., SC 2011), sixteen blocks side by side. The pragma
 * keeps gcc from unrolling the lanes before it vectorises them. */
static inline void draw(uint32_t *restrict word, const uint32_t key[2], const uint32_t counter[4])
{
    uint32_t a[BLOCKS], b[BLOCKS], c[BLOCKS], d[BLOCKS];
    uint32_t k0 = key[0], k1 = key[1];

    for (uint32_t i = 0; i < BLOCKS; i++) {
        a[i] = counter[0] + i;
        b[i] = counter[1];
        c[i] = counter[2];
        d[i] = counter[3];
    }
    for (int round = 0; round < ROUNDS; round++) {
#pragma GCC unroll 1
        for (int i = 0; i < BLOCKS; i++) {
            uint64_t p = (uint64_t)a[i] * 0xD2511F53u, q = (uint64_t)c[i] * 0xCD9E8D57u;
            uint32_t b1 = b[i], d1 = d[i];
            a[i] = (uint32_t)(q >> 32) ^ b1 ^ k0;
            b[i] = (uint32_t)q;
            c[i] = (uint32_t)(p >> 32) ^ d1 ^ k1;
            d[i] = (uint32_t)p;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    memcpy(word, a, sizeof a);
    memcpy(word + BLOCKS, b, sizeof b);
    memcpy(word + 2 * BLOCKS, c, sizeof c);
    memcpy(word + 3 * BLOCKS, d, sizeof d);
}

#endif

#endif

#endif
