/*
 * stage.h - a machine of 12 units with its ln Z and exact samples, for tests of annealing paths.
 */
#ifndef TESTS_RBM_STAGE_H
#define TESTS_RBM_STAGE_H

#include "rbm/ais.h"
#include "rbm/exact.h"
#include "rbm/small.h"

#include <string.h>

enum { STAGE_TILES = 157, STAGE_UNITS = 12, STAGE_LANES = STAGE_TILES * 64 }; /* 10,048 runs */

/* What the tests share: a machine of 12 units, its ln Z, exact samples. */
struct stage {
    struct rbm m;
    double log_z;
    uint64_t start[STAGE_UNITS * STAGE_TILES];
    float base[STAGE_UNITS];
};

static inline void stage_build(struct stage *s, double std)
{
    const int size[4] = { 4, 3, 3, 2 };
    double mean[STAGE_UNITS], pair[64];
    struct exact x;
    struct err e = { "" };

    small_machine(&s->m, 4, size, -1, std, 61);
    assert_int_equal(exact_plan(&x, &s->m, 0, EXACT_UNITS, &e), 0);
    s->log_z = exact_moments(&x, &s->m, NULL, mean, pair);
    small_starts(s->start, STAGE_TILES, &s->m);
    ais_base(s->base, &s->m, AIS_DATA, mean, 1e-3);
    exact_free(&x);
}

static inline void stage_set_out(struct ais *a, const struct stage *s, struct block tiles,
                                 int reverse, int K, const uint64_t *start)
{
    double *beta = mem_take(K + 1, sizeof *beta);

    ais_linear(beta, K);
    ais_init(a, &s->m, kern_best(), tiles, reverse, K, beta, 1, s->base, start, 3);
    mem_free(beta);
}

static inline double stage_mean_weight(const double *x, int64_t n, double shift, double *error)
{
    double sum = 0.0, squares = 0.0;

    for (int64_t i = 0; i < n; i++) {
        double w = exp(x[i] - shift);
        sum += w;
        squares += w * w;
    }
    sum /= (double)n;
    *error = sqrt((squares / (double)n - sum * sum) / (double)n);
    return sum;
}

#endif
