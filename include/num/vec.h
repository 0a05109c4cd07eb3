/*
 * vec.h - exp, log and friends as polynomials in float, one number at a time.
 *
 * Inline and without branches, so that loops over them are vectorised; libm's are not. Relative
 * errors, measured over the whole range in tests/num/test_vec.c: exp and log below 3e-7; sigmoid
 * and tanh below 5e-7 (tanh: absolute near 0).
 *
 * Polynomials: S. Moshier, Cephes (expf, logf).
 */
#ifndef NUM_VEC_H
#define NUM_VEC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float vec_bits(int32_t i)
{
    float x;

    memcpy(&x, &i, sizeof x);
    return x;
}

static inline int32_t vec_word(float x)
{
    int32_t i;

    memcpy(&i, &x, sizeof i);
    return i;
}

/* e^x; x below -87 gives e^-87, above 88 e^88: never 0, never infinite. NaN stays NaN. */
static inline float vec_exp(float x)
{
    const float round = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
    float c = x < -87.0f ? -87.0f : x;
    c = c > 88.0f ? 88.0f : c;
    float t = c * 1.44269504f + round, n = t - round;
    float r = c - n * 0.693359375f;
    r += n * 2.12194440e-4f; /* ln 2 in two parts */
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    /* the low bits of t are n: shift them into the exponent */
    return vec_bits((int32_t)((uint32_t)vec_word(p) + ((uint32_t)vec_word(t) << 23)));
}

/* ln x for normal x > 0; anything else is the caller's mistake. */
static inline float vec_log(float x)
{
    /* x = 2^e m, m in [sqrt(1/2), sqrt(2)) */
    int32_t w = vec_word(x) - 0x3f3504f3;
    float e = (float)(w >> 23);
    float m = vec_bits((w & 0x007fffff) + 0x3f3504f3) - 1.0f;
    float z = m * m, p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    float y = m * z * p - e * 2.12194440e-4f - 0.5f * z;
    return m + y + e * 0.693359375f;
}

/* 1 / (1 + e^-x), in (0, 1) up to rounding at the ends. */
static inline float vec_sigmoid(float x)
{
    return 1.0f / (1.0f + vec_exp(-x));
}

static inline float vec_abs(float x)
{
    return fabsf(x);
}

/* tanh x = s (1 - e) / (1 + e), e = e^-2|x|; absolute error below 2e-7. */
static inline float vec_tanh(float x)
{
    float e = vec_exp(-2.0f * vec_abs(x)), y = (1.0f - e) / (1.0f + e);

    return x < 0.0f ? -y : y;
}

/* ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|). Absolute error below 2e-7 (1 + |x|). */
static inline float vec_softplus(float x)
{
    float size = vec_abs(x);

    return 0.5f * (x + size) + vec_log(1.0f + vec_exp(-size));
}

#endif
