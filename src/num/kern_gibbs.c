#include "num/kern_isa.h"
#include "num/kern_choose.h"

#include <string.h>

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

#ifdef __AVX512BW__

enum { UNITS = 4 };

/* Sixteen chains of a word, which load as a mask register. */
typedef uint16_t __attribute__((may_alias)) quarter;

/* Adds the weights of neighbour k of U units with the same neighbours, in T tiles side by side. U
 * and T are constants where this is called, and every sum stays in a register. Written out, the
 * load of a mask takes one instruction; the compiler goes through a general register. */
INLINE void add_one(__m512 *sum, const uint64_t *bits, int64_t stride, const struct kern_net *net,
                    int unit, int64_t k, int U, int T)
{
    const int64_t first = net->first[unit], n = net->first[unit + 1] - first;
    const quarter *word = (const quarter *)(bits + net->neighbour[first + k] * stride);

    for (int u = 0; u < U; u++) {
        __m512 w = _mm512_set1_ps(net->weight[first + u * n + k]);
        for (int q = 0; q < T * PACKS; q++) {
            __m512 *at = &sum[u * T * PACKS + q];
            __mmask16 m;
            __asm__("kmovw %1, %0" : "=k"(m) : "m"(word[q]));
            *at = _mm512_mask_add_ps(*at, m, *at, w);
        }
    }
}

/* phi of U units with the same neighbours in a tile. */
INLINE void sum_units(__m512 *phi, const uint64_t *bits, int64_t stride, const struct kern_net *net,
                      int unit)
{
    const int64_t n = net->first[unit + 1] - net->first[unit];
    __m512 sum[UNITS * PACKS];

    for (int i = 0; i < UNITS * PACKS; i++) sum[i] = _mm512_set1_ps(net->bias[unit + i / PACKS]);
    for (int64_t k = 0; k < n; k++) add_one(sum, bits, stride, net, unit, k, UNITS, 1);
    for (int i = 0; i < UNITS * PACKS; i++) phi[i] = sum[i];
}

/* phi and words of one unit in T tiles from tile t on. Sums wait for loads and rounds for products:
 * they go together. */
INLINE void sum_and_draw(__m512 *phi, __m512i *word, const uint64_t *bits, int64_t stride,
                         const struct kern_net *net, const struct kern_draw *d, int unit, int64_t t,
                         int T)
{
    const int64_t n = net->first[unit + 1] - net->first[unit];
    const int both = n < ROUNDS ? (int)n : ROUNDS;
    __m512 sum[PAIR * PACKS];
    struct blocks x;

    blocks_begin(&x, d, unit, t, T);
    for (int i = 0; i < T * PACKS; i++) sum[i] = _mm512_set1_ps(net->bias[unit]);
    for (int k = 0; k < both; k++) {
        add_one(sum, bits + t, stride, net, unit, k, 1, T);
        blocks_round(&x, T);
    }
    for (int k = both; k < ROUNDS; k++) blocks_round(&x, T);
    for (int64_t k = both; k < n; k++) add_one(sum, bits + t, stride, net, unit, k, 1, T);
    for (int i = 0; i < T * PACKS; i++) phi[i] = sum[i];
    blocks_words(word, &x, 0);
    if (T == PAIR) blocks_words(word + PACKS, &x, 1);
}

static void update_four(uint64_t *bits, double *track, int64_t tiles, const struct kern_net *net,
                        const struct kern_draw *d, int unit)
{
    __m512 phi[UNITS * PACKS];
    __m512i word[PACKS];

    for (int64_t t = 0; t < tiles; t++) {
        double *mine = track == NULL ? NULL : track + KERN_LANES * t;
        sum_units(phi, bits + t, tiles, net, unit);
        for (int u = 0; u < UNITS; u++) {
            draw_wide(word, d, unit + u, t, 1);
            settle(bits + (unit + u) * tiles + t, mine, phi + PACKS * u, word, d, unit + u, t);
        }
    }
}

INLINE void update_one(uint64_t *bits, double *track, int64_t tiles, const struct kern_net *net,
                       const struct kern_draw *d, int unit, int64_t t, int T)
{
    __m512 phi[PAIR * PACKS];
    __m512i word[PAIR * PACKS];

    sum_and_draw(phi, word, bits, tiles, net, d, unit, t, T);
    for (int p = 0; p < T; p++)
        settle(bits + unit * tiles + t + p, track == NULL ? NULL : track + KERN_LANES * (t + p),
               phi + PACKS * p, word + PACKS * p, d, unit, t + p);
}

void KERN(gibbs)(uint64_t *bits, double *track, int64_t tiles, const struct kern_net *net,
                 const struct kern_draw *d, int first, int last)
{
    for (int unit = first; unit < last;) {
        if (alike(net->first, net->neighbour, unit, UNITS, last)) {
            update_four(bits, track, tiles, net, d, unit);
            unit += UNITS;
        } else {
            int64_t t = 0;
            for (; t + PAIR <= tiles; t += PAIR)
                update_one(bits, track, tiles, net, d, unit, t, PAIR);
            if (t < tiles) update_one(bits, track, tiles, net, d, unit, t, 1);
            unit++;
        }
    }
}

#else

#ifdef __AVX2__

enum { UNITS = 2, EIGHT = 8, EIGHTS = HALF / EIGHT };

/* The sums of add_up in two halves of a tile: both of one unit (U = 1), or half `half` of two units
 * with the same neighbours (U = 2). A lane's bit is moved to the sign, by which the sum with or
 * without the weight is taken. */
INLINE void add_halves(float *phi, const uint64_t *bits, int64_t stride, const struct kern_net *net,
                       int unit, int U, int half)
{
    const int64_t first = net->first[unit], n = net->first[unit + 1] - first;
    const __m256i lane = _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    __m256 sum[2 * EIGHTS];

    for (int i = 0; i < 2 * EIGHTS; i++)
        sum[i] = _mm256_set1_ps(net->bias[unit + (U - 1) * (i / EIGHTS)]);
    for (int64_t k = 0; k < n; k++) {
        uint64_t word = bits[net->neighbour[first + k] * stride] >> HALF * half;
        for (int h = 0; h < 3 - U; h++) {
            __m256i all = _mm256_set1_epi32((int)(uint32_t)(word >> HALF * h));
            __m256i sign = _mm256_sllv_epi32(all, lane);
            for (int q = EIGHTS - 1; q >= 0; q--, sign = _mm256_slli_epi32(sign, EIGHT)) {
                __m256 in = _mm256_castsi256_ps(sign);
                for (int u = 0; u < U; u++) {
                    __m256 w = _mm256_set1_ps(net->weight[first + u * n + k]);
                    __m256 *at = &sum[(u + h) * EIGHTS + q];
                    *at = _mm256_blendv_ps(*at, _mm256_add_ps(*at, w), in);
                }
            }
        }
    }
    for (int i = 0; i < 2 * EIGHTS; i++)
        _mm256_storeu_ps(phi + HALF * U * (i / EIGHTS) + EIGHT * (i % EIGHTS), sum[i]);
}

/* phi [U, 64] of U units in one tile. */
static inline void add_units(float *phi, const uint64_t *bits, int64_t stride,
                             const struct kern_net *net, int unit, int U)
{
    if (U == 1) {
        add_halves(phi, bits, stride, net, unit, 1, 0);
    } else {
        add_halves(phi, bits, stride, net, unit, 2, 0);
        add_halves(phi + HALF, bits, stride, net, unit, 2, 1);
    }
}

#else

enum { UNITS = 1 };

static inline void add_units(float *phi, const uint64_t *bits, int64_t stride,
                             const struct kern_net *net, int unit, int U)
{
    for (int u = 0; u < U; u++) add_up(phi + KERN_LANES * u, bits, stride, net, unit + u);
}

#endif

void KERN(gibbs)(uint64_t *bits, double *track, int64_t tiles, const struct kern_net *net,
                 const struct kern_draw *d, int first, int last)
{
    float phi[UNITS * KERN_LANES];

    for (int unit = first; unit < last;) {
        int n = alike(net->first, net->neighbour, unit, UNITS, last) ? UNITS : 1;
        for (int64_t t = 0; t < tiles; t++) {
            add_units(phi, bits + t, tiles, net, unit, n);
            for (int u = 0; u < n; u++)
                settle(bits + (unit + u) * tiles + t, track, phi + KERN_LANES * u, d, unit + u, t);
        }
        unit += n;
    }
}

#endif

void KERN(field)(float *phi, const uint64_t *bits, int64_t tiles, const struct kern_net *net,
                 int unit)
{
    for (int64_t t = 0; t < tiles; t++) add_up(phi + KERN_LANES * t, bits + t, tiles, net, unit);
}
