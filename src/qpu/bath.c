#include "qpu/bath.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

/*
 * One read. Units of a class do not see each other, so 64 of them are drawn at once, as the kernel
 * draws 64 chains: each class begins a new word, and what is left of its last one is drawn in vain.
 */
struct read {
    struct kern_net net;
    int words;
    int32_t *at;    /* [N] the place of a unit: 64 word + bit */
    int32_t *near;  /* [2M] places of neighbours, in the order of net */
    int32_t *unit;  /* [64 words] or -1 */
    uint64_t *bits; /* [words] */
    uint64_t *live; /* [words] units that do not stay */
    float *field;   /* [64 words] bias + sum w x at beta = 1 */
    float *bias;    /* [N] as the field has it: that of the sweep, and of the bath */
    float *bath;    /* [N] 2 b of this read */
    double *kept;   /* [N] b by unit */
};

static void read_take(struct read *x, const struct rbm *m)
{
    int N = m->T.N;

    *x = (struct read){ .net = rbm_net(m) };
    x->at = mem_take(N, sizeof *x->at);
    x->near = mem_take(x->net.first[N], sizeof *x->near);
    x->bias = mem_take(N, sizeof *x->bias);
    x->kept = mem_take(N, sizeof *x->kept);
    x->bath = mem_take(N, sizeof *x->bath);
    for (int p = 0, i = 0; p < m->T.K; p++) {
        for (int k = 0; k < m->T.size[p]; k++) x->at[i++] = x->words * KERN_LANES + k;
        x->words += (m->T.size[p] + KERN_LANES - 1) / KERN_LANES;
    }
    for (int64_t k = 0; k < x->net.first[N]; k++) x->near[k] = x->at[x->net.neighbour[k]];
    x->unit = mem_take((int64_t)x->words * KERN_LANES, sizeof *x->unit);
    x->field = mem_take((int64_t)x->words * KERN_LANES, sizeof *x->field);
    x->bits = mem_take(x->words, sizeof *x->bits);
    x->live = mem_take(x->words, sizeof *x->live);
    for (int l = 0; l < x->words * KERN_LANES; l++) x->unit[l] = -1;
    for (int i = 0; i < N; i++) x->unit[x->at[i]] = i;
}

static void read_free(struct read *x)
{
    mem_free(x->at);
    mem_free(x->near);
    mem_free(x->unit);
    mem_free(x->field);
    mem_free(x->bits);
    mem_free(x->live);
    mem_free(x->bias);
    mem_free(x->kept);
    mem_free(x->bath);
}

static int bit_of(const struct read *x, int unit)
{
    return (int)(x->bits[x->at[unit] / KERN_LANES] >> x->at[unit] % KERN_LANES & 1);
}

/* Fair coins, and what they do to their neighbours. */
static void begin(struct read *x, uint64_t seed, int64_t number)
{
    struct rng r = rng_at(seed, RNG_CHAIN_START, number, 0);

    for (int w = 0; w < x->words; w++) {
        uint64_t high = rng_word(&r);
        x->bits[w] = high << 32 | rng_word(&r);
    }
    memset(x->bias, 0, (size_t)x->net.N * sizeof *x->bias);
    memset(x->field, 0, (size_t)x->words * KERN_LANES * sizeof *x->field);
    for (int i = 0; i < x->net.N; i++)
        for (int64_t k = x->net.first[i]; k < x->net.first[i + 1] && bit_of(x, i); k++)
            x->field[x->near[k]] += x->net.weight[k];
}

/* The biases of a sweep in place of those of the one before, class by class. */
static void renew(struct read *x)
{
    for (int i = 0; i < x->net.N;) {
        int from = i, word = x->at[i] / KERN_LANES;
        float *restrict field = x->field + x->at[i];
        while (i < x->net.N && x->at[i] / KERN_LANES == word) i++;
        for (int k = from; k < i; k++) {
            float bias = x->net.bias[k] + x->bath[k];
            field[k - from] += bias - x->bias[k];
            x->bias[k] = bias;
        }
    }
}

/* The neighbours of the units of a word that flip. */
static void tell_neighbours(struct read *x, int word, uint64_t now)
{
    for (uint64_t flips = now ^ x->bits[word]; flips != 0; flips &= flips - 1) {
        int bit = __builtin_ctzll(flips), i = x->unit[word * KERN_LANES + bit];
        float sign = now >> bit & 1 ? 1.0f : -1.0f;
        if (i < 0) continue;
        for (int64_t k = x->net.first[i]; k < x->net.first[i + 1]; k++)
            x->field[x->near[k]] += sign * x->net.weight[k];
    }
    x->bits[word] = now;
}

static void choose(struct read *x, const uint8_t *still)
{
    memset(x->live, 0, (size_t)x->words * sizeof *x->live);
    for (int i = 0; i < x->net.N; i++)
        x->live[x->at[i] / KERN_LANES] |= (uint64_t)!still[i] << x->at[i] % KERN_LANES;
}

static void one_read(struct read *x, struct onchip *c, const struct freezeout *f,
                     const struct kern *k, float factor, int64_t number)
{
    struct rng r = rng_at(c->seed, RNG_DEVICE, 0, 0);
    struct kern_draw d = { .key = { r.key[0], r.key[1] } };

    begin(x, c->seed, number);
    for (int i = 0; i < x->net.N; i++) x->bath[i] = (float)(2.0 * x->kept[i]);
    for (int s = 0, live = -1; s < f->n && live != 0; s++) {
        int now_live = onchip_freeze(c, f, s);
        if (now_live != live) choose(x, c->still);
        live = now_live;
        onchip_biases(c, f, s);
        if (s == 0 || c->moves) renew(x);
        rng_counter(d.counter, RNG_DEVICE, number, s);
        d.beta = (float)f->beta[s] * factor;
        for (int w = 0; w < x->words; w++) {
            uint64_t now = x->bits[w];
            if (x->live[w] == 0) continue;
            k->draw(&now, NULL, 1, x->field + w * KERN_LANES, &d, w);
            tell_neighbours(x, w, (now & x->live[w]) | (x->bits[w] & ~x->live[w]));
        }
    }
}

int64_t bath_read(const struct bath *b, struct onchip *c, const struct freezeout *f,
                  const struct kern *k, const float *factor, int64_t reads, uint8_t *states)
{
    int n = c->g.n;
    struct read x;

    read_take(&x, &c->m);
    for (int64_t r = 0; r < reads; r++) {
        one_read(&x, c, f, k, factor[r], r);
        for (int i = 0; i < n; i++) {
            int unit = c->place[i], bit = bit_of(&x, unit);
            states[r * n + i] = (uint8_t)bit;
            x.kept[unit] = b->keep * (x.kept[unit] + (bit ? b->kick : -b->kick));
        }
    }
    read_free(&x);
    return reads;
}
