/*
 * small.h - machines small enough to enumerate, for the tests of rbm.
 */
#ifndef TESTS_RBM_SMALL_H
#define TESTS_RBM_SMALL_H

#include "base/mem.h"
#include "base/rng.h"
#include "rbm/rbm.h"
#include "rbm/spins.h"

#include <math.h>

/* Complete between K partitions; weights N(0, std), biases N(0, 0.7): functions of seed. */
static inline void small_machine(struct rbm *m, int K, const int *size, int clamped, double std,
                                 uint64_t seed)
{
    struct topology T;
    struct err e = { "" };

    if (topology_complete(&T, K, size, &e)) die("%s", e.text);
    rbm_init(m, &T, clamped);
    rbm_random(m, std, seed);
    for (int i = 0; i < m->T.N; i++) {
        struct rng r = rng_at(seed, RNG_TEST, i, 1);
        m->bias[i] = (float)(0.7 * rng_normal(&r));
    }
    rbm_prepare(m);
}

/* Clamp n units, in place of what was. */
static inline void small_hold(struct rbm *m, const int *unit, int n)
{
    uint8_t *which = mem_take(m->T.N, 1);

    for (int j = 0; j < n; j++) which[unit[j]] = 1;
    rbm_hold(m, which);
    mem_free(which);
}

/* State number s as bytes: unit i is bit i. */
static inline void small_state(uint8_t *x, int N, int64_t s)
{
    for (int i = 0; i < N; i++) x[i] = (uint8_t)(s >> i & 1);
}

/* Probabilities [2^N] by the definition, with the clamped units' bits equal to u (NULL: all
 * states); returns ln Z. */
static inline double small_probabilities(const struct rbm *m, const uint8_t *u, double *p)
{
    int N = m->T.N;
    int64_t states = (int64_t)1 << N;
    double most = -INFINITY, sum = 0.0;
    uint8_t *x = mem_take(N, 1);

    for (int64_t s = 0; s < states; s++) {
        small_state(x, N, s);
        rbm_energy_states(m, x, 1, &p[s]);
        p[s] = -p[s];
        for (int j = 0; u != NULL && j < m->held; j++)
            if (x[m->hold[j]] != u[j]) p[s] = -INFINITY;
        if (p[s] > most) most = p[s];
    }
    for (int64_t s = 0; s < states; s++) sum += p[s] = exp(p[s] - most);
    for (int64_t s = 0; s < states; s++) p[s] /= sum;
    mem_free(x);
    return most + log(sum);
}

/* Exact samples: chain c of bits [N, tiles] takes a state by inverting the distribution. */
static inline void small_starts(uint64_t *bits, int64_t tiles, const struct rbm *m)
{
    int N = m->T.N;
    double *p = mem_take((int64_t)1 << N, sizeof *p);
    uint8_t *x = mem_take(tiles * 64 * N, 1);

    small_probabilities(m, NULL, p);
    for (int64_t c = 0; c < tiles * 64; c++) {
        struct rng r = rng_at(51, RNG_TEST, c, 0);
        double u = rng_uniform(&r);
        int64_t s = 0;
        while (s + 1 < (int64_t)1 << N && u >= p[s]) u -= p[s++];
        small_state(x + c * N, N, s);
    }
    spins_pack(bits, x, tiles * 64, N);
    mem_free(p);
    mem_free(x);
}

#endif
