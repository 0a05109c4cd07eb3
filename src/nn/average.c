#include "nn/average.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

void average_init(struct average *a, double decay, int64_t n)
{
    *a = (struct average){ .decay = decay, .n = decay > 0.0 ? n : 0 };
    a->x = mem_take(a->n, sizeof *a->x);
}

void average_free(struct average *a)
{
    mem_free(a->x);
    *a = (struct average){ 0 };
}

void average_start(struct average *a, const float *params)
{
    a->step = 0;
    if (a->n > 0) memcpy(a->x, params, (size_t)a->n * sizeof *a->x);
}

void average_step(struct average *a, const float *params)
{
    a->step++;
    double n = (double)a->step, decay = fmin(a->decay, (1.0 + n) / (10.0 + n));
    float share = (float)(1.0 - decay), *restrict x = a->x;

    for (int64_t i = 0; i < a->n; i++) x[i] += share * (params[i] - x[i]);
}

void average_swap(struct average *a, float **params)
{
    float *x = a->x;

    if (a->n == 0) return;
    a->x = *params;
    *params = x;
}
