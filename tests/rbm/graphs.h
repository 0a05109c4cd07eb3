/*
 * graphs.h - machines on a torus and on chips, and the closed form of the torus, for the tests.
 */
#ifndef TESTS_RBM_GRAPHS_H
#define TESTS_RBM_GRAPHS_H

#include "base/mem.h"
#include "base/rng.h"
#include "rbm/chip.h"
#include "rbm/rbm.h"

#include <math.h>
#include <string.h>

/* n vertices and M edges with weights (an edge given twice: the sum) as a machine whose partitions
 * are the colours of a greedy colouring; vertex v has bias[v]. */
static inline void graph_machine(struct rbm *m, int n, int64_t M, const int32_t (*edge)[2],
                                 const double *weight, const double *bias)
{
    int size[TOPOLOGY_PARTITIONS] = { 0 }, first[TOPOLOGY_PARTITIONS + 1] = { 0 }, K = 0;
    int *colour = mem_take(n, sizeof *colour), *unit = mem_take(n, sizeof *unit);
    int32_t(*pair)[2] = mem_take(M, sizeof *pair);
    int64_t kept = 0;
    struct topology T;
    struct err e = { "" };

    for (int v = 0; v < n; v++) {
        uint64_t taken = 0;
        for (int64_t k = 0; k < M; k++)
            for (int end = 0; end < 2; end++)
                if (edge[k][end] == v && edge[k][1 - end] < v)
                    taken |= (uint64_t)1 << colour[edge[k][1 - end]];
        colour[v] = __builtin_ctzll(~taken);
        size[colour[v]]++;
        if (colour[v] >= K) K = colour[v] + 1;
    }
    for (int p = 0; p < K; p++) first[p + 1] = first[p] + size[p];
    for (int v = 0; v < n; v++) unit[v] = first[colour[v]]++;
    for (int64_t k = 0; k < M; k++) {
        int known = 0;
        for (int64_t l = 0; l < kept && !known; l++)
            known = (pair[l][0] == unit[edge[k][0]] && pair[l][1] == unit[edge[k][1]]) ||
                    (pair[l][1] == unit[edge[k][0]] && pair[l][0] == unit[edge[k][1]]);
        if (known) continue;
        pair[kept][0] = unit[edge[k][0]];
        pair[kept++][1] = unit[edge[k][1]];
    }
    if (topology_list(&T, K, size, kept, (const int32_t(*)[2])pair, NULL, &e)) die("%s", e.text);
    rbm_init(m, &T, -1);
    for (int v = 0; v < n; v++) m->bias[unit[v]] = (float)bias[v];
    for (int64_t k = 0; k < M; k++)
        m->weight[topology_find(&m->T, unit[edge[k][0]], unit[edge[k][1]])] += (float)weight[k];
    rbm_prepare(m);
    mem_free(colour);
    mem_free(unit);
    mem_free(pair);
}

/* Ising spins on an A x B torus, E = -J sum s s' with J / kT = K, as bits: s = 2 x - 1, W = 4 K, b
 * = -2 K for each coupling. ln Z of the spins = ln Z of the machine + 2 A B K. */
static inline void torus_machine(struct rbm *m, int A, int B, double K)
{
    int n = A * B;
    int32_t(*edge)[2] = mem_take(2 * n, sizeof *edge);
    double *weight = mem_take(2 * n, sizeof *weight), *bias = mem_take(n, sizeof *bias);

    for (int v = 0; v < n; v++) {
        edge[2 * v][0] = edge[2 * v + 1][0] = v;
        edge[2 * v][1] = v / B * B + (v + 1) % B;
        edge[2 * v + 1][1] = (v + B) % n;
        weight[2 * v] = weight[2 * v + 1] = 4.0 * K;
        bias[v] = -8.0 * K;
    }
    graph_machine(m, n, 2 * n, (const int32_t(*)[2])edge, weight, bias);
    mem_free(edge);
    mem_free(weight);
    mem_free(bias);
}

/* ln(2 cosh x), ln(2 |sinh x|) */
static inline double log_2cosh(double x)
{
    return fabs(x) + log1p(exp(-2.0 * fabs(x)));
}
static inline double log_2sinh(double x)
{
    return fabs(x) + log(-expm1(-2.0 * fabs(x)));
}

/* ln Z of Ising spins on an A x B torus (Kaufman, Phys. Rev. 76, 1232 (1949)):
 *
 *   Z = (2 sinh 2K)^(AB/2) / 2 (prod 2 cosh(A g_odd / 2) + prod 2 sinh(A g_odd / 2)
 *                              + prod 2 cosh(A g_even / 2) + prod 2 sinh(A g_even / 2))
 *   cosh g_l = cosh^2(2K) / sinh(2K) - cos(pi l / B),   l = 0 .. 2B - 1,   g_0 = 2K + ln tanh K
 */
static inline double torus_log_z(int A, int B, double K)
{
    double term[4] = { 0 }, sign = 1.0, most, sum = 0.0;

    for (int l = 0; l < 2 * B; l++) {
        double c = cosh(2 * K) * cosh(2 * K) / sinh(2 * K) - cos(3.14159265358979323846 * l / B);
        double g = l == 0 ? 2 * K + log(tanh(K)) : acosh(c);
        term[l % 2 == 0 ? 2 : 0] += log_2cosh(0.5 * A * g);
        term[l % 2 == 0 ? 3 : 1] += log_2sinh(0.5 * A * g);
        if (g < 0.0) sign = -sign;
    }
    most = fmax(fmax(term[0], term[1]), fmax(term[2], term[3]));
    for (int i = 0; i < 4; i++) sum += (i == 3 ? sign : 1.0) * exp(term[i] - most);
    return 0.5 * A * B * log(2.0 * sinh(2 * K)) - log(2.0) + most + log(sum);
}

/* All qubits of a chip; couplings N(0, std), biases N(0, 0.7). */
static inline void chip_machine(struct rbm *m, enum chip_kind kind, const char *size, double std,
                                uint64_t seed)
{
    struct lattice L;
    struct err e = { "" };
    int n = 0;

    if (chip_make(&L, kind, size, &e)) die("%s", e.text);
    int *vertex = mem_take(L.Q, sizeof *vertex);
    double *weight = mem_take(L.M, sizeof *weight), *bias = mem_take(L.Q, sizeof *bias);
    int32_t(*edge)[2] = mem_take(L.M, sizeof *edge);
    for (int q = 0; q < L.Q; q++)
        if (L.class[q] >= 0) vertex[q] = n++;
    for (int v = 0; v < n; v++) {
        struct rng r = rng_at(seed, RNG_TEST, v, 2);
        bias[v] = 0.7 * rng_normal(&r);
    }
    for (int64_t k = 0; k < L.M; k++) {
        struct rng r = rng_at(seed, RNG_TEST, k, 3);
        weight[k] = std * rng_normal(&r);
        for (int end = 0; end < 2; end++) edge[k][end] = vertex[L.joint[k][end]];
    }
    graph_machine(m, n, L.M, (const int32_t(*)[2])edge, weight, bias);
    mem_free(vertex);
    mem_free(weight);
    mem_free(bias);
    mem_free(edge);
    lattice_free(&L);
}

#endif
