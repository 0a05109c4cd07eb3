#include "cmd/annealrows.h"

#include "base/mem.h"
#include "qpu/beta.h"

#include <string.h>

void annealrows_init(struct annealrows *x, const struct par *P, const struct annealmodel *m)
{
    *x = (struct annealrows){ .root = P->rank == 0, .Q = m->Q, .spins = m->g[0].n };
    x->of = mem_take(x->Q, sizeof *x->of);
    x->first = mem_take(x->Q, sizeof *x->first);
}

void annealrows_free(struct annealrows *x)
{
    mem_free(x->of);
    mem_free(x->first);
    mem_free(x->state);
    mem_free(x->E);
    mem_free(x->problem);
    mem_free(x->set);
    *x = (struct annealrows){ 0 };
}

void annealrows_clear(struct annealrows *x)
{
    x->n = 0;
    for (int q = 0; q < x->Q; q++) x->of[q] = 0;
}

static void make_room(struct annealrows *x, int64_t n)
{
    if (!x->root || n <= x->room) return;
    x->room = 2 * n;
    x->state = mem_grow(x->state, x->room * x->spins, 1);
    x->E = mem_grow(x->E, x->room, sizeof *x->E);
    x->problem = mem_grow(x->problem, x->room, sizeof *x->problem);
    x->set = mem_grow(x->set, x->room, sizeof *x->set);
}

void annealrows_add(struct annealrows *x, const struct annealdraw *d, const struct annealmodel *m,
                    int32_t set)
{
    make_room(x, x->n + d->reads);
    for (int q = 0; q < x->Q; q++) {
        const struct ising *g = &m->g[q];
        for (int64_t i = d->first[q]; x->root && i < d->first[q] + d->of[q]; i++) {
            int64_t to = x->n + i;
            memcpy(x->state + to * x->spins, d->state + i * x->spins, (size_t)x->spins);
            x->E[to] = g->scale * (g->offset + d->energy[i]);
            x->problem[to] = q;
            x->set[to] = set;
        }
        x->of[q] += d->of[q];
    }
    x->n += d->reads;
}

void annealrows_sort(struct annealrows *x)
{
    struct annealrows y = *x;
    int64_t *at = mem_take(x->Q, sizeof *at);

    for (int q = 1; q < x->Q; q++) at[q] = at[q - 1] + x->of[q - 1];
    memcpy(x->first, at, (size_t)x->Q * sizeof *at);
    x->room = 0;
    x->state = NULL;
    x->E = NULL;
    x->problem = x->set = NULL;
    make_room(x, x->n);
    for (int64_t i = 0; x->root && i < x->n; i++) {
        int64_t to = at[y.problem[i]]++;
        memcpy(x->state + to * x->spins, y.state + i * x->spins, (size_t)x->spins);
        x->E[to] = y.E[i];
        x->problem[to] = y.problem[i];
        x->set[to] = y.set[i];
    }
    mem_free(y.state);
    mem_free(y.E);
    mem_free(y.problem);
    mem_free(y.set);
    mem_free(at);
}

void annealrows_fields(float *F, const struct annealrows *x, const struct annealmodel *m)
{
    for (int q = 0; q < x->Q; q++) {
        int64_t from = x->first[q] * x->spins, all = x->of[q] * x->spins;
        beta_fields(F + from, &m->g[q], x->state + from, x->of[q]);
        for (int64_t i = from; i < from + all; i++) F[i] *= (float)m->g[q].scale;
    }
}
