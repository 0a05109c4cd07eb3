/*
 * machines.h - machines on each kind of graph, for the tests of rbm.
 */
#ifndef TESTS_RBM_MACHINES_H
#define TESTS_RBM_MACHINES_H

#include "rbm/chip.h"
#include "rbm/place.h"
#include "rbm/small.h"

enum { COMPLETE, ZEPHYR, PEGASUS, CHIMERA, RANDOM, GRAPHS };

/* A machine on a graph, weights N(0, std), biases of size one. */
static inline void machine(struct rbm *m, int graph, int K, const int *size, double std)
{
    static const char *const chip[GRAPHS] = { "", "3", "4", "6", "" };
    static const enum chip_kind kind[GRAPHS] = { 0, CHIP_ZEPHYR, CHIP_PEGASUS, CHIP_CHIMERA, 0 };
    struct err e = { "" };
    struct topology T;
    struct lattice L = { 0 };

    if (graph == COMPLETE) {
        topology_complete(&T, K, size, &e);
    } else if (graph == RANDOM) {
        int n = 0, N = 0, edges = 0;
        for (int p = 0; p < K; p++) N += size[p];
        int32_t(*edge)[2] = mem_take((int64_t)N * N, sizeof *edge);
        for (int p = 0, first = 0; p < K; first += size[p++])
            for (int i = first; i < first + size[p]; i++)
                for (int j = first + size[p]; j < N; j++) {
                    struct rng r = rng_at(5, RNG_TEST, n++, 0);
                    if (rng_uniform(&r) > 7.0 / N) continue;
                    edge[edges][0] = j;
                    edge[edges++][1] = i;
                }
        topology_list(&T, K, size, edges, (const int32_t(*)[2])edge, NULL, &e);
        mem_free(edge);
    } else if (chip_make(&L, kind[graph], chip[graph], &e) == 0) {
        chip_dead(&L, "7\n20\n", "dead", &e);
        place_choose(&T, &L, K, size, NULL, &e);
        lattice_free(&L);
    }
    if (err_is(&e)) die("%s", e.text);
    rbm_init(m, &T, -1);
    rbm_random(m, std, 3);
    for (int i = 0; i < m->T.N; i++) {
        struct rng r = rng_at(4, RNG_TEST, i, 0);
        m->bias[i] = (float)rng_normal(&r);
    }
    rbm_prepare(m);
}

static inline void coins(uint64_t *bits, int64_t n)
{
    struct rng r = rng_at(3, RNG_TEST, 0, 0);

    for (int64_t i = 0; i < n; i++) {
        uint64_t high = rng_word(&r), low = rng_word(&r);
        bits[i] = high << 32 | low;
    }
}

#endif
