#include "rbm/order.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* Degrees that are no longer followed; how far from `most` the cheap rules may end for the others
 * to be tried. */
enum { NEAR = 16 };
enum { FILL, DEGREE, NUMBER, SWEEP };

/* Cheap ones first; a sweep eight times, with ties broken in other ways. */
enum { SWEEPS = 8, TRIES = SWEEPS + 3 };

/* A set of vertices, rising. */
struct list {
    int n, room, *v;
};

/* The graph of what is left. */
struct graph {
    int n;
    struct list *near; /* [n] */
    struct list spare;
    double *score;    /* [n] the least goes next; INFINITY when gone */
    uint8_t *dirty;   /* [n] the score is no longer right */
    uint8_t *touched; /* [n] a neighbour is gone */
    int rule, salt;
};

static void reserve(struct list *l, int n)
{
    if (n <= l->room) return;
    l->room = 2 * n;
    l->v = mem_grow(l->v, l->room, sizeof *l->v);
}

/* Units [n] of `order` as vertices 0 .. n - 1. */
static void graph_init(struct graph *g, const struct rbm *m, int n, const int *unit,
                       const int *place)
{
    *g = (struct graph){ .n = n };
    g->near = mem_take(n, sizeof *g->near);
    g->score = mem_take(n, sizeof *g->score);
    g->dirty = mem_take(n, sizeof *g->dirty);
    g->touched = mem_take(n, sizeof *g->touched);
    for (int a = 0; a < n; a++)
        for (int64_t k = m->near_first[unit[a]]; k < m->near_first[unit[a] + 1]; k++) {
            struct list *l = &g->near[a];
            if (place[m->near[k]] < 0 || m->near_weight[k] == 0.0f) continue;
            reserve(l, l->n + 1);
            l->v[l->n++] = place[m->near[k]]; /* neighbours ascend, and places with them */
        }
}

static void graph_free(struct graph *g)
{
    for (int a = 0; a < g->n; a++) mem_free(g->near[a].v);
    mem_free(g->near);
    mem_free(g->spare.v);
    mem_free(g->score);
    mem_free(g->dirty);
    mem_free(g->touched);
}

/* N(a) becomes N(a) and N(v) without a and v. */
static void join(struct graph *g, int a, int v)
{
    const struct list *x = &g->near[a], *y = &g->near[v];
    struct list *to = &g->spare, old;
    int i = 0, j = 0;

    reserve(to, x->n + y->n);
    to->n = 0;
    while (i < x->n || j < y->n) {
        int from_x = j == y->n || (i < x->n && x->v[i] <= y->v[j]);
        int next = from_x ? x->v[i] : y->v[j];
        i += i < x->n && x->v[i] == next;
        j += j < y->n && y->v[j] == next;
        if (next != a && next != v) to->v[to->n++] = next;
    }
    old = g->near[a];
    g->near[a] = *to;
    *to = old;
}

static int common(const struct list *x, const struct list *y)
{
    int i = 0, j = 0, n = 0;

    while (i < x->n && j < y->n) {
        n += x->v[i] == y->v[j];
        if (x->v[i] < y->v[j])
            i++;
        else
            j++;
    }
    return n;
}

/* What a sweep counts: by how much the front of touched vertices grows; then vertices at the front,
 * of low degree, and a number that differs from try to try. */
static double growth(const struct graph *g, int a)
{
    const struct list *l = &g->near[a];
    int fresh = 0,
        tie = (int)(((uint32_t)(a + 1) * 2654435761u ^ (uint32_t)g->salt * 40503u) % 997u);

    for (int i = 0; i < l->n; i++) fresh += !g->touched[l->v[i]];
    int far = !g->touched[a] && fresh == l->n;
    return 1e8 * (fresh - g->touched[a]) + 1e7 * far + 1e3 * l->n + tie;
}

static double score(const struct graph *g, int a)
{
    const struct list *l = &g->near[a];
    double pairs = (double)l->n * (l->n - 1);

    if (g->rule == NUMBER) return a;
    if (g->rule == DEGREE) return l->n;
    if (g->rule == SWEEP) return growth(g, a);
    if (l->n > ORDER_CAP) return 1e12 + l->n;
    for (int i = 0; i < l->n; i++) pairs -= common(l, &g->near[l->v[i]]);
    return 0.5 * pairs + 1e-6 * l->n; /* among equals the least degree */
}

/* Take vertex v out. */
static void take(struct graph *g, int v)
{
    const struct list *l = &g->near[v];

    g->score[v] = INFINITY;
    memset(g->dirty, 0, (size_t)g->n);
    for (int i = 0; i < l->n; i++) {
        join(g, l->v[i], v);
        g->touched[l->v[i]] = g->dirty[l->v[i]] = 1;
    }
    if (g->rule == NUMBER) return;
    for (int i = 0; i < l->n && g->rule != DEGREE; i++)
        for (int k = 0; k < g->near[l->v[i]].n; k++) g->dirty[g->near[l->v[i]].v[k]] = 1;
    for (int a = 0; a < g->n; a++)
        if (g->dirty[a]) g->score[a] = score(g, a);
}

/* Vertices in the order of a rule; returns the width, or ORDER_CAP + 1 when it goes beyond
 * ORDER_CAP. */
static int follow(const struct rbm *m, int n, const int *unit, const int *place, int rule, int salt,
                  int *order, double *entries)
{
    struct graph g;
    int width = 0;

    graph_init(&g, m, n, unit, place);
    g.rule = rule;
    g.salt = salt;
    *entries = 0.0;
    for (int a = 0; a < n; a++) g.score[a] = score(&g, a);
    for (int i = 0; i < n && width <= ORDER_CAP; i++) {
        int best = 0;
        for (int a = 1; a < n; a++)
            if (g.score[a] < g.score[best]) best = a;
        int degree = g.near[best].n;
        width = degree > width ? degree : width;
        *entries += ldexp(1.0, degree);
        order[i] = best;
        if (width <= ORDER_CAP) take(&g, best);
    }
    graph_free(&g);
    return width <= ORDER_CAP ? width : ORDER_CAP + 1;
}

/* The vertex of each unit, -1 of the others; the caller frees. */
static int *places(const struct rbm *m, int n, const int *unit)
{
    int *place = mem_take(m->T.N, sizeof *place);

    for (int i = 0; i < m->T.N; i++) place[i] = -1;
    for (int a = 0; a < n; a++) place[unit[a]] = a;
    return place;
}

/* Scopes of all units along the order, and the bytes of the tables that live together. */
static void scopes(struct order *o, const struct rbm *m)
{
    struct graph g;
    int64_t room = o->n;
    int *place = places(m, o->n, o->unit);
    double live = 0.0, *made = mem_take(o->n, sizeof *made);

    graph_init(&g, m, o->n, o->unit, place);
    g.rule = NUMBER;
    for (int i = 0; i < o->n; i++) { /* places of later units, but not yet in rising order */
        struct list *l = &g.near[i];
        for (int a = 1; a < l->n; a++)
            for (int b = a; b > 0 && l->v[b] < l->v[b - 1]; b--) {
                int swap = l->v[b];
                l->v[b] = l->v[b - 1];
                l->v[b - 1] = swap;
            }
    }
    o->first = mem_take(o->n + 1, sizeof *o->first);
    o->scope = mem_take(room, sizeof *o->scope);
    for (int i = 0; i < o->n; i++) {
        const struct list *l = &g.near[i];
        o->first[i + 1] = o->first[i] + l->n;
        if (o->first[i + 1] > room) {
            room = 2 * o->first[i + 1];
            o->scope = mem_grow(o->scope, room, sizeof *o->scope);
        }
        if (l->n > 0) memcpy(o->scope + o->first[i], l->v, (size_t)l->n * sizeof *l->v);
        double size = l->n > 0 ? 8.0 * ldexp(1.0, l->n) : 0.0;
        live += size;
        o->bytes = fmax(o->bytes, live);
        live -= made[i]; /* what names i first is used up */
        if (l->n > 0) made[l->v[0]] += size;
        take(&g, i);
    }
    mem_free(made);
    mem_free(place);
    graph_free(&g);
}

int order_find(struct order *o, const struct rbm *m, int n, const int *unit, int most)
{
    int *place = places(m, n, unit), *vertex = mem_take(n, sizeof *vertex);
    double entries;

    *o = (struct order){ .n = n, .width = ORDER_CAP + 1, .entries = INFINITY };
    o->unit = mem_take(n, sizeof *o->unit);
    for (int i = 0; i < TRIES; i++) {
        int rule = i == 0 ? NUMBER : i == 1 ? DEGREE : i < TRIES - 1 ? SWEEP : FILL;
        if (i > 1 && o->width > most + NEAR) break;
        int width = follow(m, n, unit, place, rule, i, vertex, &entries);
        int better = width <= most ? o->width > most || entries < o->entries : width < o->width;
        if (!better) continue;
        o->width = width;
        o->entries = entries;
        for (int k = 0; k < n; k++) o->unit[k] = unit[vertex[k]];
    }
    mem_free(place);
    mem_free(vertex);
    if (o->width <= most) scopes(o, m);
    return o->width <= most;
}

void order_free(struct order *o)
{
    mem_free(o->unit);
    mem_free(o->first);
    mem_free(o->scope);
    *o = (struct order){ 0 };
}
