#include "num/kern_isa.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

/* Words of a unit that are counted before the next units are: 4,096 chains, so that the rows of a
 * machine of a thousand units stay in the second cache. */
enum { SPAN = 64, SIDE = 4, TILE = SIDE * SIDE, LIST = 8 };

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

#ifdef __AVX512BW__

/* Set bits of each of eight words: the instruction, or two look-ups of four bits for each byte. */
static inline __m512i ones8(__m512i x)
{
#ifdef __AVX512VPOPCNTDQ__
    return _mm512_popcnt_epi64(x);
#else
    const __m512i few = _mm512_set4_epi32(0x04030302, 0x03020201, 0x03020201, 0x02010100);
    const __m512i low = _mm512_set1_epi8(15);
    __m512i a = _mm512_shuffle_epi8(few, _mm512_and_si512(x, low));
    __m512i b = _mm512_shuffle_epi8(few, _mm512_and_si512(_mm512_srli_epi16(x, 4), low));
    return _mm512_sad_epu8(_mm512_add_epi8(a, b), _mm512_setzero_si512());
#endif
}

/* The sums of eight vectors of eight, in order. */
static inline __m512i total8(const __m512i *s)
{
    __m512i two[4], four[2];

    for (int i = 0; i < 4; i++)
        two[i] = _mm512_add_epi64(_mm512_unpacklo_epi64(s[2 * i], s[2 * i + 1]),
                                  _mm512_unpackhi_epi64(s[2 * i], s[2 * i + 1]));
    for (int i = 0; i < 2; i++)
        four[i] = _mm512_add_epi64(_mm512_shuffle_i64x2(two[2 * i], two[2 * i + 1], 0x88),
                                   _mm512_shuffle_i64x2(two[2 * i], two[2 * i + 1], 0xdd));
    return _mm512_add_epi64(_mm512_shuffle_i64x2(four[0], four[1], 0x88),
                            _mm512_shuffle_i64x2(four[0], four[1], 0xdd));
}

static inline __mmask8 left(int64_t n)
{
    return (__mmask8)(n >= 8 ? 0xff : (1 << n) - 1);
}

/* Counts of four rows a against four rows b of n words: sixteen accumulators stay in registers. */
static inline void tile(int64_t out[TILE], const uint64_t *a, const uint64_t *b, int64_t stride,
                        const uint64_t *live, int64_t n)
{
    __m512i s[TILE], x[SIDE];

    for (int i = 0; i < TILE; i++) s[i] = _mm512_setzero_si512();
    for (int64_t t = 0; t < n; t += 8) {
        __mmask8 in = left(n - t);
        __m512i keep = _mm512_maskz_loadu_epi64(in, live + t);
        for (int r = 0; r < SIDE; r++)
            x[r] = _mm512_and_si512(keep, _mm512_maskz_loadu_epi64(in, a + r * stride + t));
        for (int c = 0; c < SIDE; c++) {
            __m512i y = _mm512_maskz_loadu_epi64(in, b + c * stride + t);
            for (int r = 0; r < SIDE; r++)
                s[SIDE * r + c] =
                    _mm512_add_epi64(s[SIDE * r + c], ones8(_mm512_and_si512(x[r], y)));
        }
    }
    _mm512_storeu_si512(out, total8(s));
    _mm512_storeu_si512(out + 8, total8(s + 8));
}

/* Counts of eight pairs of rows. */
static inline void list(int64_t out[LIST], const uint64_t *const *a, const uint64_t *const *b,
                        const uint64_t *live, int64_t n)
{
    __m512i s[LIST];

    for (int i = 0; i < LIST; i++) s[i] = _mm512_setzero_si512();
    for (int64_t t = 0; t < n; t += 8) {
        __mmask8 in = left(n - t);
        __m512i keep = _mm512_maskz_loadu_epi64(in, live + t);
        for (int i = 0; i < LIST; i++) {
            __m512i x = _mm512_and_si512(keep, _mm512_maskz_loadu_epi64(in, a[i] + t));
            x = _mm512_and_si512(x, _mm512_maskz_loadu_epi64(in, b[i] + t));
            s[i] = _mm512_add_epi64(s[i], ones8(x));
        }
    }
    _mm512_storeu_si512(out, total8(s));
}

#elif defined(__AVX2__)

/* Set bits of each of 32 bytes: two look-ups of four bits. */
static inline __m256i ones32(__m256i x)
{
    const __m256i few = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2,
                                         1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i low = _mm256_set1_epi8(15);

    return _mm256_add_epi8(
        _mm256_shuffle_epi8(few, _mm256_and_si256(x, low)),
        _mm256_shuffle_epi8(few, _mm256_and_si256(_mm256_srli_epi16(x, 4), low)));
}

/* Four words, those from the n-th on as 0. */
static inline __m256i four(const uint64_t *x, int64_t n)
{
    const __m256i order = _mm256_setr_epi64x(0, 1, 2, 3);

    if (n >= 4) return _mm256_loadu_si256((const __m256i *)x);
    return _mm256_maskload_epi64((const long long *)x,
                                 _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), order));
}

/* The sums of four vectors of 32 bytes, in order. */
static inline __m256i total4(const __m256i *s)
{
    __m256i wide[4], two[2];

    for (int i = 0; i < 4; i++) wide[i] = _mm256_sad_epu8(s[i], _mm256_setzero_si256());
    for (int i = 0; i < 2; i++)
        two[i] = _mm256_add_epi64(_mm256_unpacklo_epi64(wide[2 * i], wide[2 * i + 1]),
                                  _mm256_unpackhi_epi64(wide[2 * i], wide[2 * i + 1]));
    return _mm256_add_epi64(_mm256_permute2x128_si256(two[0], two[1], 0x20),
                            _mm256_permute2x128_si256(two[0], two[1], 0x31));
}

/* Adds the counts of up to four words (n; all four where n is 4) of a row against four rows. */
static inline void four_rows(__m256i s[SIDE], const uint64_t *a, const uint64_t *const b[SIDE],
                             const uint64_t *live, int64_t n)
{
    __m256i x = _mm256_and_si256(four(live, n), four(a, n));

    for (int c = 0; c < SIDE; c++)
        s[c] = _mm256_add_epi8(s[c], ones32(_mm256_and_si256(x, four(b[c], n))));
}

/* Counts of four rows a against four rows b of n words. A byte counts up to 8 in each of SPAN / 4
 * steps: 128. */
static inline void tile(int64_t out[TILE], const uint64_t *a, const uint64_t *b, int64_t stride,
                        const uint64_t *live, int64_t n)
{
    for (int r = 0; r < SIDE; r++, a += stride) {
        __m256i s[SIDE];
        int64_t t = 0;
        for (int c = 0; c < SIDE; c++) s[c] = _mm256_setzero_si256();
        for (; t + 4 <= n; t += 4) {
            const uint64_t *at[SIDE] = { b + t, b + stride + t, b + 2 * stride + t,
                                         b + 3 * stride + t };
            four_rows(s, a + t, at, live + t, 4);
        }
        if (t < n) {
            const uint64_t *at[SIDE] = { b + t, b + stride + t, b + 2 * stride + t,
                                         b + 3 * stride + t };
            four_rows(s, a + t, at, live + t, n - t);
        }
        _mm256_storeu_si256((__m256i *)(out + SIDE * r), total4(s));
    }
}

/* Adds the counts of up to four words of four pairs of rows. */
static inline void four_pairs(__m256i s[4], const uint64_t *const *a, const uint64_t *const *b,
                              const uint64_t *live, int64_t t, int64_t n)
{
    __m256i keep = four(live + t, n);

    for (int c = 0; c < 4; c++) {
        __m256i x = _mm256_and_si256(keep, four(a[c] + t, n));
        s[c] = _mm256_add_epi8(s[c], ones32(_mm256_and_si256(x, four(b[c] + t, n))));
    }
}

/* Counts of eight pairs of rows. */
static inline void list(int64_t out[LIST], const uint64_t *const *a, const uint64_t *const *b,
                        const uint64_t *live, int64_t n)
{
    for (int i = 0; i < LIST; i += 4) {
        __m256i s[4];
        int64_t t = 0;
        for (int c = 0; c < 4; c++) s[c] = _mm256_setzero_si256();
        for (; t + 4 <= n; t += 4) four_pairs(s, a + i, b + i, live, t, 4);
        if (t < n) four_pairs(s, a + i, b + i, live, t, n - t);
        _mm256_storeu_si256((__m256i *)(out + i), total4(s));
    }
}

#else

/* Counts of four rows a against four rows b of n words. */
static inline void tile(int64_t out[TILE], const uint64_t *a, const uint64_t *b, int64_t stride,
                        const uint64_t *live, int64_t n)
{
    for (int r = 0; r < SIDE; r++) {
        int64_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (int64_t t = 0; t < n; t++) {
            uint64_t x = a[r * stride + t] & live[t];
            s0 += ones(x & b[t]);
            s1 += ones(x & b[stride + t]);
            s2 += ones(x & b[2 * stride + t]);
            s3 += ones(x & b[3 * stride + t]);
        }
        out[SIDE * r] = s0;
        out[SIDE * r + 1] = s1;
        out[SIDE * r + 2] = s2;
        out[SIDE * r + 3] = s3;
    }
}

/* Counts of eight pairs of rows. */
static inline void list(int64_t out[LIST], const uint64_t *const *a, const uint64_t *const *b,
                        const uint64_t *live, int64_t n)
{
    for (int i = 0; i < LIST; i++) {
        int64_t sum = 0;
        for (int64_t t = 0; t < n; t++) sum += ones(a[i][t] & b[i][t] & live[t]);
        out[i] = sum;
    }
}

#endif

/* One span of words; edges that fit no tile wait until there are eight of them. */
struct counter {
    int64_t *count;
    const uint64_t *bits, *live;
    const int32_t (*edge)[2];
    int64_t tiles, n;
    int64_t late[LIST];
    int waiting;
};

static void flush(struct counter *k)
{
    const uint64_t *a[LIST], *b[LIST];
    int64_t out[LIST];

    for (int i = 0; i < LIST && k->waiting > 0; i++) {
        const int32_t *e = k->edge[k->late[i < k->waiting ? i : 0]];
        a[i] = k->bits + e[0] * k->tiles;
        b[i] = k->bits + e[1] * k->tiles;
    }
    if (k->waiting > 0) list(out, a, b, k->live, k->n);
    for (int i = 0; i < k->waiting; i++) k->count[k->late[i]] += out[i];
    k->waiting = 0;
}

static inline void wait_for_more(struct counter *k, int64_t m)
{
    k->late[k->waiting++] = m;
    if (k->waiting == LIST) flush(k);
}

/* Do the four rows go on with the same four consecutive neighbours? */
static inline int is_square(const struct counter *k, const int64_t *at, const int64_t *end)
{
    int32_t j = at[0] < end[0] ? k->edge[at[0]][1] : 0;

    for (int r = 0; r < SIDE; r++)
        if (at[r] + SIDE > end[r] || k->edge[at[r]][1] != j ||
            k->edge[at[r] + SIDE - 1][1] != j + SIDE - 1)
            return 0;
    return 1;
}

/* Edges of the units i .. i + 3 as the smaller ends, by rising larger end. */
static void four_units(struct counter *k, const int64_t *row, int i)
{
    int64_t at[SIDE], end[SIDE], out[TILE];

    for (int r = 0; r < SIDE; r++) {
        at[r] = row[i + r];
        end[r] = row[i + r + 1];
    }
    for (;;) {
        if (is_square(k, at, end)) {
            tile(out, k->bits + i * k->tiles, k->bits + k->edge[at[0]][1] * k->tiles, k->tiles,
                 k->live, k->n);
            for (int r = 0; r < SIDE; r++)
                for (int c = 0; c < SIDE; c++) k->count[at[r]++] += out[SIDE * r + c];
            continue;
        }
        int32_t j = INT32_MAX;
        for (int r = 0; r < SIDE; r++)
            if (at[r] < end[r] && k->edge[at[r]][1] < j) j = k->edge[at[r]][1];
        if (j == INT32_MAX) return;
        for (int r = 0; r < SIDE; r++)
            if (at[r] < end[r] && k->edge[at[r]][1] == j) wait_for_more(k, at[r]++);
    }
}

void KERN(pairs)(int64_t *count, const uint64_t *bits, int64_t tiles, const uint64_t *live,
                 const int32_t (*edge)[2], const int64_t *row, int N)
{
    for (int64_t t = 0; t < tiles; t += SPAN) {
        struct counter k = { .count = count,
                             .bits = bits + t,
                             .live = live + t,
                             .edge = edge,
                             .tiles = tiles,
                             .n = tiles - t < SPAN ? tiles - t : SPAN };
        int i = 0;
        for (; i + SIDE <= N; i += SIDE) four_units(&k, row, i);
        for (; i < N; i++)
            for (int64_t m = row[i]; m < row[i + 1]; m++) wait_for_more(&k, m);
        flush(&k);
    }
}
