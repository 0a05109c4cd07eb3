#include "rbm/exact.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

int exact_units(const struct rbm *m, int joint, int *summed)
{
    const struct topology *T = &m->T;
    int most = 0, all = 0;

    for (int p = 0; p < T->K; p++) {
        int n = joint ? T->size[p] : rbm_free_units(m, T->first[p], T->first[p + 1]);
        all += n;
        if (n > most) {
            most = n;
            *summed = p;
        }
    }
    return all - most;
}

int exact_plan(struct exact *x, const struct rbm *m, int joint, int most, struct err *e)
{
    const struct topology *T = &m->T;
    int n = 0;

    *x = (struct exact){ .joint = joint };
    x->n = exact_units(m, joint, &x->summed);
    if (x->n > most)
        return err_set(e,
                       "exact ln Z of %d free units leaves 2^%d states to enumerate: expected at "
                       "most 2^%d",
                       joint ? T->N : T->N - m->held, x->n, most);
    x->unit = mem_take(x->n, sizeof x->unit[0]);
    x->place = mem_take(T->N, sizeof x->place[0]);
    for (int p = 0; p < T->K; p++)
        for (int i = T->first[p]; i < T->first[p + 1]; i++) {
            int walked = p != x->summed && (joint || !rbm_is_held(m, i));
            x->place[i] = walked ? n : -1;
            if (walked) x->unit[n++] = i;
        }
    walk_init(&x->walk, m, n, x->unit, x->summed);
    x->parts = (int64_t)1 << (n - x->walk.low);
    x->total = mem_take(x->walk.room, sizeof x->total[0]);
    x->column = mem_take((int64_t)n * x->walk.room, sizeof x->column[0]);
    x->pair = mem_take((int64_t)n * n, sizeof x->pair[0]);
    return 0;
}

void exact_free(struct exact *x)
{
    walk_free(&x->walk);
    mem_free(x->unit);
    mem_free(x->place);
    mem_free(x->total);
    mem_free(x->column);
    mem_free(x->pair);
    *x = (struct exact){ 0 };
}

static void begin(struct exact *x, const struct rbm *m, const uint8_t *u)
{
    if ((u != NULL) != (m->held > 0 && !x->joint))
        die("enumeration %s a condition", u != NULL ? "with" : "without");
    walk_prepare(&x->walk, m);
}

double exact_sum(struct exact *x, const struct rbm *m, const uint8_t *u, struct block parts)
{
    struct walk *w = &x->walk;
    double most = -INFINITY, sum = 0.0; /* e^most * sum */

    begin(x, m, u);
    for (int64_t part = parts.first; part < block_end(parts); part++) {
        double here = 0.0;
        walk_part(w, m, u, part);
        for (int s = 0; s < 1 << w->low; s++) here += w->f[s];
        if (w->log_scale > most) {
            sum = sum * exp(most - w->log_scale) + here;
            most = w->log_scale;
        } else {
            sum += here * exp(w->log_scale - most);
        }
    }
    return most + log(sum);
}

double exact_log_z(struct exact *x, const struct rbm *m, const uint8_t *u)
{
    return exact_sum(x, m, u, (struct block){ 0, x->parts });
}

/* p[s] becomes the sum of p over all states that contain the units of s. */
static void gather(double *p, int low)
{
    for (int b = 0; b < low; b++)
        for (int s = 0; s < 1 << low; s++)
            if (!(s >> b & 1)) p[s] += p[s | 1 << b];
}

/* The part of walk_part, its states of probability p [2^low], into total, column and pair. */
static void add_part(struct exact *x, double *mean, double *p)
{
    struct walk *w = &x->walk;
    int n = x->n, low = w->low, room = w->room;

    walk_meet(w, p, x->total, x->column);
    for (int h = 0; h < w->size; h++) mean[w->first + h] += x->total[h];
    for (int b = low; b < n; b++)
        for (int h = 0; w->state[x->unit[b]] && h < w->size; h++)
            x->column[(int64_t)b * room + h] += x->total[h];
    gather(p, low);
    for (int b = 0; b < n; b++) {
        int top = b >= low;
        if (top && !w->state[x->unit[b]]) continue;
        mean[x->unit[b]] += p[top ? 0 : 1 << b];
        for (int c = 0; c < b; c++) {
            int above = c >= low;
            if (above && !w->state[x->unit[c]]) continue;
            x->pair[b * n + c] += p[(top ? 0 : 1 << b) | (above ? 0 : 1 << c)];
        }
    }
}

/* The second moment of two units on an edge i < j. */
static double pair_of(const struct exact *x, const double *mean, int i, int j)
{
    const struct walk *w = &x->walk;
    const uint8_t *fixed = w->fixed;
    int a = x->place[i], b = x->place[j];

    if (fixed != NULL && (fixed[i] || fixed[j])) return mean[i] * mean[j];
    if (a >= 0 && b >= 0) return x->pair[b * x->n + a]; /* bits rise with the units */
    if (a >= 0 && j >= w->first && j < w->first + w->size)
        return x->column[(int64_t)a * w->room + j - w->first];
    return x->column[(int64_t)b * w->room + i - w->first];
}

double exact_moments(struct exact *x, const struct rbm *m, const uint8_t *u, double *mean,
                     double *pair)
{
    struct walk *w = &x->walk;
    const struct topology *T = &m->T;
    double log_z = exact_log_z(x, m, u);

    memset(mean, 0, (size_t)T->N * sizeof mean[0]);
    memset(x->column, 0, (size_t)((int64_t)x->n * w->room) * sizeof x->column[0]);
    memset(x->pair, 0, (size_t)((int64_t)x->n * x->n) * sizeof x->pair[0]);
    for (int j = 0; u != NULL && j < m->held; j++) mean[m->hold[j]] = u[j];
    for (int64_t part = 0; part < x->parts; part++) {
        walk_part(w, m, u, part);
        double scale = exp(w->log_scale - log_z);
        for (int s = 0; s < 1 << w->low; s++) w->f[s] *= scale;
        add_part(x, mean, w->f);
    }
    for (int64_t k = 0; k < T->M; k++) pair[k] = pair_of(x, mean, T->edge[k][0], T->edge[k][1]);
    return log_z;
}
