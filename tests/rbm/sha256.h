/*
 * sha256.h - SHA-256 (FIPS 180-4), for lists of facts made elsewhere.
 */
#ifndef SHA256_H
#define SHA256_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct sha256 {
    uint32_t k[64], h[8];
    uint8_t block[64];
    uint64_t bytes;
};

/* 32 bits of the fraction of the square (2) or cube (3) root of the n-th prime: exact, since a
 * double holds 53. */
static inline uint32_t sha256_root(int n, int root)
{
    int p = 1;

    while (n >= 0) {
        int divisor = 2;
        for (p++; divisor * divisor <= p && p % divisor != 0;) divisor++;
        if (divisor * divisor > p) n--;
    }
    double x = root == 2 ? sqrt(p) : cbrt(p);
    return (uint32_t)((x - floor(x)) * 4294967296.0);
}

static inline void sha256_init(struct sha256 *s)
{
    for (int i = 0; i < 64; i++) s->k[i] = sha256_root(i, 3);
    for (int i = 0; i < 8; i++) s->h[i] = sha256_root(i, 2);
    s->bytes = 0;
}

static inline uint32_t sha256_turn(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static inline void sha256_mix(struct sha256 *s)
{
    uint32_t w[64], v[8];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)s->block[4 * i] << 24 | (uint32_t)s->block[4 * i + 1] << 16 |
               (uint32_t)s->block[4 * i + 2] << 8 | s->block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (sha256_turn(a, 7) ^ sha256_turn(a, 18) ^ a >> 3) +
               (sha256_turn(b, 17) ^ sha256_turn(b, 19) ^ b >> 10);
    }
    memcpy(v, s->h, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t e = v[4], a = v[0];
        uint32_t one = v[7] + (sha256_turn(e, 6) ^ sha256_turn(e, 11) ^ sha256_turn(e, 25)) +
                       ((e & v[5]) ^ (~e & v[6])) + s->k[i] + w[i];
        uint32_t two = (sha256_turn(a, 2) ^ sha256_turn(a, 13) ^ sha256_turn(a, 22)) +
                       ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += one;
        v[0] = one + two;
    }
    for (int i = 0; i < 8; i++) s->h[i] += v[i];
}

static inline void sha256_add(struct sha256 *s, const void *x, size_t n)
{
    const uint8_t *byte = x;

    for (size_t i = 0; i < n; i++) {
        s->block[s->bytes++ % 64] = byte[i];
        if (s->bytes % 64 == 0) sha256_mix(s);
    }
}

/* 64 hexadecimal digits; s is used up. */
static inline const char *sha256_text(struct sha256 *s, char out[65])
{
    uint64_t bits = 8 * s->bytes;
    uint8_t length[8];

    sha256_add(s, "\x80", 1);
    while (s->bytes % 64 != 56) sha256_add(s, "", 1);
    for (int i = 0; i < 8; i++) length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha256_add(s, length, 8);
    for (int i = 0; i < 8; i++) snprintf(out + 8 * i, 9, "%08x", (unsigned)s->h[i]);
    return out;
}

#endif
