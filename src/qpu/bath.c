#include "qpu/bath.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>

/* One read: its spins by unit, their fields at beta = 1, and what the spins keep. */
struct read {
    struct kern_net net;
    uint8_t *bit; /* [N] */
    float *field; /* [N] bias + sum w x */
    float *bias;  /* [N] as the field has it: that of the sweep, and of the bath */
    double *kept; /* [N] b by unit */
};

/* Fair coins, and their fields. */
static void begin(struct read *x, const struct onchip *c, int64_t number)
{
    struct rng r = rng_at(c->seed, RNG_CHAIN_START, number, 0);
    uint32_t word = 0;

    for (int i = 0; i < x->net.N; i++) {
        if (i % 32 == 0) word = rng_word(&r);
        x->bit[i] = word >> i % 32 & 1;
        x->field[i] = x->bias[i] = 0.0f;
    }
    for (int i = 0; i < x->net.N; i++)
        for (int64_t k = x->net.first[i]; k < x->net.first[i + 1]; k++)
            if (x->bit[x->net.neighbour[k]]) x->field[i] += x->net.weight[k];
}

/* The biases of a sweep in place of those of the one before. */
static void renew(struct read *x)
{
    for (int i = 0; i < x->net.N; i++) {
        float bias = x->net.bias[i] + (float)(2.0 * x->kept[i]);
        x->field[i] += bias - x->bias[i];
        x->bias[i] = bias;
    }
}

/* Is u below e / (1 + e), e = exp(-x), x >= 0? The leading zeros of u tell most that are not. */
static inline int unlikely(uint32_t word, float x)
{
    static const float bit = 0.6931472f;
    int zeros = word == 0 ? 32 : __builtin_clz(word);

    if (x > (float)(zeros + 1) * bit) return 0;
    float e = expf(-x);
    return ((float)word + 0.5f) * 2.3283064e-10f * (1.0f + e) < e;
}

static void flip(struct read *x, int i)
{
    const struct kern_net *n = &x->net;
    float sign = x->bit[i] ? -1.0f : 1.0f;

    x->bit[i] ^= 1;
    for (int64_t k = n->first[i]; k < n->first[i + 1]; k++)
        x->field[n->neighbour[k]] += sign * n->weight[k];
}

static void sweep(struct read *x, float beta, const uint32_t key[2], uint32_t counter[4])
{
    uint32_t word[4];

    for (int i = 0; i < x->net.N; i++) {
        if (i % 4 == 0) {
            counter[0] = (uint32_t)i / 4;
            rng_philox(word, counter, key);
        }
        float f = beta * x->field[i];
        int likely = f > 0.0f;
        if ((likely ^ unlikely(word[i % 4], fabsf(f))) != x->bit[i]) flip(x, i);
    }
}

static void one_read(struct read *x, struct onchip *c, const struct freezeout *f, float factor,
                     int64_t number)
{
    uint32_t counter[4];
    struct rng r = rng_at(c->seed, RNG_DEVICE, 0, 0);

    begin(x, c, number);
    for (int s = 0; s < f->n; s++) {
        onchip_biases(c, f, s);
        if (s == 0 || c->moves) renew(x);
        rng_counter(counter, RNG_DEVICE, number, s);
        sweep(x, (float)f->beta[s] * factor, r.key, counter);
    }
}

int64_t bath_read(const struct bath *b, struct onchip *c, const struct freezeout *f,
                  const float *factor, int64_t reads, uint8_t *states)
{
    int n = c->g.n;
    struct read x = { .net = rbm_net(&c->m) };

    x.bit = mem_take(n, 1);
    x.field = mem_take(n, sizeof *x.field);
    x.bias = mem_take(n, sizeof *x.bias);
    x.kept = mem_take(n, sizeof *x.kept);
    for (int64_t r = 0; r < reads; r++) {
        one_read(&x, c, f, factor[r], r);
        for (int i = 0; i < n; i++) {
            int unit = c->place[i];
            states[r * n + i] = x.bit[unit];
            x.kept[unit] = b->keep * x.kept[unit] + (x.bit[unit] ? b->kick : -b->kick);
        }
    }
    mem_free(x.bit);
    mem_free(x.field);
    mem_free(x.bias);
    mem_free(x.kept);
    return reads;
}
