#include "shower/transform.h"

#include "base/err.h"
#include "base/rng.h"
#include "num/vec.h"

#include <math.h>

struct transform transform_logit(void)
{
    return (struct transform){ .kind = TRANSFORM_LOGIT, .r = 1e-7, .scale = 1.0 };
}

const char *transform_reason(enum transform_fault f)
{
    static const char *const text[TRANSFORM_FAULTS] = {
        "nothing", "an incident energy that is not a positive number", "a voxel that is no number",
        "a voxel below 0", "a voxel above the incident energy"
    };

    return text[f];
}

enum transform_fault transform_judge(const struct transform *t, int V, double energy,
                                     const float *x)
{
    int lost = 0, negative = 0, above = 0;
    float most = t->kind == TRANSFORM_LOGIT ? (float)energy : INFINITY;

    if (!(energy > 0.0) || isinf(energy)) return TRANSFORM_ENERGY;
    for (int v = 0; v < V; v++) {
        lost |= !(fabsf(x[v]) < INFINITY);
        negative |= x[v] < 0.0f;
        above |= x[v] > most;
    }
    if (lost) return TRANSFORM_NAN;
    if (negative) return TRANSFORM_NEGATIVE;
    return above ? TRANSFORM_ABOVE : TRANSFORM_FINE;
}

enum transform_fault transform_clip(const struct transform *t, int V, double energy, float *x)
{
    enum transform_fault why = transform_judge(t, V, energy, x);
    float most = (float)energy;

    if (why != TRANSFORM_ABOVE) return why;
    if ((double)most > energy) most = nextafterf(most, 0.0f);
    for (int v = 0; v < V; v++)
        if (x[v] > most) x[v] = most;
    return transform_judge(t, V, energy, x);
}

/*
 * log1p for 0 <= w < 1e38, relative error about 2e-7 and log1p(0) = 0, without a branch so that the
 * loop around it is vectorised (the C library's is a call).
 *
 * t = 1 + w rounds away c = w - (t - 1), which comes back as c / t. ln t = k ln 2 + ln m with
 * m in [0.707, 1.414), and with f = m - 1, s = f / (2 + f): ln m = 2 atanh(s) = f - s (f - g),
 * g = 2 s^2/3 + 2 s^4/5 + ... up to s^9, where |s| < 0.1716 (the next term is below 1e-9).
 */
static inline float log1p_fast(float w)
{
    float t = 1.0f + w, c = w - (t - 1.0f);
    c = w < 1e7f ? c / t : 0.0f;
    int32_t k = (vec_word(t) - 0x3f3504f3) >> 23;
    float f = vec_bits(vec_word(t) - k * 0x800000) - 1.0f, s = f / (2.0f + f), z = s * s;
    float g = z * (0.66666667f + z * (0.4f + z * (0.28571429f + z * 0.22222222f)));
    float high = (float)k * 0.693145752f, low = (float)k * 1.42860677e-6f;

    return high + (f - (s * (f - g) - (low + c)));
}

/*
 * expm1 for |u| <= 80, relative error about 2e-7, without a branch.
 *
 * u = n ln 2 + f with |f| <= 0.3466; expm1(u) = 2^n expm1(f) + (2^n - 1), where expm1(f) is its
 * Taylor series up to f^8 (the next term is below 2e-10 f). Rounding by 1.5 2^23.
 */
static inline float expm1_fast(float u)
{
    const float magic = 12582912.0f;
    float n = (u * 1.44269504f + magic) - magic;
    float f = (u - n * 0.693145752f) - n * 1.42860677e-6f;
    float p = 1.0f / 5040.0f + f * (1.0f / 40320.0f);
    p = 1.0f / 120.0f + f * (1.0f / 720.0f + f * p);
    p = 0.5f + f * (1.0f / 6.0f + f * (1.0f / 24.0f + f * p));
    p = f + f * f * p;
    float two = vec_bits(((int32_t)n + 127) * 0x800000);

    return two * p + (two - 1.0f);
}

static inline float cut(float x, float threshold)
{
    return x < threshold ? 0.0f : x;
}

/* 1 - y = R + (1-2R)(1 - eps), and 1 - eps = (E - x) / E is taken in double: at x near E the logit
 * hangs on it. */
static void logit_row(const struct transform *t, int V, double energy, const float *x, float *u)
{
    const float r = (float)t->r, a = (float)(1.0 - 2.0 * t->r), threshold = (float)t->threshold;
    const float unscale = (float)(1.0 / t->scale), inverse = (float)(1.0 / energy);

    for (int v = 0; v < V; v++) {
        float e = cut(x[v], threshold);
        float rest = (float)(energy - (double)e) * inverse;
        rest = rest > 0.0f ? rest : 0.0f;
        u[v] = log1p_fast(a * e * inverse / (r * (r + a * rest))) * unscale;
    }
}

static void logit_back(const struct transform *t, int V, double energy, const float *u, float *x)
{
    const float r = (float)t->r, front = (float)(t->r * (1.0 - t->r) / (1.0 - 2.0 * t->r));
    const float scale = (float)t->scale, E = (float)energy;

    for (int v = 0; v < V; v++) {
        float w = u[v] * scale;
        w = w > 0.0f ? w : 0.0f; /* a NaN too */
        w = w < 80.0f ? w : 80.0f;
        float m = expm1_fast(w), y = front * m / (1.0f + r * m);
        x[v] = (y < 1.0f ? y : 1.0f) * E;
    }
}

static void log1p_row(const struct transform *t, int V, double energy, const float *x, float *u)
{
    const float inverse = (float)(1.0 / (energy * t->r)), unscale = (float)(1.0 / t->scale);
    const float threshold = (float)t->threshold;

    for (int v = 0; v < V; v++) u[v] = log1p_fast(cut(x[v], threshold) * inverse) * unscale;
}

static void log1p_back(const struct transform *t, int V, double energy, const float *u, float *x)
{
    const float size = (float)(energy * t->r), scale = (float)t->scale;

    for (int v = 0; v < V; v++) {
        float w = u[v] * scale;
        w = w > 0.0f ? w : 0.0f;
        w = w < 80.0f ? w : 80.0f;
        x[v] = expm1_fast(w) * size;
    }
}

void transform_forward(const struct transform *t, int B, int V, const double *energy,
                       const float *x, float *u)
{
    const float gev = (float)(1.0 / (1000.0 * t->scale)), threshold = (float)t->threshold;

    for (int b = 0; b < B; b++) {
        const float *from = x + (int64_t)b * V;
        float *to = u + (int64_t)b * V;
        if (t->kind == TRANSFORM_LOGIT)
            logit_row(t, V, energy[b], from, to);
        else if (t->kind == TRANSFORM_LOG1P)
            log1p_row(t, V, energy[b], from, to);
        else
            for (int v = 0; v < V; v++) to[v] = cut(from[v], threshold) * gev;
    }
    if (t->standard != NULL) standard_forward(t->standard, B, u);
}

/* What was no hit, and what is below the threshold, is nothing. */
static void mask(const struct transform *t, int V, const float *hit, float *x)
{
    const float threshold = (float)t->threshold;

    if (threshold > 0.0f)
        for (int v = 0; v < V; v++) x[v] = cut(x[v], threshold);
    if (hit != NULL)
        for (int v = 0; v < V; v++) x[v] = hit[v] > 0.0f ? x[v] : 0.0f;
}

void transform_inverse(const struct transform *t, int B, int V, const double *energy,
                       const float *u, const float *hit, float *x)
{
    const float mev = (float)(1000.0 * t->scale);

    for (int b = 0; b < B; b++) {
        const float *from = u + (int64_t)b * V;
        float *to = x + (int64_t)b * V;
        if (t->standard != NULL) {
            standard_inverse(t->standard, from, to);
            from = to;
        }
        if (t->kind == TRANSFORM_LOGIT)
            logit_back(t, V, energy[b], from, to);
        else if (t->kind == TRANSFORM_LOG1P)
            log1p_back(t, V, energy[b], from, to);
        else
            for (int v = 0; v < V; v++) to[v] = from[v] > 0.0f ? from[v] * mev : 0.0f;
        mask(t, V, hit == NULL ? NULL : hit + (int64_t)b * V, to);
    }
}

void transform_hits(int64_t n, const float *u, float *hit)
{
    for (int64_t i = 0; i < n; i++) hit[i] = u[i] > 0.0f ? 1.0f : 0.0f;
}

void transform_blur(float *u, int V, double sigma, uint64_t seed, int64_t item, int64_t step)
{
    struct rng r = rng_at(seed, RNG_BLUR, item, step);

    for (int v = 0; v < V; v++) {
        if (!(u[v] > 0.0f)) continue;
        float y = fabsf((float)((double)u[v] + sigma * rng_normal(&r)));
        if (y > 0.0f) u[v] = y;
    }
}

double transform_energy(double energy, double a, double b, double s)
{
    return (log(energy) - a) / (b - a) * s;
}
