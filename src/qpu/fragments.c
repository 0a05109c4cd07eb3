#include "qpu/fragments.h"

#include "base/mem.h"

#include <string.h>

struct hunt {
    const struct embedding *m;
    const struct vicinity *v;
    int held;
    int32_t *owner; /* [Q] chain of a qubit; -1: unused; m->n + c: of held unit c; owned */
    uint8_t *wants; /* [held, m->n] is this chain still to be touched? owned */
    int *left;      /* [held] how many are; owned */
    int64_t *taken; /* [held] qubits so far; owned */
    int32_t *mark;  /* [m->n] scratch; owned */
    int32_t stamp;
};

static void hunt_init(struct hunt *h, const struct embedding *m, const struct vicinity *v,
                      const struct ising *g)
{
    *h = (struct hunt){ .m = m, .v = v, .held = g->n - m->n };
    h->owner = mem_take(v->Q, sizeof *h->owner);
    h->wants = mem_take((int64_t)h->held * m->n, 1);
    h->left = mem_take(h->held, sizeof *h->left);
    h->taken = mem_take(h->held, sizeof *h->taken);
    h->mark = mem_take(m->n, sizeof *h->mark);
    for (int q = 0; q < v->Q; q++) h->owner[q] = -1;
    for (int i = 0; i < m->n; i++)
        for (int64_t k = m->first[i]; k < m->first[i + 1]; k++) h->owner[m->qubit[k]] = i;
    for (int64_t k = 0; k < g->m; k++) {
        int a = g->pair[k][0], b = g->pair[k][1], free = a < m->n ? a : b, held = a < m->n ? b : a;
        if (held < m->n || free >= m->n) continue; /* of two chains, or of two held units */
        uint8_t *w = &h->wants[(int64_t)(held - m->n) * m->n + free];
        h->left[held - m->n] += !*w;
        *w = 1;
    }
}

static void hunt_free(struct hunt *h)
{
    mem_free(h->owner);
    mem_free(h->wants);
    mem_free(h->left);
    mem_free(h->taken);
    mem_free(h->mark);
}

/* Chains next to q that unit c still wants; with `take` they have it now. */
static int touches(struct hunt *h, int q, int c, int take)
{
    uint8_t *wants = h->wants + (int64_t)c * h->m->n;
    int n = 0;

    h->stamp++;
    for (int64_t k = h->v->first[q]; k < h->v->first[q + 1]; k++) {
        int32_t i = h->owner[h->v->near[k]];
        if (i < 0 || i >= h->m->n || !wants[i] || h->mark[i] == h->stamp) continue;
        h->mark[i] = h->stamp;
        n++;
        if (take) wants[i] = 0;
    }
    return n;
}

/* One more qubit for unit c: 0 when none is of use. */
static int grab(struct hunt *h, int c)
{
    int best = -1, most = 0;

    for (int q = 0; q < h->v->Q; q++) {
        if (h->owner[q] >= 0 || !vicinity_works(h->v, q)) continue;
        int n = touches(h, q, c, 0);
        if (n > most) most = n, best = q;
    }
    if (best < 0) return 0;
    h->left[c] -= touches(h, best, c, 1);
    h->owner[best] = h->m->n + c;
    h->taken[c]++;
    return 1;
}

/* The chains as they are, then the qubits of each held unit. */
static void put(struct embedding *all, const struct hunt *h)
{
    const struct embedding *m = h->m;
    int64_t qubits = m->first[m->n];

    for (int c = 0; c < h->held; c++) qubits += h->taken[c];
    embedding_take(all, m->n + h->held, qubits);
    memcpy(all->first, m->first, (size_t)(m->n + 1) * sizeof *m->first);
    memcpy(all->qubit, m->qubit, (size_t)m->first[m->n] * sizeof *m->qubit);
    for (int c = 0; c < h->held; c++) {
        int64_t at = all->first[m->n + c];
        for (int q = 0; q < h->v->Q; q++)
            if (h->owner[q] == m->n + c) all->qubit[at++] = q;
        all->first[m->n + c + 1] = at;
    }
}

int fragments_find(struct embedding *all, const struct embedding *m, const struct vicinity *v,
                   const struct ising *g, struct err *e)
{
    struct hunt h;
    int more = 1, bad = 0;

    *all = (struct embedding){ 0 };
    hunt_init(&h, m, v, g);
    while (more && !bad) {
        more = 0;
        for (int c = 0; c < h.held && !bad; c++) {
            if (h.left[c] == 0) continue;
            more = 1;
            if (!grab(&h, c))
                bad = err_set(e,
                              "no unused qubit is next to %d of the chains that unit %d, which is "
                              "held, is coupled to: expected anneal.condition: fold, or a smaller "
                              "embedding",
                              h.left[c], g->unit[m->n + c]);
        }
    }
    if (!bad) put(all, &h);
    hunt_free(&h);
    return bad ? -1 : 0;
}
