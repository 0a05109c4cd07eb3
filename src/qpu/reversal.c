#include "qpu/reversal.h"

#include "base/rng.h"

void reversal_draw(int8_t *sign, int n, uint64_t seed, int64_t number, int gauge)
{
    struct rng r = rng_at(seed, RNG_REVERSAL, number, gauge);
    uint32_t word = 0;

    for (int i = 0; i < n; i++, word >>= 1) {
        if (i % 32 == 0) word = rng_word(&r);
        sign[i] = word & 1 ? 1 : -1;
    }
}

void reversal_turn(double *to, const double *x, const int8_t *sign, int n)
{
    for (int i = 0; i < n; i++) to[i] = sign[i] * x[i];
}

void reversal_apply(struct ising *to, const struct ising *g, const int8_t *sign)
{
    reversal_turn(to->h, g->h, sign, g->n);
    for (int64_t k = 0; k < g->m; k++)
        to->J[k] = sign[g->pair[k][0]] * sign[g->pair[k][1]] * g->J[k];
}
