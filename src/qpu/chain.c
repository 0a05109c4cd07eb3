#include "qpu/chain.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double chain_strength(enum chain_rule rule, double x, const struct ising *g)
{
    static const double TORQUE = 1.414;
    double most = 0.0, squares = 0.0;

    if (rule == CHAIN_FIXED) return x;
    for (int64_t k = 0; k < g->m; k++) {
        most = fmax(most, fabs(g->J[k]));
        squares += g->J[k] * g->J[k];
    }
    double torque = sqrt(2.0 * squares / g->n); /* rms(J) sqrt(2 m / n) */
    if (rule == CHAIN_THERMAL) return x / g->scale + TORQUE * torque;
    if (most == 0.0) return x; /* nothing pulls at a chain */
    return x * (rule == CHAIN_MAX ? most : torque);
}

/* A coupling of g by its ends. */
struct link {
    int32_t i, j;
    int64_t k;
};

static int by_ends(const void *a, const void *b)
{
    const struct link *x = a, *y = b;

    if (x->i != y->i) return x->i < y->i ? -1 : 1;
    return (x->j > y->j) - (x->j < y->j);
}

struct weave {
    const struct ising *g;
    const struct embedding *m;
    struct link *link; /* [g->m] sorted; owned */
    int32_t *owner;    /* [Q] the chain of a qubit, or -1; owned */
    int32_t *spin;     /* [Q] its place in m->qubit; owned */
    int64_t *many;     /* [g->m] couplers of a coupling; owned */
};

static void weave_init(struct weave *w, const struct ising *g, const struct embedding *m, int Q)
{
    *w = (struct weave){ .g = g, .m = m };
    w->link = mem_take(g->m, sizeof *w->link);
    w->owner = mem_take(Q, sizeof *w->owner);
    w->spin = mem_take(Q, sizeof *w->spin);
    w->many = mem_take(g->m, sizeof *w->many);
    for (int64_t k = 0; k < g->m; k++)
        w->link[k] = (struct link){ g->pair[k][0], g->pair[k][1], k };
    if (g->m > 0) qsort(w->link, (size_t)g->m, sizeof *w->link, by_ends);
    for (int q = 0; q < Q; q++) w->owner[q] = -1;
    for (int i = 0; i < m->n; i++)
        for (int64_t k = m->first[i]; k < m->first[i + 1]; k++) {
            w->owner[m->qubit[k]] = i;
            w->spin[m->qubit[k]] = (int32_t)k;
        }
}

static void weave_free(struct weave *w)
{
    mem_free(w->link);
    mem_free(w->owner);
    mem_free(w->spin);
    mem_free(w->many);
}

/* The first coupling of chains a and b in link, or NULL; the same pair may follow. */
static const struct link *find(const struct weave *w, int32_t a, int32_t b)
{
    struct link key = { a < b ? a : b, a < b ? b : a, 0 };

    if (w->g->m == 0) return NULL;
    const struct link *x = bsearch(&key, w->link, (size_t)w->g->m, sizeof *w->link, by_ends);
    while (x != NULL && x > w->link && by_ends(x - 1, &key) == 0) x--;
    return x;
}

static int64_t count(struct weave *w, const struct lattice *L, int tied)
{
    int64_t m = 0;

    for (int64_t c = 0; c < L->M; c++) {
        int32_t a = w->owner[L->joint[c][0]], b = w->owner[L->joint[c][1]];
        if (a < 0 || b < 0) continue;
        const struct link *x = a == b ? NULL : find(w, a, b);
        if (x != NULL) w->many[x - w->link]++;
        m += x != NULL || (a == b && a < tied);
    }
    return m;
}

/* What all couplings of one pair give together. */
static double sum(const struct weave *w, const struct link *x)
{
    double J = 0.0;

    for (const struct link *y = x; y < w->link + w->g->m && by_ends(x, y) == 0; y++)
        J += w->g->J[y->k];
    return J;
}

static void put(struct ising *p, const struct weave *w, const struct lattice *L, double strength,
                int tied)
{
    p->m = 0;
    for (int64_t c = 0; c < L->M; c++) {
        int32_t u = L->joint[c][0], v = L->joint[c][1], a = w->owner[u], b = w->owner[v];
        if (a < 0 || b < 0) continue;
        const struct link *x = a == b ? NULL : find(w, a, b);
        if (x == NULL && (a != b || a >= tied)) continue;
        int32_t s = w->spin[u], t = w->spin[v];
        p->pair[p->m][0] = s < t ? s : t;
        p->pair[p->m][1] = s < t ? t : s;
        p->J[p->m++] = x == NULL ? -strength : sum(w, x) / (double)w->many[x - w->link];
    }
}

int chain_spread(struct ising *p, const struct ising *g, const struct embedding *m,
                 const struct vicinity *v, double strength, int tied, struct err *e)
{
    struct weave w;
    int bad = 0;

    weave_init(&w, g, m, v->Q);
    ising_take(p, (int)m->first[m->n], count(&w, v->L, tied));
    for (int64_t k = 0; k < g->m && !bad; k++) {
        const struct link *x = find(&w, g->pair[k][0], g->pair[k][1]);
        if (g->J[k] != 0.0 && w.many[x - w.link] == 0)
            bad = err_set(e, "units %d and %d are coupled, but no coupler joins their qubits",
                          g->unit[g->pair[k][0]], g->unit[g->pair[k][1]]);
    }
    for (int i = 0; i < m->n && !bad; i++)
        for (int64_t k = m->first[i]; k < m->first[i + 1]; k++) {
            p->qubit[k] = m->qubit[k];
            p->unit[k] = g->unit[i];
            p->h[k] = g->h[i] / (double)(m->first[i + 1] - m->first[i]);
        }
    if (!bad) put(p, &w, v->L, strength, tied);
    weave_free(&w);
    if (bad) ising_free(p);
    return bad;
}

void chain_net_init(struct chain_net *c, const struct ising *g)
{
    c->first = mem_take(g->n + 1, sizeof *c->first);
    c->near = mem_take(2 * g->m, sizeof *c->near);
    c->J = mem_take(2 * g->m, sizeof *c->J);
    for (int64_t k = 0; k < g->m; k++)
        for (int end = 0; end < 2; end++) c->first[g->pair[k][end] + 1]++;
    for (int i = 0; i < g->n; i++) c->first[i + 1] += c->first[i];
    int64_t *next = mem_take(g->n, sizeof *next);
    memcpy(next, c->first, (size_t)g->n * sizeof *next);
    for (int64_t k = 0; k < g->m; k++)
        for (int end = 0; end < 2; end++) {
            int64_t at = next[g->pair[k][end]]++;
            c->near[at] = g->pair[k][1 - end];
            c->J[at] = g->J[k];
        }
    mem_free(next);
}

void chain_net_free(struct chain_net *c)
{
    mem_free(c->first);
    mem_free(c->near);
    mem_free(c->J);
    *c = (struct chain_net){ 0 };
}

/* dH/ds of a spin, from the neighbours that are not open any more. */
static double field(const struct chain_net *c, const struct ising *g, const uint8_t *state,
                    const int32_t *open, int count, int i)
{
    double f = g->h[i];

    for (int64_t k = c->first[i]; k < c->first[i + 1]; k++) {
        int is_open = 0;
        for (int o = 0; o < count; o++) is_open |= open[o] == c->near[k];
        if (!is_open) f += c->J[k] * (2.0 * state[c->near[k]] - 1.0);
    }
    return f;
}

void chain_minimise(const struct chain_net *c, const struct ising *g, uint8_t *state,
                    int32_t *broken, int count)
{
    while (count > 0) {
        int best = 0;
        double strongest = 0.0;
        for (int o = 0; o < count; o++) {
            double f = field(c, g, state, broken, count, broken[o]);
            if (o > 0 && fabs(f) <= fabs(strongest)) continue;
            strongest = f;
            best = o;
        }
        if (strongest != 0.0) state[broken[best]] = strongest < 0.0; /* else as most say */
        broken[best] = broken[--count];
    }
}
