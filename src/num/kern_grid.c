/* Masked sums of int16 weights; the twin of kern_gibbs.c on a grid. */
#include "num/kern_isa.h"
#include "num/kern_choose.h"

#ifdef __AVX512BW__

enum { UNITS = 4 };

/* sum [U, T, 2] of neighbours from <= k < to of U units with the same neighbours in T tiles. */
INLINE void add_span(__m512i *sum, const uint64_t *bits, int64_t stride, const struct kern_grid *g,
                     int unit, int64_t from, int64_t to, int U, int T)
{
    const int64_t first = g->first[unit], n = g->first[unit + 1] - first;
    __m512i s[UNITS * PACKS]; /* in registers: the caller's array is in memory */

#pragma GCC unroll 16
    for (int i = 0; i < 2 * U * T; i++) s[i] = _mm512_setzero_si512();
    for (int64_t k = from; k < to; k++) {
        const halfword *word = (const halfword *)(bits + g->neighbour[first + k] * stride);
        __mmask32 m[2 * PAIR];
        for (int q = 0; q < 2 * T; q++) m[q] = mask_at(word + q);
        for (int u = 0; u < U; u++) {
            __m512i w = _mm512_set1_epi16(g->weight[first + u * n + k]);
            for (int q = 0; q < 2 * T; q++) {
                __m512i *at = &s[2 * u * T + q];
                *at = _mm512_mask_add_epi16(*at, m[q], *at, w);
            }
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < 2 * U * T; i++) sum[i] = s[i];
}

/* phi [U, T, PACKS]. */
INLINE void fields(__m512 *phi, const uint64_t *bits, int64_t stride, const struct kern_grid *g,
                   int unit, int U, int T)
{
    const int64_t n = g->first[unit + 1] - g->first[unit];
    __m512i wide[UNITS * PACKS], sum[UNITS * 2];

    for (int i = 0; i < U * T * PACKS; i++)
        wide[i] = _mm512_set1_epi32(g->bias[unit + i / (T * PACKS)]);
    for (int64_t from = 0; from < n; from += g->span) {
        add_span(sum, bits, stride, g, unit, from, from + g->span < n ? from + g->span : n, U, T);
        widen(wide, sum, 2 * U * T);
    }
    in_steps(phi, wide, g->step, U * T * PACKS);
}

/* The draws of U units in T tiles from their sums, where fields fit int16. */
INLINE void settle_short(uint64_t *bits, int64_t stride, const __m512i *sum,
                         const struct kern_grid *g, const struct kern_draw *d, int unit, int64_t t,
                         int U, int T)
{
    __m512i word[PAIR * PACKS];

    for (int u = 0; u < U; u++) {
        const __m512i bias = _mm512_set1_epi16((int16_t)g->bias[unit + u]);
        draw_wide(word, d, unit + u, t, T);
        for (int p = 0; p < T; p++) {
            const __m512i *s = sum + 2 * (u * T + p);
            __m512i n[2] = { _mm512_add_epi16(s[0], bias), _mm512_add_epi16(s[1], bias) };
            bits[(unit + u) * stride + t + p] = choose_steps(n, word + p * PACKS, g->fine, g->step);
        }
    }
}

/* U units with the same neighbours in T tiles. */
INLINE void update(uint64_t *bits, double *track, int64_t tiles, const struct kern_grid *g,
                   const struct kern_draw *d, int unit, int64_t t, int U, int T)
{
    __m512 phi[UNITS * PACKS];
    __m512i word[PAIR * PACKS], sum[UNITS * 2];

    if (g->fine >= 0 && is_plain(d, track)) {
        add_span(sum, bits + t, tiles, g, unit, 0, g->first[unit + 1] - g->first[unit], U, T);
        settle_short(bits, tiles, sum, g, d, unit, t, U, T);
        return;
    }
    fields(phi, bits + t, tiles, g, unit, U, T);
    for (int u = 0; u < U; u++) {
        draw_wide(word, d, unit + u, t, T);
        for (int p = 0; p < T; p++)
            settle(bits + (unit + u) * tiles + t + p,
                   track == NULL ? NULL : track + KERN_LANES * (t + p), phi + PACKS * (u * T + p),
                   word + PACKS * p, d, unit + u, t + p);
    }
}

void KERN(grid)(uint64_t *bits, double *track, int64_t tiles, const struct kern_grid *g,
                const struct kern_draw *d, int first, int last)
{
    for (int unit = first; unit < last;) {
        if (alike(g->first, g->neighbour, unit, UNITS, last)) {
            for (int64_t t = 0; t < tiles; t++) update(bits, track, tiles, g, d, unit, t, UNITS, 1);
            unit += UNITS;
        } else {
            int64_t t = 0;
            for (; t + PAIR <= tiles; t += PAIR) update(bits, track, tiles, g, d, unit, t, 1, PAIR);
            if (t < tiles) update(bits, track, tiles, g, d, unit, t, 1, 1);
            unit++;
        }
    }
}

void KERN(draw)(uint64_t *row, double *track, int64_t tiles, const float *phi,
                const struct kern_draw *d, int unit)
{
    for (int64_t t = 0; t < tiles; t++) {
        __m512i word[PACKS];
        __m512 sum[PACKS];
        draw_wide(word, d, unit, t, 1);
        for (int q = 0; q < PACKS; q++) sum[q] = _mm512_loadu_ps(phi + KERN_LANES * t + PACK * q);
        settle(row + t, track == NULL ? NULL : track + KERN_LANES * t, sum, word, d, unit, t);
    }
}

#else

enum { QUARTER = 16, QUARTERS = KERN_LANES / QUARTER };

/* Sixteen chains of a word. */
typedef uint16_t __attribute__((may_alias)) quarter;

#ifdef __AVX2__

enum { UNITS = 2 };

/* sum [U, 64] of neighbours from <= k < to of U units with the same neighbours in a tile. */
INLINE void add_span(int16_t *sum, const uint64_t *bits, int64_t stride, const struct kern_grid *g,
                     int unit, int64_t from, int64_t to, int U)
{
    const __m256i bit = _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096,
                                          8192, 16384, INT16_MIN);
    const int64_t first = g->first[unit], n = g->first[unit + 1] - first;
    __m256i s[UNITS * QUARTERS];

    for (int i = 0; i < U * QUARTERS; i++) s[i] = _mm256_setzero_si256();
    for (int64_t k = from; k < to; k++) {
        const quarter *word = (const quarter *)(bits + g->neighbour[first + k] * stride);
        __m256i w[UNITS];
        for (int u = 0; u < U; u++) w[u] = _mm256_set1_epi16(g->weight[first + u * n + k]);
        for (int q = 0; q < QUARTERS; q++) {
            __m256i in = _mm256_and_si256(_mm256_set1_epi16((int16_t)word[q]), bit);
            in = _mm256_cmpeq_epi16(in, bit);
            for (int u = 0; u < U; u++)
                s[QUARTERS * u + q] =
                    _mm256_add_epi16(s[QUARTERS * u + q], _mm256_and_si256(in, w[u]));
        }
    }
    for (int i = 0; i < U * QUARTERS; i++)
        _mm256_storeu_si256((__m256i *)(sum + QUARTER * i), s[i]);
}

#else

enum { UNITS = 1 };

/* The bits of sixteen chains; sums are unsigned, as they may pass beyond the range and come back.
 */
static const uint16_t SHORT[QUARTER] = { 1,   2,   4,    8,    16,   32,   64,    128,
                                         256, 512, 1024, 2048, 4096, 8192, 16384, 32768 };

static inline void add_span(int16_t *restrict sum, const uint64_t *bits, int64_t stride,
                            const struct kern_grid *g, int unit, int64_t from, int64_t to, int U)
{
    const int64_t first = g->first[unit];
    uint16_t s[KERN_LANES] = { 0 };

    for (int64_t k = from; k < to; k++) {
        const quarter *word = (const quarter *)(bits + g->neighbour[first + k] * stride);
        const uint16_t w = (uint16_t)g->weight[first + k];
        for (int q = 0; q < QUARTERS; q++) {
            const uint16_t b = word[q];
            uint16_t *restrict mine = s + QUARTER * q;
            for (int c = 0; c < QUARTER; c++)
                mine[c] = (uint16_t)(mine[c] + ((b & SHORT[c]) == SHORT[c] ? w : 0));
        }
    }
    memcpy(sum, s, (size_t)U * sizeof s);
}

#endif

/* phi [U, 64] of U units in one tile. */
static inline void fields(float *restrict phi, const uint64_t *bits, int64_t stride,
                          const struct kern_grid *g, int unit, int U)
{
    const int64_t n = g->first[unit + 1] - g->first[unit];
    int32_t wide[UNITS * KERN_LANES];
    int16_t sum[UNITS * KERN_LANES];

    for (int i = 0; i < U * KERN_LANES; i++) wide[i] = g->bias[unit + i / KERN_LANES];
    for (int64_t from = 0; from < n; from += g->span) {
        int64_t to = from + g->span < n ? from + g->span : n;
        if (U == UNITS)
            add_span(sum, bits, stride, g, unit, from, to, UNITS);
        else
            add_span(sum, bits, stride, g, unit, from, to, 1);
        for (int i = 0; i < U * KERN_LANES; i++) wide[i] += sum[i];
    }
    for (int i = 0; i < U * KERN_LANES; i++) phi[i] = (float)wide[i] * g->step;
}

void KERN(grid)(uint64_t *bits, double *track, int64_t tiles, const struct kern_grid *g,
                const struct kern_draw *d, int first, int last)
{
    float phi[UNITS * KERN_LANES];

    for (int unit = first; unit < last;) {
        int n = alike(g->first, g->neighbour, unit, UNITS, last) ? UNITS : 1;
        for (int64_t t = 0; t < tiles; t++) {
            fields(phi, bits + t, tiles, g, unit, n);
            for (int u = 0; u < n; u++)
                settle(bits + (unit + u) * tiles + t, track, phi + KERN_LANES * u, d, unit + u, t);
        }
        unit += n;
    }
}

void KERN(draw)(uint64_t *row, double *track, int64_t tiles, const float *phi,
                const struct kern_draw *d, int unit)
{
    for (int64_t t = 0; t < tiles; t++) settle(row + t, track, phi + KERN_LANES * t, d, unit, t);
}

#endif
