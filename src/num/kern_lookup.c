/*
 * Fields by look-up ("four Russians" in registers): the bits of up to five units are the index of
 * one of 32 sums, and one permutation takes 32 chains' sums from a table that fills a register.
 * Indices are built from the bits when a few tiles come in, and kept as their units are drawn.
 */
#include "num/kern_isa.h"
#include "num/kern_choose.h"

/* One squad in a few tiles of a call, of which tile `tile` is the first. */
struct squad {
    uint64_t *bits; /* from that tile on */
    double *track;  /* the same, or NULL */
    int64_t stride, tile;
    const struct kern_lookup *L;
    const struct kern_draw *d;
    const struct kern_squad *s;
    const uint8_t *still;
};

#ifdef __AVX512BW__

enum { INDEX = 2 * KERN_LANES }; /* of one group in a pair of tiles */

/* The indices of one group in T tiles. */
INLINE void index_group(uint16_t *at, const uint64_t *bits, int64_t stride, const int32_t *member,
                        int T)
{
    __m512i x[2 * PAIR];

    for (int q = 0; q < 2 * T; q++) x[q] = _mm512_setzero_si512();
    for (int m = 0; m < KERN_GROUP && member[m] >= 0; m++) {
        const halfword *word = (const halfword *)(bits + member[m] * stride);
        __m512i bit = _mm512_set1_epi16((int16_t)(1 << m));
        for (int q = 0; q < 2 * T; q++)
            x[q] = _mm512_mask_add_epi16(x[q], mask_at(word + q), x[q], bit);
    }
    for (int q = 0; q < 2 * T; q++) _mm512_store_si512(at + HALF * q, x[q]);
}

/* sum [n, T, 2] of the tables of `places` groups. Permutation and sum stand in one statement: the
 * compiler moves permutations ahead and then has no register left for the sums. */
INLINE void look(__m512i *sum, const uint16_t *index, const int32_t *list, const int16_t *table,
                 int places, int n, int T)
{
    __m512i
        s[KERN_GROUP * PAIR * 2]; /* not the caller's array: it would be written in each round */

#pragma GCC unroll 32
    for (int i = 0; i < 2 * n * T; i++) s[i] = _mm512_setzero_si512();
    for (int k = 0; k < places; k++) {
        const uint16_t *from = index + (int64_t)list[k] * INDEX;
        __m512i at[2 * PAIR];
        for (int q = 0; q < 2 * T; q++) at[q] = _mm512_load_si512(from + HALF * q);
        for (int u = 0; u < n; u++) {
            __m512i sums = _mm512_load_si512(table + KERN_TABLE * (k * n + u)), one;
            for (int q = 0; q < 2 * T; q++)
                __asm__("vpermw %3, %2, %1\n\tvpaddw %1, %0, %0"
                        : "+v"(s[2 * u * T + q]), "=&v"(one)
                        : "v"(at[q]), "v"(sums));
        }
    }
#pragma GCC unroll 32
    for (int i = 0; i < 2 * n * T; i++) sum[i] = s[i];
}

/* Draws the units of a squad in T tiles from tile t of those at once on; wide [n, T, PACKS]. */
INLINE void settle_squad(const struct squad *x, const __m512i *wide, int t, int n, int T)
{
    const struct kern_squad *s = x->s;

    for (int u = 0; u < n; u++) {
        __m512 phi[PAIR * PACKS];
        __m512i word[PAIR * PACKS];
        if (x->still != NULL && x->still[s->unit[u]]) continue;
        draw_wide(word, x->d, s->unit[u], x->tile + t, T);
        in_steps(phi, wide + u * T * PACKS, x->L->step, T * PACKS);
        for (int p = 0; p < T; p++)
            settle(x->bits + s->unit[u] * x->stride + t + p,
                   x->track == NULL ? NULL : x->track + KERN_LANES * (t + p), phi + PACKS * p,
                   word + PACKS * p, x->d, s->unit[u], x->tile + t + p);
    }
    index_group(x->L->index + ((int64_t)t / PAIR * x->L->groups + s->group) * INDEX, x->bits + t,
                x->stride, x->L->member[s->group], T);
}

/* The same from sums [n, T, 2] where fields fit int16. */
INLINE void settle_short(const struct squad *x, const __m512i *sum, int t, int n, int T)
{
    const struct kern_lookup *L = x->L;
    const struct kern_squad *s = x->s;

    for (int u = 0; u < n; u++) {
        const __m512i bias = _mm512_set1_epi16((int16_t)L->bias[s->unit[u]]);
        __m512i word[PAIR * PACKS];
        if (x->still != NULL && x->still[s->unit[u]]) continue;
        draw_wide(word, x->d, s->unit[u], x->tile + t, T);
        for (int p = 0; p < T; p++) {
            const __m512i *mine = sum + 2 * (u * T + p);
            __m512i steps[2] = { _mm512_add_epi16(mine[0], bias), _mm512_add_epi16(mine[1], bias) };
            x->bits[s->unit[u] * x->stride + t + p] =
                choose_steps(steps, word + p * PACKS, L->fine, L->step);
        }
    }
    index_group(L->index + ((int64_t)t / PAIR * L->groups + s->group) * INDEX, x->bits + t,
                x->stride, L->member[s->group], T);
}

/* One squad of n units in T tiles, its whole list at once. */
INLINE void update_short(const struct squad *x, int t, int n, int T)
{
    const struct kern_lookup *L = x->L;
    const struct kern_squad *s = x->s;
    __m512i sum[KERN_GROUP * PAIR * 2];

    look(sum, L->index + (int64_t)t / PAIR * L->groups * INDEX, L->list + s->first,
         L->table + s->table * KERN_TABLE, s->last - s->first, n, T);
    settle_short(x, sum, t, n, T);
}

/* One squad of n units in `tiles` tiles. The tables of a stretch of its list serve all of them. */
INLINE void update_squad(const struct squad *x, int tiles, int n)
{
    const struct kern_lookup *L = x->L;
    const struct kern_squad *s = x->s;
    const int lists = s->last - s->first, pairs = tiles / PAIR;
    const int64_t row = (int64_t)L->groups * INDEX;
    __m512i wide[KERN_AT_ONCE / PAIR][KERN_GROUP * PAIR * PACKS], sum[KERN_GROUP * PAIR * 2];
    const int32_t *list = L->list + s->first;
    const int16_t *table = L->table + s->table * KERN_TABLE;

    if (L->fine >= 0 && lists <= L->reach && is_plain(x->d, x->track)) {
        for (int p = 0; p < pairs; p++) update_short(x, PAIR * p, n, PAIR);
        if (tiles % PAIR != 0) update_short(x, tiles - 1, n, 1);
        return;
    }
    for (int p = 0; p < (tiles + 1) / PAIR; p++) {
        int T = p < pairs ? PAIR : 1;
        for (int i = 0; i < n * T * PACKS; i++)
            wide[p][i] = _mm512_set1_epi32(L->bias[s->unit[i / (T * PACKS)]]);
    }
    for (int k = 0; k < lists; k += L->reach) {
        int places = k + L->reach < lists ? L->reach : lists - k;
        const int16_t *mine = table + (int64_t)KERN_TABLE * k * n;
        for (int p = 0; p < pairs; p++) {
            look(sum, L->index + p * row, list + k, mine, places, n, PAIR);
            widen(wide[p], sum, 2 * n * PAIR);
        }
        if (tiles % PAIR == 0) continue;
        look(sum, L->index + pairs * row, list + k, mine, places, n, 1);
        widen(wide[pairs], sum, 2 * n);
    }
    for (int p = 0; p < pairs; p++) settle_squad(x, wide[p], PAIR * p, n, PAIR);
    if (tiles % PAIR != 0) settle_squad(x, wide[pairs], tiles - 1, n, 1);
}

static void index_all(const struct squad *x, int tiles)
{
    const struct kern_lookup *L = x->L;

    for (int g = 0; g < L->groups; g++) {
        for (int t = 0; t < tiles; t += PAIR) {
            uint16_t *at = L->index + ((int64_t)t / PAIR * L->groups + g) * INDEX;
            if (t + PAIR <= tiles)
                index_group(at, x->bits + t, x->stride, L->member[g], PAIR);
            else
                index_group(at, x->bits + t, x->stride, L->member[g], 1);
        }
    }
}

static void update(const struct squad *x, int tiles)
{
    switch (x->s->n) {
    case 1:
        update_squad(x, tiles, 1);
        break;
    case 2:
        update_squad(x, tiles, 2);
        break;
    case 3:
        update_squad(x, tiles, 3);
        break;
    case 4:
        update_squad(x, tiles, 4);
        break;
    default:
        update_squad(x, tiles, KERN_GROUP);
        break;
    }
}

/* Sixteen entries double from five: entry e sums the weights of the bits of e. */
void KERN(tables)(int16_t *table, const int16_t *weight, int64_t n)
{
    static const __mmask32 with[KERN_GROUP] = { 0xaaaaaaaau, 0xccccccccu, 0xf0f0f0f0u, 0xff00ff00u,
                                                0xffff0000u };

    for (int64_t i = 0; i < n; i++, weight += KERN_GROUP) {
        __m512i x = _mm512_setzero_si512();
        for (int m = 0; m < KERN_GROUP; m++)
            x = _mm512_mask_add_epi16(x, with[m], x, _mm512_set1_epi16(weight[m]));
        _mm512_store_si512(table + KERN_TABLE * i, x);
    }
}

#else

#ifdef __AVX2__

enum { SIXTEEN = 16, TWO = 2 };

/* The indices of one group in a tile: a byte for each chain, in the first half of its room. */
static inline void index_group(uint16_t *at, const uint64_t *bits, int64_t stride,
                               const int32_t *member)
{
    const __m256i spread = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2,
                                            2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m256i bit = _mm256_set1_epi64x((int64_t)0x8040201008040201u);

    for (int h = 0; h < 2; h++) {
        __m256i x = _mm256_setzero_si256();
        for (int m = 0; m < KERN_GROUP && member[m] >= 0; m++) {
            uint32_t word = (uint32_t)(bits[member[m] * stride] >> HALF * h);
            __m256i in = _mm256_shuffle_epi8(_mm256_set1_epi32((int32_t)word), spread);
            in = _mm256_cmpeq_epi8(_mm256_and_si256(in, bit), bit);
            x = _mm256_or_si256(x, _mm256_and_si256(in, _mm256_set1_epi8((int8_t)(1 << m))));
        }
        _mm256_store_si256((__m256i *)at + h, x);
    }
}

/* sum [U, 64] of U units of n in a tile: low and high bytes of a sum are looked up each for itself.
 * Interleaved they stand in the order of lanes 0-7, 16-23 and 8-15, 24-31 of a half. */
INLINE void look_some(int16_t *sum, const uint16_t *index, const int32_t *list,
                      const int16_t *table, int places, int n, int U)
{
    __m256i s[TWO * 4];

    for (int i = 0; i < 4 * U; i++) s[i] = _mm256_setzero_si256();
    for (int k = 0; k < places; k++) {
        const __m256i *at = (const __m256i *)(index + (int64_t)list[k] * KERN_LANES);
        for (int u = 0; u < U; u++) {
            const __m128i *from = (const __m128i *)(table + KERN_TABLE * (k * n + u));
            __m256i low = _mm256_broadcastsi128_si256(_mm_load_si128(from));
            __m256i high = _mm256_broadcastsi128_si256(_mm_load_si128(from + 1));
            for (int h = 0; h < 2; h++) {
                __m256i x = _mm256_load_si256(at + h);
                __m256i l = _mm256_shuffle_epi8(low, x), g = _mm256_shuffle_epi8(high, x);
                __m256i *to = s + 4 * u + 2 * h;
                to[0] = _mm256_add_epi16(to[0], _mm256_unpacklo_epi8(l, g));
                to[1] = _mm256_add_epi16(to[1], _mm256_unpackhi_epi8(l, g));
            }
        }
    }
    for (int i = 0; i < 4 * U; i += 2) {
        __m256i *to = (__m256i *)(sum + SIXTEEN * i);
        _mm256_storeu_si256(to, _mm256_permute2x128_si256(s[i], s[i + 1], 0x20));
        _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(s[i], s[i + 1], 0x31));
    }
}

static void look(int16_t *sum, const uint16_t *index, const int32_t *list, const int16_t *table,
                 int places, int n)
{
    int u = 0;

    for (; u + TWO <= n; u += TWO)
        look_some(sum + KERN_LANES * u, index, list, table + KERN_TABLE * u, places, n, TWO);
    if (u < n) look_some(sum + KERN_LANES * u, index, list, table + KERN_TABLE * u, places, n, 1);
}

/* Sixteen low bytes, then sixteen high ones. */
void KERN(tables)(int16_t *table, const int16_t *weight, int64_t n)
{
    for (int64_t i = 0; i < n; i++, weight += KERN_GROUP) {
        uint8_t *byte = (uint8_t *)(table + KERN_TABLE * i);
        int16_t sum[SIXTEEN] = { 0 };
        for (int m = 0; m < 4; m++)
            for (int k = 0; k < 1 << m; k++) sum[k + (1 << m)] = (int16_t)(sum[k] + weight[m]);
        for (int k = 0; k < SIXTEEN; k++) {
            byte[k] = (uint8_t)((uint16_t)sum[k] & 0xff);
            byte[SIXTEEN + k] = (uint8_t)((uint16_t)sum[k] >> 8);
        }
    }
}

#else

static inline void index_group(uint16_t *restrict at, const uint64_t *bits, int64_t stride,
                               const int32_t *member)
{
    memset(at, 0, KERN_LANES * sizeof *at);
    for (int m = 0; m < KERN_GROUP && member[m] >= 0; m++) {
        uint64_t word = bits[member[m] * stride];
        for (int c = 0; c < KERN_LANES; c++)
            at[c] = (uint16_t)(at[c] | (uint16_t)(word >> c & 1) << m);
    }
}

static void look(int16_t *restrict sum, const uint16_t *index, const int32_t *list,
                 const int16_t *table, int places, int n)
{
    memset(sum, 0, (size_t)n * KERN_LANES * sizeof *sum);
    for (int k = 0; k < places; k++) {
        const uint16_t *at = index + (int64_t)list[k] * KERN_LANES;
        for (int u = 0; u < n; u++, table += KERN_TABLE)
            for (int c = 0; c < KERN_LANES; c++) {
                int16_t *to = &sum[KERN_LANES * u + c];
                *to = (int16_t)(*to + table[at[c]]);
            }
    }
}

void KERN(tables)(int16_t *table, const int16_t *weight, int64_t n)
{
    for (int64_t i = 0; i < n; i++, weight += KERN_GROUP, table += KERN_TABLE) {
        table[0] = 0;
        for (int m = 0; m < KERN_GROUP; m++)
            for (int k = 0; k < 1 << m; k++) table[k + (1 << m)] = (int16_t)(table[k] + weight[m]);
    }
}

#endif

static void settle_squad(const struct squad *x, const int32_t *wide, int t)
{
    const struct kern_squad *s = x->s;
    double *track = x->track == NULL ? NULL : x->track - KERN_LANES * x->tile;
    float phi[KERN_LANES];

    for (int u = 0; u < s->n; u++) {
        if (x->still != NULL && x->still[s->unit[u]]) continue;
        for (int c = 0; c < KERN_LANES; c++) phi[c] = (float)wide[KERN_LANES * u + c] * x->L->step;
        settle(x->bits + s->unit[u] * x->stride + t, track, phi, x->d, s->unit[u], x->tile + t);
    }
    index_group(x->L->index + ((int64_t)t * x->L->groups + s->group) * KERN_LANES, x->bits + t,
                x->stride, x->L->member[s->group]);
}

static void update(const struct squad *x, int tiles)
{
    const struct kern_lookup *L = x->L;
    const struct kern_squad *s = x->s;
    const int lists = s->last - s->first, lanes = s->n * KERN_LANES;
    const int64_t row = (int64_t)L->groups * KERN_LANES;
    int32_t wide[KERN_AT_ONCE][KERN_GROUP * KERN_LANES];
    int16_t sum[KERN_GROUP * KERN_LANES];

    for (int t = 0; t < tiles; t++)
        for (int i = 0; i < lanes; i++) wide[t][i] = L->bias[s->unit[i / KERN_LANES]];
    for (int k = 0; k < lists; k += L->reach) {
        int places = k + L->reach < lists ? L->reach : lists - k;
        for (int t = 0; t < tiles; t++) {
            look(sum, L->index + t * row, L->list + s->first + k,
                 L->table + KERN_TABLE * (s->table + (int64_t)k * s->n), places, s->n);
            for (int i = 0; i < lanes; i++) wide[t][i] += sum[i];
        }
    }
    for (int t = 0; t < tiles; t++) settle_squad(x, wide[t], t);
}

static void index_all(const struct squad *x, int tiles)
{
    const struct kern_lookup *L = x->L;

    for (int t = 0; t < tiles; t++)
        for (int g = 0; g < L->groups; g++)
            index_group(L->index + ((int64_t)t * L->groups + g) * KERN_LANES, x->bits + t,
                        x->stride, L->member[g]);
}

#endif

void KERN(lookup)(uint64_t *bits, double *track, int64_t tiles, const struct kern_lookup *L,
                  const struct kern_draw *d, int ranges, const int32_t (*order)[2],
                  const uint8_t *still)
{
    for (int64_t t = 0; t < tiles; t += L->at_once) {
        int n = t + L->at_once < tiles ? L->at_once : (int)(tiles - t);
        struct squad x = { .bits = bits + t,
                           .track = track == NULL ? NULL : track + KERN_LANES * t,
                           .stride = tiles,
                           .tile = t,
                           .L = L,
                           .d = d,
                           .still = still };
        index_all(&x, n);
        for (int r = 0; r < ranges; r++)
            for (int i = order[r][0]; i < order[r][1]; i++) {
                x.s = L->squad + i;
                update(&x, n);
            }
    }
}
