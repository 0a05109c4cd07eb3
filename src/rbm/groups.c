#include "rbm/groups.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Units with more neighbours than this are grouped with the next ones of their kind: in a graph so
 * dense any group shares most of its neighbours, and counting them takes the square of it. */
enum { DENSE = 256 };

static int degree(const struct rbm *m, int i)
{
    return (int)(m->near_first[i + 1] - m->near_first[i]);
}

/* How many neighbours each free unit shares with `unit`: share[], and whom it met: list[]. */
static int meet(const struct groups *g, const struct rbm *m, int unit, int32_t *share,
                int32_t *list)
{
    int n = 0;

    for (int64_t a = m->near_first[unit]; a < m->near_first[unit + 1]; a++) {
        int via = m->near[a];
        for (int64_t b = m->near_first[via]; b < m->near_first[via + 1]; b++) {
            int other = m->near[b];
            if (other <= unit || g->of[other] >= 0 || degree(m, other) > DENSE) continue;
            if (share[other]++ == 0) list[n++] = other;
        }
    }
    return n;
}

/* Is a better company than b? More shared neighbours, then the same partition, then the lower
 * number. */
static int better(const struct rbm *m, int unit, const int32_t *share, int a, int b)
{
    int p = topology_of(&m->T, unit);

    if (share[a] != share[b]) return share[a] > share[b];
    if ((topology_of(&m->T, a) == p) != (topology_of(&m->T, b) == p))
        return topology_of(&m->T, a) == p;
    return a < b;
}

static void join(struct groups *g, int unit, int *size)
{
    g->of[unit] = g->n;
    g->slot[unit] = *size;
    g->member[g->n][(*size)++] = unit;
}

/* The group of `unit`, from those that share enough with it. */
static void gather_sparse(struct groups *g, const struct rbm *m, int unit, int most, int32_t *share,
                          int32_t *list)
{
    int size = 0, n = meet(g, m, unit, share, list);

    join(g, unit, &size);
    while (size < most) {
        int best = -1;
        for (int i = 0; i < n; i++) {
            int other = list[i],
                least = degree(m, unit) < degree(m, other) ? degree(m, unit) : degree(m, other);
            if (g->of[other] >= 0 || 2 * share[other] < least) continue;
            if (best < 0 || better(m, unit, share, other, best)) best = other;
        }
        if (best < 0) break;
        join(g, best, &size);
    }
    for (int i = 0; i < n; i++) share[list[i]] = 0;
}

static void gather_dense(struct groups *g, const struct rbm *m, int unit, int most)
{
    int size = 0, end = m->T.first[topology_of(&m->T, unit) + 1];

    for (int i = unit; i < end && size < most; i++)
        if (g->of[i] < 0 && degree(m, i) > DENSE) join(g, i, &size);
}

static void find(struct groups *g, const struct rbm *m, int most)
{
    int N = m->T.N;
    int32_t *share = mem_take(N, sizeof *share), *list = mem_take(N, sizeof *list);

    memset(g->member, 0xff, (size_t)N * sizeof g->member[0]);
    for (int i = 0; i < N; i++) g->of[i] = -1;
    for (int i = 0; i < N; i++) {
        if (g->of[i] >= 0) continue;
        if (degree(m, i) > DENSE)
            gather_dense(g, m, i, most);
        else
            gather_sparse(g, m, i, most, share, list);
        g->n++;
    }
    mem_free(share);
    mem_free(list);
}

/* The squads of partition p, by the group of their first unit. */
static int enlist(struct groups *g, const struct rbm *m, int p, int squads)
{
    for (int i = m->T.first[p]; i < m->T.first[p + 1]; i++) {
        const int32_t *member = g->member[g->of[i]];
        struct kern_squad *s = g->squad + squads;
        s->n = 0;
        s->group = g->of[i];
        for (int k = 0; k < KERN_GROUP && member[k] >= 0; k++)
            if (member[k] >= m->T.first[p] && member[k] < m->T.first[p + 1])
                s->unit[s->n++] = member[k];
        int least = s->unit[0];
        for (int k = 1; k < s->n; k++)
            if (s->unit[k] < least) least = s->unit[k];
        squads += least == i;
    }
    return squads;
}

static int rising(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

/* A squad's list, from `end` on, and the places of its couplings; at [groups] is -1 before and
 * after. Returns the new end. */
static int32_t couple(struct groups *g, const struct rbm *m, struct kern_squad *s, int32_t end,
                      int32_t *at)
{
    s->first = end;
    s->table = g->tables;
    for (int u = 0; u < s->n; u++)
        for (int64_t k = m->near_first[s->unit[u]]; k < m->near_first[s->unit[u] + 1]; k++) {
            int32_t group = g->of[m->near[k]];
            if (at[group] >= 0) continue;
            at[group] = 0;
            g->list[end++] = group;
        }
    s->last = end;
    qsort(g->list + s->first, (size_t)(end - s->first), sizeof g->list[0], rising);
    for (int i = s->first; i < end; i++) at[g->list[i]] = i - s->first;
    for (int u = 0; u < s->n; u++)
        for (int64_t k = m->near_first[s->unit[u]]; k < m->near_first[s->unit[u] + 1]; k++) {
            int32_t j = m->near[k];
            int64_t table = s->table + (int64_t)at[g->of[j]] * s->n + u;
            g->place[k] = table * KERN_GROUP + g->slot[j];
        }
    for (int i = s->first; i < end; i++) at[g->list[i]] = -1;
    g->tables += (int64_t)(end - s->first) * s->n;
    return end;
}

void groups_init(struct groups *g, const struct rbm *m, int most)
{
    int N = m->T.N, squads = 0;
    int32_t end = 0;

    if (most < 1 || most > KERN_GROUP) die("groups of %d units", most);
    *g = (struct groups){ .K = m->T.K };
    g->member = mem_take(N, sizeof g->member[0]);
    g->of = mem_take(N, sizeof g->of[0]);
    g->slot = mem_take(N, sizeof g->slot[0]);
    g->squad = mem_take(N, sizeof g->squad[0]);
    g->squad_first = mem_take(m->T.K + 1, sizeof g->squad_first[0]);
    g->list = mem_take(2 * m->T.M, sizeof g->list[0]);
    g->place = mem_take(2 * m->T.M, sizeof g->place[0]);
    find(g, m, most);
    int32_t *at = mem_take(g->n, sizeof *at);
    for (int i = 0; i < g->n; i++) at[i] = -1;
    for (int p = 0; p < m->T.K; p++) {
        squads = enlist(g, m, p, squads);
        g->squad_first[p + 1] = squads;
    }
    for (int i = 0; i < squads; i++) end = couple(g, m, g->squad + i, end, at);
    mem_free(at);
}

void groups_free(struct groups *g)
{
    mem_free(g->member);
    mem_free(g->of);
    mem_free(g->slot);
    mem_free(g->squad);
    mem_free(g->squad_first);
    mem_free(g->list);
    mem_free(g->place);
    *g = (struct groups){ 0 };
}
