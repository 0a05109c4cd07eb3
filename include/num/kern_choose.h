/*
 * kern_choose.h - the threshold and what follows from it, in the 64 lanes of a tile: in plain C
 * and, for AVX2 and AVX-512, written out; all give the same bits. For src/num/kern_*.c alone.
 */
#ifndef NUM_KERN_CHOOSE_H
#define NUM_KERN_CHOOSE_H

#include "num/kern_lanes.h"

/* The field of the threshold is (1 - beta) base + beta phi; betas by lane, or NULL: beta. */
struct slope {
    float base, beta;
    const float *betas;
};

/* That of one unit in tile t of a call, from lane `lane` on. */
static inline struct slope slope_of(const struct kern_draw *d, int unit, int64_t t, int lane)
{
    return (struct slope){ .base = d->base != NULL ? d->base[unit] : 0.0f,
                           .beta = d->beta,
                           .betas = d->betas != NULL ? d->betas + KERN_LANES * t + lane : NULL };
}

/* Where phi of a unit in tile t of the call is kept. */
static inline float *kept(const struct kern_draw *d, int unit, int64_t t)
{
    return d->fields + (unit - d->fields_from) * d->fields_stride + KERN_LANES * t;
}

/* Have the units i .. i + n - 1 < last the same neighbours? Then they are none of each other. */
static inline int alike(const int64_t *first, const int32_t *neighbour, int i, int n, int last)
{
    const int32_t *near = neighbour + first[i];
    int64_t degree = first[i + 1] - first[i];

    if (i + n > last) return 0;
    for (int u = i + 1; u < i + n; u++)
        if (first[u + 1] - first[u] != degree ||
            (degree > 0 && memcmp(near, neighbour + first[u], (size_t)degree * sizeof *near) != 0))
            return 0;
    return 1;
}

#ifdef __AVX512BW__

/* Half a tile of a word, which loads as a mask register: the load of a mask takes one instruction
 * where it is written out; the compiler goes through a general register. */
typedef uint32_t __attribute__((may_alias)) halfword;

INLINE __mmask32 mask_at(const halfword *word)
{
    __mmask32 m;

    __asm__("kmovd %1, %0" : "=k"(m) : "m"(*word));
    return m;
}

/* wide [2 n] += sum [n], by lanes. */
INLINE void widen(__m512i *wide, const __m512i *sum, int n)
{
    for (int i = 0; i < n; i++) {
        __m512i low = _mm512_cvtepi16_epi32(_mm512_castsi512_si256(sum[i]));
        __m512i high = _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(sum[i], 1));
        wide[2 * i] = _mm512_add_epi32(wide[2 * i], low);
        wide[2 * i + 1] = _mm512_add_epi32(wide[2 * i + 1], high);
    }
}

/* phi [n] of whole numbers of steps. */
INLINE void in_steps(__m512 *phi, const __m512i *wide, float step, int n)
{
    for (int i = 0; i < n; i++)
        phi[i] = _mm512_mul_ps(_mm512_cvtepi32_ps(wide[i]), _mm512_set1_ps(step));
}

/* decay of sixteen numbers, operation for operation. */
static inline __m512 decay_wide(__m512 x)
{
    const __m512 round = _mm512_set1_ps(12582912.0f);
    __m512 minus =
        _mm512_castsi512_ps(_mm512_or_si512(_mm512_castps_si512(x), _mm512_set1_epi32(INT32_MIN)));
    __m512 t =
        _mm512_max_ps(_mm512_set1_ps(-125.0f), _mm512_mul_ps(minus, _mm512_set1_ps(1.44269504f)));
    __m512 z = _mm512_add_ps(t, round), f = _mm512_sub_ps(t, _mm512_sub_ps(z, round));
    __m512 p = _mm512_set1_ps(0.00132647273f);

    p = _mm512_add_ps(_mm512_mul_ps(p, f), _mm512_set1_ps(0.00967151299f));
    p = _mm512_add_ps(_mm512_mul_ps(p, f), _mm512_set1_ps(0.0555073358f));
    p = _mm512_add_ps(_mm512_mul_ps(p, f), _mm512_set1_ps(0.240222424f));
    p = _mm512_add_ps(_mm512_mul_ps(p, f), _mm512_set1_ps(0.693147004f));
    p = _mm512_add_ps(_mm512_mul_ps(p, f), _mm512_set1_ps(1.0f));
    return _mm512_castsi512_ps(
        _mm512_add_epi32(_mm512_castps_si512(p), _mm512_slli_epi32(_mm512_castps_si512(z), 23)));
}

/* The threshold, exactly: the new bits of 64 chains of fields x. */
static inline uint64_t choose_exactly(const __m512 x[PACKS], const __m512i word[PACKS])
{
    uint64_t bits = 0;

    for (int q = 0; q < PACKS; q++) {
        __m512 e = decay_wide(x[q]), u = _mm512_cvtepu32_ps(word[q]);
        u = _mm512_mul_ps(_mm512_add_ps(u, _mm512_set1_ps(0.5f)), _mm512_set1_ps(0x1p-32f));
        u = _mm512_mul_ps(u, _mm512_add_ps(_mm512_set1_ps(1.0f), e));
        uint32_t less = _mm512_cmp_ps_mask(u, e, _CMP_LT_OQ);
        uint32_t likely = _mm512_cmp_ps_mask(x[q], _mm512_setzero_ps(), _CMP_GT_OQ);
        bits |= (uint64_t)(less ^ likely) << PACK * q;
    }
    return bits;
}

/*
 * Most draws are decided by their sixteen high bits. Fields X are whole numbers of 2^-11, rounded
 * up, so that X > 0 where x > 0. 65536 / (1 + e^|x|) is a parabola in each of 32 stretches of 1/2,
 *
 *   (ROOF - ((d (SLOPE - (d BEND >> 16))) >> 16), d = 64 |X| mod 65536,
 *
 * off by 6.1 of these units at most (all 32,768 values were tried), by 8.2 more for the rounding of
 * X, by 1.1 for the low bits and the exact threshold's own rounding: within NEAR of it the exact
 * threshold decides. So the bits are those of the exact threshold, always.
 */
enum { NEAR = 16 };

static const uint16_t ROOF[HALF] = { 32773, 24745, 17626, 11954, 7810, 4970, 3107, 1920,
                                     1178,  720,   439,   266,   162,  98,   59,   36,
                                     22,    14,    8,     5,     3,    2,    1,    1 };
static const uint16_t SLOPE[HALF] = { 8284, 7757, 6453, 4866, 3409, 2268, 1458, 917,
                                      569,  350,  215,  130,  80,   48,   29,   18,
                                      11,   7,    4,    3,    2,    2,    1 };
static const uint16_t BEND[HALF] = { 248, 634, 782, 725, 572, 408, 273, 176, 111, 69,
                                     42,  26,  16,  10,  6,   4,   2,   1,   1 };

/* The new bits of 32 chains; *near gets those that are not sure. */
INLINE __mmask32 choose_high(__m512i X, __m512i high, __mmask32 *near)
{
    __m512i size = _mm512_max_epi16(X, _mm512_subs_epi16(_mm512_setzero_si512(), X));
    __m512i at = _mm512_srli_epi16(size, 10), d = _mm512_slli_epi16(size, 6);
    __m512i p = _mm512_mulhi_epu16(d, _mm512_permutexvar_epi16(at, _mm512_loadu_si512(BEND)));

    p = _mm512_sub_epi16(_mm512_permutexvar_epi16(at, _mm512_loadu_si512(SLOPE)), p);
    p = _mm512_sub_epi16(_mm512_permutexvar_epi16(at, _mm512_loadu_si512(ROOF)),
                         _mm512_mulhi_epu16(d, p));
    __m512i apart = _mm512_add_epi16(_mm512_sub_epi16(high, p), _mm512_set1_epi16(NEAR));
    *near = _mm512_cmple_epu16_mask(apart, _mm512_set1_epi16(2 * NEAR));
    return _mm512_cmplt_epu16_mask(high, p) ^ _mm512_cmpgt_epi16_mask(X, _mm512_setzero_si512());
}

/* The sixteen high bits of 32 words. */
INLINE __m512i high_bits(__m512i low, __m512i high)
{
    const __m512i odd = _mm512_add_epi16(
        _mm512_set1_epi32(0x00030001),
        _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                           _mm512_set1_epi32(0x00040004)));

    return _mm512_permutex2var_epi16(low, odd, high);
}

/* X of 32 fields. What is beyond all int16 is so still. */
INLINE __m512i in_grains(__m512 low, __m512 high)
{
    const __m512 scale = _mm512_set1_ps(2048.0f), most = _mm512_set1_ps(1e6f);
    __m512i a = _mm512_cvt_roundps_epi32(_mm512_min_ps(_mm512_mul_ps(low, scale), most),
                                         _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);
    __m512i b = _mm512_cvt_roundps_epi32(_mm512_min_ps(_mm512_mul_ps(high, scale), most),
                                         _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC);

    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7),
                                    _mm512_packs_epi32(a, b));
}

/* The new bits of 64 chains. */
static inline uint64_t choose_wide(const __m512 phi[PACKS], const __m512i word[PACKS],
                                   struct slope s)
{
    __m512 shift = _mm512_set1_ps((1.0f - s.beta) * s.base), beta = _mm512_set1_ps(s.beta);
    __m512 x[PACKS];
    __mmask32 near[2];

    for (int q = 0; q < PACKS; q++) {
        if (s.betas != NULL) {
            beta = _mm512_loadu_ps(s.betas + PACK * q);
            shift =
                _mm512_mul_ps(_mm512_sub_ps(_mm512_set1_ps(1.0f), beta), _mm512_set1_ps(s.base));
        }
        x[q] = _mm512_add_ps(shift, _mm512_mul_ps(beta, phi[q]));
    }
    uint64_t low = choose_high(in_grains(x[0], x[1]), high_bits(word[0], word[1]), &near[0]);
    uint64_t high = choose_high(in_grains(x[2], x[3]), high_bits(word[2], word[3]), &near[1]);
    if (__builtin_expect((near[0] | near[1]) != 0, 0)) return choose_exactly(x, word);
    return low | high << HALF;
}

/* Are the fields of all chains phi itself, and nobody follows them? */
static inline int is_plain(const struct kern_draw *d, const double *track)
{
    return track == NULL && d->betas == NULL && d->beta == 1.0f;
}

/* The new bits of 64 chains whose fields are n steps, 2^fine of them in 2^-11. */
static inline uint64_t choose_steps(const __m512i n[2], const __m512i word[PACKS], int fine,
                                    float step)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m128i by = _mm_cvtsi32_si128(fine);
    __m512i X[2], wide[PACKS] = { zero, zero, zero, zero };
    __m512 x[PACKS];
    __mmask32 near[2];

    for (int h = 0; h < 2; h++)
        X[h] = _mm512_sub_epi16(zero, _mm512_sra_epi16(_mm512_sub_epi16(zero, n[h]), by));
    uint64_t low = choose_high(X[0], high_bits(word[0], word[1]), &near[0]);
    uint64_t high = choose_high(X[1], high_bits(word[2], word[3]), &near[1]);
    if (__builtin_expect((near[0] | near[1]) == 0, 1)) return low | high << HALF;
    widen(wide, n, 2);
    in_steps(x, wide, step, PACKS);
    return choose_exactly(x, word);
}

/* follow for a whole tile: only lanes whose bit has changed are touched. */
static inline void follow_wide(double *track, const __m512 phi[PACKS], uint64_t was, uint64_t is,
                               float base)
{
    const uint64_t change = was ^ is, fall = was & ~is;

    for (int q = 0; q < PACKS; q++) {
        __m512 x = _mm512_sub_ps(phi[q], _mm512_set1_ps(base));
        x = _mm512_mask_sub_ps(x, (__mmask16)(fall >> PACK * q), _mm512_setzero_ps(), x);
        for (int h = 0; h < 2; h++) {
            __m256 y = h == 0 ? _mm512_castps512_ps256(x) : _mm512_extractf32x8_ps(x, 1);
            double *at = track + PACK * q + PACK / 2 * h;
            __m512d sum = _mm512_loadu_pd(at);
            __mmask8 m = (__mmask8)(change >> (PACK * q + PACK / 2 * h));
            _mm512_storeu_pd(at, _mm512_mask_add_pd(sum, m, sum, _mm512_cvtps_pd(y)));
        }
    }
}

/* Draws one unit in tile t of the call, whose bits and track these are. */
static inline void settle(uint64_t *word, double *track, const __m512 phi[PACKS],
                          const __m512i draws[PACKS], const struct kern_draw *d, int unit,
                          int64_t t)
{
    const struct slope s = slope_of(d, unit, t, 0);
    uint64_t was = *word, is = choose_wide(phi, draws, s);

    *word = is;
    if (d->fields != NULL)
        for (int q = 0; q < PACKS; q++) _mm512_storeu_ps(kept(d, unit, t) + PACK * q, phi[q]);
    if (track != NULL) follow_wide(track, phi, was, is, s.base);
}

#else

#ifdef __AVX2__

/* The new bits of 8 chains: what stands below for one, operation for operation. */
static inline uint32_t choose_eight(__m256 phi, __m256i word, __m256 shift, __m256 beta)
{
    const __m256 round = _mm256_set1_ps(12582912.0f), one = _mm256_set1_ps(1.0f);
    __m256 x = _mm256_add_ps(shift, _mm256_mul_ps(beta, phi));
    __m256 t = _mm256_mul_ps(_mm256_or_ps(x, _mm256_set1_ps(-0.0f)), _mm256_set1_ps(1.44269504f));
    t = _mm256_max_ps(_mm256_set1_ps(-125.0f), t);
    __m256 z = _mm256_add_ps(t, round), f = _mm256_sub_ps(t, _mm256_sub_ps(z, round));
    __m256 p = _mm256_set1_ps(0.00132647273f);
    p = _mm256_add_ps(_mm256_mul_ps(p, f), _mm256_set1_ps(0.00967151299f));
    p = _mm256_add_ps(_mm256_mul_ps(p, f), _mm256_set1_ps(0.0555073358f));
    p = _mm256_add_ps(_mm256_mul_ps(p, f), _mm256_set1_ps(0.240222424f));
    p = _mm256_add_ps(_mm256_mul_ps(p, f), _mm256_set1_ps(0.693147004f));
    p = _mm256_add_ps(_mm256_mul_ps(p, f), one);
    __m256i scale = _mm256_slli_epi32(_mm256_castps_si256(z), 23);
    __m256 e = _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), scale));
    __m256 high = _mm256_cvtepi32_ps(_mm256_srli_epi32(word, 16));
    __m256 low = _mm256_cvtepi32_ps(_mm256_and_si256(word, _mm256_set1_epi32(0xffff)));
    __m256 u = _mm256_add_ps(_mm256_mul_ps(high, _mm256_set1_ps(65536.0f)), low);
    u = _mm256_mul_ps(_mm256_add_ps(u, _mm256_set1_ps(0.5f)), _mm256_set1_ps(0x1p-32f));
    __m256 less = _mm256_cmp_ps(_mm256_mul_ps(u, _mm256_add_ps(one, e)), e, _CMP_LT_OQ);
    __m256 likely = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ);
    return (uint32_t)_mm256_movemask_ps(_mm256_xor_ps(less, likely));
}

/* The new bits of 32 chains. */
static inline uint32_t choose(const float *phi, const uint32_t *word, struct slope s)
{
    __m256 shift = _mm256_set1_ps((1.0f - s.beta) * s.base), beta = _mm256_set1_ps(s.beta);
    uint32_t bits = 0;

    for (int c = 0; c < HALF; c += 8) {
        if (s.betas != NULL) {
            beta = _mm256_loadu_ps(s.betas + c);
            shift =
                _mm256_mul_ps(_mm256_sub_ps(_mm256_set1_ps(1.0f), beta), _mm256_set1_ps(s.base));
        }
        bits |= choose_eight(_mm256_loadu_ps(phi + c),
                             _mm256_loadu_si256((const __m256i *)(word + c)), shift, beta)
                << c;
    }
    return bits;
}

#else

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
static inline uint32_t choose(const float *restrict phi, const uint32_t *restrict word,
                              struct slope s)
{
    float betas[HALF];
    uint32_t bits = 0;

    for (int c = 0; c < HALF; c++) betas[c] = s.betas != NULL ? s.betas[c] : s.beta;
    for (int c = 0; c < HALF; c++) {
        float x = (1.0f - betas[c]) * s.base + betas[c] * phi[c], e = decay(x);
        float u = (real(word[c]) + 0.5f) * 0x1p-32f;
        uint32_t less = u * (1.0f + e) < e ? BIT[c] : 0, likely = x > 0.0f ? BIT[c] : 0;
        bits |= less ^ likely;
    }
    return bits;
}

#endif

/* track += (new - old) (phi - base). */
static inline void follow(double *restrict track, const float *restrict phi, uint32_t was,
                          uint32_t is, float base)
{
    for (int c = 0; c < HALF; c++) {
        float step = ((is & BIT[c]) != 0 ? 1.0f : 0.0f) - ((was & BIT[c]) != 0 ? 1.0f : 0.0f);
        track[c] += (double)(step * (phi[c] - base));
    }
}

/* Draws one unit in one tile, whose number is in the counter. */
static inline void settle(uint64_t *word, double *track, const float phi[KERN_LANES],
                          const struct kern_draw *d, int unit, int64_t t)
{
    const struct slope s = slope_of(d, unit, t, 0), rest = slope_of(d, unit, t, HALF);
    uint32_t counter[4] = { 16u * (uint32_t)unit, d->counter[1] + (uint32_t)t, d->counter[2],
                            d->counter[3] };
    uint32_t draws[KERN_LANES];
    uint64_t was = *word;

    draw(draws, d->key, counter);
    uint32_t low = choose(phi, draws, s);
    uint32_t high = choose(phi + HALF, draws + HALF, rest);
    *word = (uint64_t)high << 32 | low;
    if (d->fields != NULL) memcpy(kept(d, unit, t), phi, KERN_LANES * sizeof phi[0]);
    if (track == NULL) return;
    follow(track + KERN_LANES * t, phi, (uint32_t)was, low, s.base);
    follow(track + KERN_LANES * t + HALF, phi + HALF, (uint32_t)(was >> 32), high, s.base);
}

#endif

#endif
