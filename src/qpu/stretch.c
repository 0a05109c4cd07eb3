#include "qpu/stretch.h"

#include "base/mem.h"

#include <string.h>

/* Before and after a qubit on its line, coupled to it, or -1. */
static int32_t (*find_next(const struct strands *s))[2]
{
    int32_t(*next)[2] = mem_take(s->v->Q, sizeof *next);

    for (int q = 0; q < s->v->Q; q++) next[q][0] = next[q][1] = -1;
    for (int u = 0; u < 2; u++)
        for (int i = 0; i < s->lines[u]; i++)
            for (int64_t k = s->line[u][i].first; k + 1 < s->line[u][i].end; k++) {
                const struct stretch *a = &s->part[u][k];
                if (a[1].low != a[0].high + 1 || !vicinity_joined(s->v, a[0].qubit, a[1].qubit))
                    continue;
                next[a[0].qubit][1] = a[1].qubit;
                next[a[1].qubit][0] = a[0].qubit;
            }
    return next;
}

int64_t stretch_chains(struct embedding *m, const struct strands *s)
{
    int32_t(*next)[2] = find_next(s);
    uint8_t *used = mem_take(s->v->Q, 1);
    int64_t before = m->first[m->n], at = 0;
    struct embedding more;

    for (int64_t k = 0; k < before; k++) used[m->qubit[k]] = 1;
    embedding_take(&more, m->n, 3 * before);
    for (int i = 0; i < m->n; i++) {
        for (int64_t k = m->first[i]; k < m->first[i + 1]; k++) {
            more.qubit[at++] = m->qubit[k];
            for (int side = 0; side < 2; side++) {
                int32_t q = next[m->qubit[k]][side];
                if (q < 0 || used[q]) continue;
                used[q] = 1;
                more.qubit[at++] = q;
            }
        }
        more.first[i + 1] = at;
    }
    mem_free(next);
    mem_free(used);
    embedding_free(m);
    *m = more;
    return at - before;
}
