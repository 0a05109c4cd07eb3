/*
 * rng.h - random numbers without state.
 *
 * Every number is a function of (seed, stream, item, step): Philox4x32-10 (Salmon et al., SC 2011;
 * Random123), with the seed as the key and the rest as the counter. An item is a global number (a
 * chain, a tile, a shower), a step a sweep or an epoch: so one rank and 512 ranks draw the same
 * bits, and a restart needs two integers.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

/* What the numbers are for; the enum counts, so that no two purposes share one value. At most 256.
 */
enum rng_stream {
    RNG_TEST,
    RNG_SYNTH,
    RNG_SHUFFLE,
    RNG_SPLIT,
    RNG_ENERGY,
    RNG_INIT,
    RNG_DROPOUT,
    RNG_GUMBEL,
    RNG_HIT,
    RNG_NOISE,
    RNG_CHAIN_START,
    RNG_CHAIN,
    RNG_AIS_START,
    RNG_AIS,
    RNG_RAIS_START,
    RNG_RAIS,
    RNG_RESAMPLE,
    RNG_BOOTSTRAP,
    RNG_BINARISE,
    RNG_LATENT,
    RNG_BASELINE,
    RNG_BENCH,
    RNG_HIDDEN,
    RNG_GAUGE,
    RNG_SWAP,
    RNG_TRAJECTORY_START,
    RNG_TRAJECTORY,
    RNG_BACKOFF,
    RNG_DEVICE,
    RNG_CRITIC,
    RNG_BLUR,
    RNG_CONTROL,
    RNG_FLUX,
    RNG_READOUT,
    RNG_REVERSAL,
    RNG_UNEMBED,
    RNG_STREAMS
};

/* Where a sequence of draws stands. Copy it, store it, throw it away: it owns nothing. */
struct rng {
    uint32_t key[2];
    uint32_t counter[4]; /* draw block; item; step; stream | high bits of item and step */
    uint32_t word[4];    /* the block drawn last */
    int used;            /* words of it given out */
};

/* The counter of (stream, item, step): kernels that draw many blocks at once start here.
 * 0 <= item, step < 2^44; counter[0] = 0 is the first block of four words. */
void rng_counter(uint32_t counter[4], enum rng_stream stream, int64_t item, int64_t step);

/* Four words of Philox4x32-10. */
void rng_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

struct rng rng_at(uint64_t seed, enum rng_stream stream, int64_t item, int64_t step);

uint32_t rng_word(struct rng *r);
float rng_float(struct rng *r);    /* [0, 1), 24 bits */
double rng_uniform(struct rng *r); /* [0, 1), 53 bits */
double rng_open(struct rng *r);   /* (0, 1), 52 bits in the middle of their cells: for logarithms */
double rng_normal(struct rng *r); /* mean 0, variance 1 (Box and Muller; two uniforms each) */
double rng_gamma(struct rng *r, double shape);   /* mean = shape > 0 (Marsaglia and Tsang 2000) */
int64_t rng_poisson(struct rng *r, double mean); /* mean >= 0; inversion below 10, PTRS above */
uint64_t rng_below(struct rng *r, uint64_t n);   /* 0..n-1 without bias, n > 0 */

/* Entry i of a random permutation of 0..n-1 that is a function of (seed, stream, step): a keyed
 * Feistel network with cycle walking, so no rank needs the whole list. 0 <= i < n <= 2^60. */
int64_t rng_permuted(uint64_t seed, enum rng_stream stream, int64_t step, int64_t n, int64_t i);

#endif
