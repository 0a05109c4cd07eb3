#include "base/rng.h"

#include "base/err.h"

#include <math.h>

#include <Random123/philox.h>

void rng_counter(uint32_t counter[4], enum rng_stream stream, int64_t item, int64_t step)
{
    const int64_t most = (int64_t)1 << 44;

    if (item < 0 || item >= most || step < 0 || step >= most)
        die("random numbers of item %lld, step %lld", (long long)item, (long long)step);
    counter[0] = 0;
    counter[1] = (uint32_t)item;
    counter[2] = (uint32_t)step;
    counter[3] = (uint32_t)stream << 24 | (uint32_t)(item >> 32) << 12 | (uint32_t)(step >> 32);
}

void rng_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
    philox4x32_ctr_t c = { { counter[0], counter[1], counter[2], counter[3] } };
    philox4x32_key_t k = { { key[0], key[1] } };
    philox4x32_ctr_t x = philox4x32(c, k);

    for (int i = 0; i < 4; i++) out[i] = x.v[i];
}

struct rng rng_at(uint64_t seed, enum rng_stream stream, int64_t item, int64_t step)
{
    struct rng r = { .key = { (uint32_t)seed, (uint32_t)(seed >> 32) }, .used = 4 };

    rng_counter(r.counter, stream, item, step);
    return r;
}

uint32_t rng_word(struct rng *r)
{
    if (r->used == 4) {
        rng_philox(r->word, r->counter, r->key);
        r->counter[0]++;
        r->used = 0;
    }
    return r->word[r->used++];
}

float rng_float(struct rng *r)
{
    return (float)(rng_word(r) >> 8) * 0x1p-24f;
}

double rng_uniform(struct rng *r)
{
    uint64_t high = rng_word(r), low = rng_word(r);

    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

double rng_open(struct rng *r)
{
    uint64_t high = rng_word(r), low = rng_word(r);

    /* 52 bits and a half: with 53 the largest would round to 1 */
    return ((double)((high << 32 | low) >> 12) + 0.5) * 0x1p-52;
}

double rng_normal(struct rng *r)
{
    double radius = sqrt(-2.0 * log(rng_open(r)));

    return radius * cos(2.0 * 3.14159265358979323846 * rng_uniform(r));
}

double rng_gamma(struct rng *r, double shape)
{
    if (!(shape > 0.0) || !isfinite(shape)) die("gamma variate of shape %g", shape);
    /* below 1: G(a) = G(a + 1) u^(1/a) */
    double boost = shape < 1.0 ? pow(rng_open(r), 1.0 / shape) : 1.0;
    double d = (shape < 1.0 ? shape + 1.0 : shape) - 1.0 / 3.0, c = 1.0 / sqrt(9.0 * d);

    for (;;) {
        double x = rng_normal(r), v = 1.0 + c * x;
        if (v <= 0.0) continue;
        v = v * v * v;
        if (log(rng_open(r)) < 0.5 * x * x + d - d * v + d * log(v)) return d * v * boost;
    }
}

/* Hormann, "The transformed rejection method for generating Poisson random variables" (1993). */
static int64_t poisson_large(struct rng *r, double mean)
{
    double slam = sqrt(mean), loglam = log(mean);
    double b = 0.931 + 2.53 * slam, a = -0.059 + 0.02483 * b;
    double invalpha = 1.1239 + 1.1328 / (b - 3.4), vr = 0.9277 - 3.6224 / (b - 2.0);

    for (;;) {
        double u = rng_uniform(r) - 0.5, v = rng_open(r), us = 0.5 - fabs(u);
        double k = floor((2.0 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= vr) return (int64_t)k;
        if (k < 0.0 || (us < 0.013 && v > us)) continue;
        if (log(v) + log(invalpha) - log(a / (us * us) + b) <= -mean + k * loglam - lgamma(k + 1.0))
            return (int64_t)k;
    }
}

int64_t rng_poisson(struct rng *r, double mean)
{
    if (!(mean >= 0.0) || mean > 0x1p50) die("Poisson variate of mean %g", mean);
    if (mean >= 10.0) return poisson_large(r, mean);
    double u = rng_uniform(r), p = exp(-mean), below = p;
    int64_t k = 0;
    while (u >= below && k < 200) { /* at mean < 10, P(k > 200) is no double */
        k++;
        p *= mean / (double)k;
        below += p;
    }
    return k;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
    if (n == 0) die("a random number below 0");
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, x;
    do {
        uint64_t high = rng_word(r), low = rng_word(r);
        x = high << 32 | low;
    } while (x >= limit);
    return x % n;
}

/* One pass through eight rounds on 2 x half bits. */
static uint64_t feistel(uint64_t x, int half, const uint32_t key[2], const uint32_t counter[4])
{
    uint64_t mask = ((uint64_t)1 << half) - 1, left = x >> half, right = x & mask;

    for (uint32_t round = 0; round < 8; round++) {
        uint32_t c[4] = { (uint32_t)right, (uint32_t)(right >> 32) | round << 28, counter[2],
                          counter[3] };
        uint32_t w[4];
        rng_philox(w, c, key);
        uint64_t next = left ^ (((uint64_t)w[1] << 32 | w[0]) & mask);
        left = right;
        right = next;
    }
    return left << half | right;
}

int64_t rng_permuted(uint64_t seed, enum rng_stream stream, int64_t step, int64_t n, int64_t i)
{
    uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) }, counter[4];
    int half = 1;

    if (i < 0 || i >= n || n > (int64_t)1 << 60)
        die("entry %lld of a permutation of %lld", (long long)i, (long long)n);
    while (half < 30 && (int64_t)1 << 2 * half < n) half++;
    rng_counter(counter, stream, 0, step);
    uint64_t x = (uint64_t)i;
    do x = feistel(x, half, key, counter);
    while (x >= (uint64_t)n); /* walk the cycle: at most 4 passes on average */
    return (int64_t)x;
}
