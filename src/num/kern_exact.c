#include "num/kern_isa.h"

#include <string.h>

/* Registers of LANES doubles; eight columns go through them in 8 / LANES turns, so that every
 * instruction set multiplies the same numbers in the same order. */
#if defined __AVX512F__
enum { LANES = 8 };
#elif defined __AVX2__
enum { LANES = 4 };
#else
enum { LANES = 2 };
#endif

typedef double reals __attribute__((vector_size(LANES * sizeof(double)), may_alias));
typedef int64_t words __attribute__((vector_size(LANES * sizeof(int64_t)), may_alias));

enum { LOW = 3, STATES = 1 << LOW, MANTISSA = 52, MIDDLE = 1023 };

static const int64_t FRACTION = ((int64_t)1 << MANTISSA) - 1;

/* x >= 1 as mantissa in [1, 2) and exponent. */
static inline void split(reals *x, words *exponent)
{
    words bits = (words)*x;

    *exponent += (bits >> MANTISSA) - MIDDLE;
    *x = (reals)((bits & FRACTION) | (int64_t)MIDDLE << MANTISSA);
}

/* One register of the factors 1 + y of a row of columns, into the products of all eight states of
 * the lowest three units. */
static inline __attribute__((always_inline)) void multiply(reals *product, reals y, reals f0,
                                                           reals f1, reals f2)
{
    reals y1 = y * f0, y2 = y * f1, y3 = y1 * f1;

    product[0] *= 1.0 + y;
    product[1] *= 1.0 + y1;
    product[2] *= 1.0 + y2;
    product[3] *= 1.0 + y3;
    product[4] *= 1.0 + y * f2;
    product[5] *= 1.0 + y1 * f2;
    product[6] *= 1.0 + y2 * f2;
    product[7] *= 1.0 + y3 * f2;
}

/* The eight states of a block, after y has been multiplied by `step`. */
static void block(double *restrict mantissa, int64_t *restrict exponent, double *restrict y,
                  const double *restrict step, const struct kern_walk *w)
{
    double part[STATES][8] __attribute__((aligned(64)));
    int64_t size[STATES][8] __attribute__((aligned(64)));
    const double *f = w->up;
    int n = w->size;

    for (int at = 0; at < 8; at += LANES) {
        reals product[STATES];
        words sum[STATES];
        for (int s = 0; s < STATES; s++) {
            product[s] = (reals){ 0 } + 1.0;
            sum[s] = (words){ 0 };
        }
        for (int c = 0; c < w->cuts; c++) {
            for (int h = w->cut[c] + at; h < w->cut[c + 1]; h += 8) {
                reals *here = (reals *)(y + h);
                *here *= *(const reals *)(step + h);
                multiply(product, *here, *(const reals *)(f + h), *(const reals *)(f + n + h),
                         *(const reals *)(f + 2 * n + h));
            }
            for (int s = 0; s < STATES; s++) split(&product[s], &sum[s]);
        }
        for (int s = 0; s < STATES; s++) {
            *(reals *)(part[s] + at) = product[s];
            *(words *)(size[s] + at) = sum[s];
        }
    }
    for (int s = 0; s < STATES; s++) {
        const double *p = part[s];
        const int64_t *e = size[s];
        mantissa[s] *= ((p[0] * p[4]) * (p[2] * p[6])) * ((p[1] * p[5]) * (p[3] * p[7]));
        exponent[s] += ((e[0] + e[4]) + (e[2] + e[6])) + ((e[1] + e[5]) + (e[3] + e[7]));
    }
}

/* e^r by its series to r^13 / 13!, |r| <= ln 2 / 2. */
static inline double series(double r)
{
    double p = 1.0 / 6227020800.0;

    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    return p * r + 1.0;
}

/* e^x = mantissa 2^exponent; relative error 3e-16 and that of x. Adding 3 * 2^51 rounds to an
 * integer and leaves it in the low bits. */
static void exponential(double *restrict mantissa, int64_t *restrict exponent,
                        const double *restrict x, int n)
{
    static const double round = 6755399441055744.0;

    for (int i = 0; i < n; i++) {
        double z = x[i] * 1.4426950408889634 + round, k = z - round;
        double r = (x[i] - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
        int64_t bits;
        mantissa[i] = series(r);
        memcpy(&bits, &z, sizeof bits);
        exponent[i] = bits - 0x4338000000000000;
    }
}

/* Every number times 2^(exponent - most), below 2^-1000 nothing. */
static void align(double *restrict x, const int64_t *restrict exponent, int64_t most, int n)
{
    for (int i = 0; i < n; i++) {
        int64_t k = exponent[i] - most, bits = (k + MIDDLE) << MANTISSA;
        double scale;
        bits = k < -1000 ? 0 : bits;
        memcpy(&scale, &bits, sizeof scale);
        x[i] *= scale;
    }
}

int64_t KERN(walk)(double *restrict f, int64_t *restrict exponent, double *restrict y,
                   const double *restrict score, const struct kern_walk *w)
{
    int states = 1 << w->bits;
    int64_t most;

    exponential(f, exponent, score, states);
    block(f, exponent, y, w->same, w);
    for (int b = 1, at = 0; b < states / STATES; b++) {
        int unit = __builtin_ctz((unsigned)b), on = at >> unit & 1;
        const double *row = (on ? w->down : w->up) + (int64_t)(LOW + unit) * w->size;
        at ^= 1 << unit;
        block(f + STATES * at, exponent + STATES * at, y, row, w);
    }
    most = exponent[0];
    for (int s = 1; s < states; s++) most = exponent[s] > most ? exponent[s] : most;
    align(f, exponent, most, states);
    return most;
}

/* Expectations of a register of columns in the eight states of a block: all, and those where unit
 * 0, 1, 2 is set. */
static inline __attribute__((always_inline)) void expect(reals *sum, reals y, const double *p,
                                                         reals f0, reals f1, reals f2)
{
    reals z[STATES], q[STATES];

    z[0] = y;
    z[1] = y * f0;
    z[2] = y * f1;
    z[3] = z[1] * f1;
    for (int s = 0; s < 4; s++) z[4 + s] = z[s] * f2;
    for (int s = 0; s < STATES; s++) q[s] = p[s] * (z[s] / (1.0 + z[s]));
    reals a = q[1] + q[3], b = q[5] + q[7], c = q[2] + q[6];

    sum[1] = a + b;
    sum[2] = (q[3] + q[7]) + c;
    sum[3] = (q[4] + q[6]) + b;
    sum[0] = ((q[0] + q[4]) + c) + sum[1];
}

void KERN(meet)(double *restrict sum, double *restrict total, double *restrict y,
                const double *restrict p, const struct kern_walk *w)
{
    int states = 1 << w->bits, n = w->size;
    const double *f = w->up;

    for (int h = 0; h < n; h++) total[h] = 0.0;
    for (int b = 0, at = 0; b < states / STATES; b++) {
        /* a unit that is set in the blocks from b on is in them as the total without those before
         */
        int unit = b == 0 ? -1 : __builtin_ctz((unsigned)b), on = b > 0 && (at >> unit & 1);
        const double *row = b == 0 ? w->same : (on ? w->down : w->up) + (int64_t)(LOW + unit) * n;
        double *mine = sum + (int64_t)(LOW + unit) * n, sign = b == 0 ? 0.0 : on ? 1.0 : -1.0;
        if (b > 0) at ^= 1 << unit;
        for (int h = 0; h < n; h += LANES) {
            reals *all = (reals *)(total + h), *here = (reals *)(y + h), part[4];
            *(reals *)(mine + h) += sign * *all;
            *here *= *(const reals *)(row + h);
            expect(part, *here, p + STATES * at, *(const reals *)(f + h),
                   *(const reals *)(f + n + h), *(const reals *)(f + 2 * n + h));
            *all += part[0];
            for (int i = 0; i < LOW; i++) *(reals *)(sum + i * n + h) += part[1 + i];
        }
    }
    int last =
        states / STATES / 2; /* the Gray walk ends in the state whose highest unit alone is set */
    for (int h = 0; h < n && last > 0; h++) sum[(w->bits - 1) * n + h] += total[h];
}

/* log(e^a + e^b) = max + log(1 + e^-|a - b|). The exponential as above; log(1 + t) = 2 artanh(t /
 * (2
 * + t)) by its series, whose argument is at most 1/3: eighteen terms leave 1e-18. */
void KERN(merge)(double *restrict r, const double *restrict a, const double *restrict b, int n)
{
    static const double round = 6755399441055744.0;

    for (int i = 0; i < n; i++) {
        double most = a[i] > b[i] ? a[i] : b[i], least = a[i] > b[i] ? b[i] : a[i];
        double x = least - most, t, p;
        int64_t bits;
        x = x < -700.0 ? -700.0 : x;
        double z = x * 1.4426950408889634 + round, k = z - round;
        double f = (x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33;
        p = series(f);
        memcpy(&bits, &z, sizeof bits);
        bits = (bits - 0x4338000000000000 + MIDDLE) << MANTISSA;
        memcpy(&t, &bits, sizeof t);
        t *= p;
        double s = t / (2.0 + t), q = s * s, sum = 1.0 / 35.0;
#pragma GCC unroll 17
        for (int c = 33; c > 0; c -= 2) sum = sum * q + 1.0 / c;
        r[i] = most + 2.0 * s * sum;
    }
}
