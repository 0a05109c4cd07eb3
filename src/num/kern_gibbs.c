#include "num/kern_isa.h"

#include <string.h>

enum { HALF = KERN_LANES / 2, BLOCKS = KERN_LANES / 4 };

/* Bit c of 32. */
static const uint32_t BIT[HALF] = {
    1u << 0,  1u << 1,  1u << 2,  1u << 3,  1u << 4,  1u << 5,  1u << 6,  1u << 7,
    1u << 8,  1u << 9,  1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14, 1u << 15,
    1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21, 1u << 22, 1u << 23,
    1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28, 1u << 29, 1u << 30, 1u << 31,
};

/* phi[c] = bias + sum of the weights of the neighbours whose bit c is set. Two loops of 32 lanes:
 * the sums stay in registers (a single loop gcc unrolls and jams, and then does not vectorise). */
static inline void add_up(float *restrict phi, const uint64_t *bits, int64_t stride,
                          const struct kern_net *net, int unit)
{
    const float bias = net->bias[unit];
    const int64_t last = net->first[unit + 1];
    float low[HALF], high[HALF];

    for (int c = 0; c < HALF; c++) low[c] = high[c] = bias;
    for (int64_t k = net->first[unit]; k < last; k++) {
        uint64_t word = bits[net->neighbour[k] * stride];
        uint32_t w0 = (uint32_t)word, w1 = (uint32_t)(word >> 32);
        float w = net->weight[k];
        for (int c = 0; c < HALF; c++) low[c] = (w0 & BIT[c]) != 0 ? low[c] + w : low[c];
        for (int c = 0; c < HALF; c++) high[c] = (w1 & BIT[c]) != 0 ? high[c] + w : high[c];
    }
    memcpy(phi, low, sizeof low);
    memcpy(phi + HALF, high, sizeof high);
}

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
    for (int round = 0; round < 10; round++) {
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

/* e^-|x|, relative error below 2e-6: 2^t = 2^n 2^f with n = round(t); a minimax polynomial of
 * degree 5 that is 1 at 0. Adding 3 * 2^22 rounds to an integer and leaves it in the low bits. */
static inline float decay(float x)
{
    union {
        float real;
        uint32_t word;
    } z, p;
    float t = (x < 0.0f ? x : -x) * 1.44269504f;

    t = t < -125.0f ? -125.0f : t;
    z.real = t + 12582912.0f;
    float f = t - (z.real - 12582912.0f);
    p.real = 0.00132647273f;
    p.real = p.real * f + 0.00967151299f;
    p.real = p.real * f + 0.0555073358f;
    p.real = p.real * f + 0.240222424f;
    p.real = p.real * f + 0.693147004f;
    p.real = p.real * f + 1.0f;
    p.word += z.word << 23;
    return p.real;
}

/* A word as a float, rounded once. Only AVX-512 has the instruction; elsewhere two halves, whose
 * sum is rounded once too. */
static inline float real(uint32_t word)
{
#ifdef __AVX512F__
    return (float)word;
#else
    return (float)(int32_t)(word >> 16) * 65536.0f + (float)(int32_t)(word & 0xffff);
#endif
}

/* The new bits of 32 chains. */
static inline uint32_t choose(const float *restrict phi, const uint32_t *restrict word, float shift,
                              float beta)
{
    uint32_t bits = 0;

    for (int c = 0; c < HALF; c++) {
        float x = shift + beta * phi[c], e = decay(x);
        float u = (real(word[c]) + 0.5f) * 0x1p-32f;
        uint32_t less = u * (1.0f + e) < e ? BIT[c] : 0, likely = x > 0.0f ? BIT[c] : 0;
        bits |= less ^ likely;
    }
    return bits;
}

/* track += (new - old) (phi - base). */
static inline void follow(double *restrict track, const float *restrict phi, uint32_t was,
                          uint32_t is, float base)
{
    for (int c = 0; c < HALF; c++) {
        float step = ((is & BIT[c]) != 0 ? 1.0f : 0.0f) - ((was & BIT[c]) != 0 ? 1.0f : 0.0f);
        track[c] += (double)(step * (phi[c] - base));
    }
}

static void update(uint64_t *bits, double *track, int64_t tiles, const struct kern_net *net,
                   const struct kern_draw *d, int unit)
{
    const float base = d->base != NULL ? d->base[unit] : 0.0f;
    const float shift = (1.0f - d->beta) * base;
    uint64_t *row = bits + unit * tiles;
    uint32_t counter[4] = { 16u * (uint32_t)unit, d->counter[1], d->counter[2], d->counter[3] };
    uint32_t word[KERN_LANES];
    float phi[KERN_LANES];

    for (int64_t t = 0; t < tiles; t++, counter[1]++) {
        uint64_t was = row[t];
        add_up(phi, bits + t, tiles, net, unit);
        draw(word, d->key, counter);
        uint32_t low = choose(phi, word, shift, d->beta);
        uint32_t high = choose(phi + HALF, word + HALF, shift, d->beta);
        row[t] = (uint64_t)high << 32 | low;
        if (track == NULL) continue;
        follow(track + KERN_LANES * t, phi, (uint32_t)was, low, base);
        follow(track + KERN_LANES * t + HALF, phi + HALF, (uint32_t)(was >> 32), high, base);
    }
}

void KERN(gibbs)(uint64_t *bits, double *track, int64_t tiles, const struct kern_net *net,
                 const struct kern_draw *d, int first, int last)
{
    for (int unit = first; unit < last; unit++) update(bits, track, tiles, net, d, unit);
}

void KERN(field)(float *phi, const uint64_t *bits, int64_t tiles, const struct kern_net *net,
                 int unit)
{
    for (int64_t t = 0; t < tiles; t++) add_up(phi + KERN_LANES * t, bits + t, tiles, net, unit);
}
