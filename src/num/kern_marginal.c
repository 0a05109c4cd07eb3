#include "num/kern_isa.h"
#include "num/kern_lanes.h"

/* e^-|x| to 1e-7 relative: |x| = n ln 2 - r with |r| <= ln 2 / 2, the Taylor sum of e^r to r^7. */
static inline float fall(float x)
{
    union {
        float real;
        uint32_t word;
    } z, p;
    float t = x < 0.0f ? x : -x;

    t = t < -86.0f ? -86.0f : t;
    z.real = t * 1.44269504f + 12582912.0f;
    float n = z.real - 12582912.0f, r = (t - n * 0.693145752f) - n * 1.42860677e-6f;
    p.real = 1.98412698e-4f;
    p.real = p.real * r + 1.38888889e-3f;
    p.real = p.real * r + 8.33333333e-3f;
    p.real = p.real * r + 4.16666667e-2f;
    p.real = p.real * r + 1.66666667e-1f;
    p.real = p.real * r + 0.5f;
    p.real = p.real * r + 1.0f;
    p.real = p.real * r + 1.0f;
    p.word += z.word << 23;
    return p.real;
}

/* e^h - 1 for |h| <= 1/2. */
static inline float rise(float h)
{
    float p = 2.48015873e-5f;

    p = p * h + 1.98412698e-4f;
    p = p * h + 1.38888889e-3f;
    p = p * h + 8.33333333e-3f;
    p = p * h + 4.16666667e-2f;
    p = p * h + 1.66666667e-1f;
    p = p * h + 0.5f;
    return h * (p * h + 1.0f);
}

/* log(1 + z) = 2 artanh(z / (2 + z)) for -0.4 <= z <= 1: the argument is below 1/3. */
static inline float log_one(float z)
{
    float s = z / (2.0f + z), q = s * s, p = 1.0f / 15.0f;

    p = p * q + 1.0f / 13.0f;
    p = p * q + 1.0f / 11.0f;
    p = p * q + 1.0f / 9.0f;
    p = p * q + 1.0f / 7.0f;
    p = p * q + 1.0f / 5.0f;
    p = p * q + 1.0f / 3.0f;
    return 2.0f * (s + s * q * p);
}

/* log((1 + e^(y + h)) / (1 + e^y)), p = sigmoid(y): log(1 + p (e^h - 1)) loses nothing when h is
 * small, which matters over thousands of steps. */
static inline float step_near(float p, float h)
{
    return log_one(p * rise(h));
}

/* The same from both ends, for |h| > 1/2. */
static inline float step_far(float y, float h)
{
    float from = y > 0.0f ? y : 0.0f, to = y + h > 0.0f ? y + h : 0.0f;

    return (to - from) + (log_one(fall(y + h)) - log_one(fall(y)));
}

struct gains {
    float gain[HALF], slope[HALF];
};

/* The same for |h| <= 1/64, the common case of long paths, by the cumulants of a bit: the term left
 * out, of order h^4, is at most h 2e-8. */
static inline float step_short(float p, float h)
{
    return h * (p + (p - p * p) * h * (0.5f + (0.166666667f - 0.333333333f * p) * h));
}

/* For 32 chains: what is gained by the sum over x beside the joint path's x h, and how fast it
 * starts to. x = 1 is x = 0 with the signs of y and h turned. */
static inline void gains_of(struct gains *restrict g, const float *restrict phi, uint32_t x,
                            float base, float shift, float from, float length)
{
    float y[HALF], h[HALF], p[HALF];
    int further = 0, far = 0; /* than 1/64, than 1/2 */

    for (int c = 0; c < HALF; c++) {
        float way = (x & BIT[c]) != 0 ? -1.0f : 1.0f, over = phi[c] - base;
        y[c] = way * (shift + from * phi[c]);
        h[c] = way * (length * over);
        float e = fall(y[c]);
        p[c] = (y[c] > 0.0f ? 1.0f : e) / (1.0f + e);
        g->slope[c] = way * (p[c] * over);
    }
    for (int c = 0; c < HALF; c++) further |= h[c] > 0x1p-6f || h[c] < -0x1p-6f ? 1 : 0;
    if (!further) {
        for (int c = 0; c < HALF; c++) g->gain[c] = step_short(p[c], h[c]);
        return;
    }
    for (int c = 0; c < HALF; c++) g->gain[c] = step_near(p[c], h[c]);
    for (int c = 0; c < HALF; c++) far |= h[c] > 0.5f || h[c] < -0.5f ? 1 : 0;
    if (!far) return;
    for (int c = 0; c < HALF; c++) {
        float other = step_far(y[c], h[c]);
        g->gain[c] = h[c] <= 0.5f && h[c] >= -0.5f ? g->gain[c] : other;
    }
}

void KERN(gains)(double *gain, double *slope, const uint64_t *row, const float *phi, int64_t tiles,
                 float base, float from, float beta)
{
    struct gains g;

    for (int64_t half = 0; half < 2 * tiles; half++) {
        const int64_t at = HALF * half;
        gains_of(&g, phi + at, (uint32_t)(row[half / 2] >> at % KERN_LANES), base,
                 (1.0f - from) * base, from, beta - from);
        for (int c = 0; c < HALF; c++) gain[at + c] += (double)g.gain[c];
        if (slope == NULL) continue;
        for (int c = 0; c < HALF; c++) slope[at + c] += (double)g.slope[c];
    }
}
