#include "qpu/vicinity.h"

#include "base/mem.h"

#include <string.h>

void vicinity_init(struct vicinity *v, const struct lattice *L)
{
    *v = (struct vicinity){ .Q = L->Q, .L = L };
    v->first = mem_take(L->Q + 1, sizeof *v->first);
    v->near = mem_take(2 * L->M, sizeof *v->near);
    for (int64_t k = 0; k < L->M; k++)
        for (int end = 0; end < 2; end++) v->first[L->joint[k][end] + 1]++;
    for (int q = 0; q < L->Q; q++) v->first[q + 1] += v->first[q];
    int64_t *next = mem_take(L->Q, sizeof *next);
    memcpy(next, v->first, (size_t)L->Q * sizeof *next);
    for (int end = 1; end >= 0; end--) /* smaller neighbours first: joint is sorted */
        for (int64_t k = 0; k < L->M; k++) v->near[next[L->joint[k][end]]++] = L->joint[k][1 - end];
    mem_free(next);
}

void vicinity_free(struct vicinity *v)
{
    mem_free(v->first);
    mem_free(v->near);
    *v = (struct vicinity){ 0 };
}

int vicinity_joined(const struct vicinity *v, int a, int b)
{
    for (int64_t k = v->first[a]; k < v->first[a + 1]; k++)
        if (v->near[k] == b) return 1;
    return 0;
}

int vicinity_works(const struct vicinity *v, int64_t q)
{
    return q >= 0 && q < v->Q && v->L->class[q] >= 0;
}
