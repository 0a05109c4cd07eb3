#include "rbm/eliminate.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

int eliminate_plan(struct eliminate *x, const struct rbm *m, int joint, int most, struct err *e)
{
    int *unit = mem_take(m->T.N, sizeof *unit), n = 0;

    *x = (struct eliminate){ .kern = kern_best(), .joint = joint };
    for (int i = 0; i < m->T.N; i++)
        if (joint || !rbm_is_held(m, i)) unit[n++] = i;
    int fits = order_find(&x->order, m, n, unit, most), width = x->order.width;
    mem_free(unit);
    if (!fits) {
        int least = width > ORDER_CAP ? ORDER_CAP : width;
        return err_set(e,
                       "variable elimination of %d units needs tables of %s2^%d numbers (%.3g GB "
                       "each): expected at most 2^%d",
                       n, width > ORDER_CAP ? "more than " : "", least, ldexp(8e-9, least), most);
    }
    x->place = mem_take(m->T.N, sizeof *x->place);
    for (int i = 0; i < m->T.N; i++) x->place[i] = -1;
    for (int i = 0; i < n; i++) x->place[x->order.unit[i]] = i;
    return 0;
}

void eliminate_free(struct eliminate *x)
{
    order_free(&x->order);
    mem_free(x->place);
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
    int v = x->order.unit[i];

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
    const struct order *o = &x->order;
    struct table **in = mem_take(o->n, sizeof *in);
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
    for (int i = 0; i < o->n; i++) {
        struct sum s = { .d = (int)(o->first[i + 1] - o->first[i]),
                         .scope = o->scope + o->first[i] };
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
