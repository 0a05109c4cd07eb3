#include "rbm/eliminate.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* Degrees that are no longer followed; how far from `most` the cheap rules may end for the others
 * to be tried. */
enum { CAP = 48, NEAR = 16 };
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
    if (l->n > CAP) return 1e12 + l->n;
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

/* Vertices in the order of a rule; returns the width, or CAP + 1 when it goes beyond CAP. */
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
    for (int i = 0; i < n && width <= CAP; i++) {
        int best = 0;
        for (int a = 1; a < n; a++)
            if (g.score[a] < g.score[best]) best = a;
        int degree = g.near[best].n;
        width = degree > width ? degree : width;
        *entries += ldexp(1.0, degree);
        order[i] = best;
        if (width <= CAP) take(&g, best);
    }
    graph_free(&g);
    return width <= CAP ? width : CAP + 1;
}

/* Scopes of all units along the order, and the bytes of the tables that live together. */
static void scopes(struct eliminate *x, const struct rbm *m)
{
    struct graph g;
    int64_t room = 0;
    double live = 0.0, *made = mem_take(x->n, sizeof *made);

    graph_init(&g, m, x->n, x->order, x->place);
    g.rule = NUMBER;
    for (int i = 0; i < x->n; i++) { /* places of later units, but not yet in rising order */
        struct list *l = &g.near[i];
        for (int a = 1; a < l->n; a++)
            for (int b = a; b > 0 && l->v[b] < l->v[b - 1]; b--) {
                int swap = l->v[b];
                l->v[b] = l->v[b - 1];
                l->v[b - 1] = swap;
            }
    }
    x->first = mem_take(x->n + 1, sizeof *x->first);
    for (int i = 0; i < x->n; i++) {
        const struct list *l = &g.near[i];
        x->first[i + 1] = x->first[i] + l->n;
        if (x->first[i + 1] > room) {
            room = 2 * x->first[i + 1];
            x->scope = mem_grow(x->scope, room, sizeof *x->scope);
        }
        memcpy(x->scope + x->first[i], l->v, (size_t)l->n * sizeof *l->v);
        double size = l->n > 0 ? 8.0 * ldexp(1.0, l->n) : 0.0;
        live += size;
        x->bytes = fmax(x->bytes, live);
        live -= made[i]; /* what names i first is used up */
        if (l->n > 0) made[l->v[0]] += size;
        take(&g, i);
    }
    mem_free(made);
    graph_free(&g);
}

/* The free units in rising order, and their places in it. */
static void gather(struct eliminate *x, const struct rbm *m, int *unit)
{
    x->n = 0;
    for (int i = 0; i < m->T.N; i++) {
        int mine = x->joint || !rbm_is_held(m, i);
        x->place[i] = mine ? x->n : -1;
        if (mine) unit[x->n++] = i;
    }
}

int eliminate_plan(struct eliminate *x, const struct rbm *m, int joint, int most, struct err *e)
{
    int *unit = mem_take(m->T.N, sizeof *unit), *order = mem_take(m->T.N, sizeof *order);
    double entries;

    *x = (struct eliminate){ .kern = kern_best(), .joint = joint, .width = CAP + 1 };
    x->place = mem_take(m->T.N, sizeof *x->place);
    x->order = mem_take(m->T.N, sizeof *x->order);
    x->entries = INFINITY;
    gather(x, m, unit);
    for (int i = 0; i < TRIES; i++) {
        int rule = i == 0 ? NUMBER : i == 1 ? DEGREE : i < TRIES - 1 ? SWEEP : FILL;
        if (i > 1 && x->width > most + NEAR) break;
        int width = follow(m, x->n, unit, x->place, rule, i, order, &entries);
        int better = width <= most ? x->width > most || entries < x->entries : width < x->width;
        if (!better) continue;
        x->width = width;
        x->entries = entries;
        memcpy(x->order, order, (size_t)x->n * sizeof *order);
    }
    mem_free(order);
    int bad = x->width > most;
    if (bad) {
        err_set(e,
                "variable elimination of %d units needs tables of %s2^%d numbers (%.3g GB each): "
                "expected at most 2^%d",
                x->n, x->width > CAP ? "more than " : "", x->width > CAP ? CAP : x->width,
                ldexp(8e-9, x->width > CAP ? CAP : x->width), most);
    } else {
        for (int i = 0; i < x->n; i++) x->order[i] = unit[x->order[i]];
        for (int i = 0; i < x->n; i++) x->place[x->order[i]] = i;
        scopes(x, m);
    }
    mem_free(unit);
    return bad ? -1 : 0;
}

void eliminate_free(struct eliminate *x)
{
    mem_free(x->order);
    mem_free(x->place);
    mem_free(x->first);
    mem_free(x->scope);
    *x = (struct eliminate){ 0 };
}

enum { LOW = 10, CHUNK = 1 << LOW };

/* A table over the states of `scope` (places, rising): bit b of an index is scope[b]. */
struct table {
    int n;
    const int *scope;
    double *value;      /* [2^n] log-sums */
    struct table *next; /* of those whose first place is the same */
};

/* How an operand's index follows from that of the result. */
struct operand {
    const struct table *t;
    int64_t step[64];   /* by bit of the result */
    int32_t low[CHUNK]; /* for the low bits */
};

/* Place of y in the rising list x, which holds it. */
static int bit_of(const int *x, int y)
{
    int b = 0;

    while (x[b] != y) b++;
    return b;
}

static void align(struct operand *o, const struct table *t, int d, const int *scope)
{
    int low = d < LOW ? d : LOW;

    memset(o, 0, sizeof *o);
    o->t = t;
    for (int k = 1; k < t->n; k++) o->step[bit_of(scope, t->scope[k])] = (int64_t)1 << k;
    for (int b = 0; b < low; b++)
        for (int s = 0; s < 1 << b; s++) o->low[s | 1 << b] = o->low[s] + (int32_t)o->step[b];
}

/* One unit: what it adds to -E alone and with each unit of the scope, and the tables it is in. */
struct sum {
    int d;
    const int *scope;
    double own, weight[64];
    int n;
    struct operand *of; /* [n] */
};

/* Log-sums over the unit for states at .. at + count of its scope. */
static void chunk(const struct eliminate *x, const struct sum *s, const double *low, int64_t at,
                  int count, double *r)
{
    double zero[CHUNK], one[CHUNK], base = s->own;

    for (int b = LOW; b < s->d; b++)
        if (at >> b & 1) base += s->weight[b];
    for (int i = 0; i < count; i++) {
        zero[i] = 0.0;
        one[i] = base + low[i];
    }
    for (int k = 0; k < s->n; k++) {
        const struct operand *o = &s->of[k];
        int64_t offset = 0;
        for (int b = LOW; b < s->d; b++)
            if (at >> b & 1) offset += o->step[b];
        const double *value = o->t->value + offset;
        for (int i = 0; i < count; i++) {
            zero[i] += value[o->low[i]];
            one[i] += value[o->low[i] + 1];
        }
    }
    x->kern->merge(r, zero, one, count);
}

static double *sum_over(const struct eliminate *x, const struct sum *s)
{
    int64_t all = (int64_t)1 << s->d;
    int count = all < CHUNK ? (int)all : CHUNK;
    double *r = mem_take(all, sizeof *r), low[CHUNK];

    low[0] = 0.0;
    for (int b = 0; b < LOW && b < s->d; b++)
        for (int i = 0; i < 1 << b; i++) low[i | 1 << b] = low[i] + s->weight[b];
    for (int64_t at = 0; at < all; at += count) chunk(x, s, low, at, count, r + at);
    return r;
}

/* Bias, couplings to later units and to the condition. */
static void terms(const struct eliminate *x, const struct rbm *m, const uint8_t *set, int i,
                  struct sum *s)
{
    int v = x->order[i];

    s->own = (double)m->bias[v];
    memset(s->weight, 0, sizeof s->weight);
    for (int64_t k = m->near_first[v]; k < m->near_first[v + 1]; k++) {
        int j = m->near[k], at = x->place[j];
        double w = (double)m->near_weight[k];
        if (at > i && w != 0.0) s->weight[bit_of(s->scope, at)] = w;
        if (at < 0 && set[j]) s->own += w;
    }
}

static void drop(struct table *list)
{
    while (list != NULL) {
        struct table *next = list->next;
        mem_free(list->value);
        mem_free(list);
        list = next;
    }
}

double eliminate_log_z(const struct eliminate *x, const struct rbm *m, const uint8_t *u)
{
    struct table **in = mem_take(x->n, sizeof *in);
    uint8_t *set = mem_take(m->T.N, sizeof *set); /* clamped to 1 */
    double log_z = 0.0;

    if ((u != NULL) != (m->held > 0 && !x->joint))
        die("elimination %s a condition", u != NULL ? "with" : "without");
    for (int j = 0; u != NULL && j < m->held; j++) {
        int i = m->hold[j];
        if (!u[j]) continue;
        log_z += (double)m->bias[i]; /* and its couplings to those before it */
        for (int64_t k = m->near_first[i]; k < m->near_first[i + 1]; k++)
            if (set[m->near[k]]) log_z += (double)m->near_weight[k];
        set[i] = 1;
    }
    for (int i = 0; i < x->n; i++) {
        struct sum s = { .d = (int)(x->first[i + 1] - x->first[i]),
                         .scope = x->scope + x->first[i] };
        terms(x, m, set, i, &s);
        for (const struct table *t = in[i]; t != NULL; t = t->next) s.n++;
        s.of = mem_take(s.n, sizeof *s.of);
        int k = 0;
        for (const struct table *t = in[i]; t != NULL; t = t->next)
            align(&s.of[k++], t, s.d, s.scope);
        double *r = sum_over(x, &s);
        mem_free(s.of);
        drop(in[i]);
        if (s.d == 0) {
            log_z += r[0];
            mem_free(r);
            continue;
        }
        struct table *t = mem_take(1, sizeof *t);
        *t = (struct table){ s.d, s.scope, r, in[s.scope[0]] };
        in[s.scope[0]] = t;
    }
    mem_free(in);
    mem_free(set);
    return log_z;
}
