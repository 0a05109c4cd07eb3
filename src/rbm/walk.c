#include "rbm/walk.h"

#include "base/mem.h"
#include "num/special.h"

#include <math.h>
#include <string.h>

/* Fields within e^+-STEEP; bits of a product between two cuts. */
static const double STEEP = 690.0, BITS = 1000.0, LN2 = 0.69314718055994531;

enum { ROW = 8, LEAST = 3 };

void walk_init(struct walk *w, const struct rbm *m, int n, const int *unit, int summed)
{
    *w = (struct walk){ .kern = kern_best(), .n = n, .unit = unit };
    w->low = n < WALK_LOW ? n : WALK_LOW;
    w->first = m->T.first[summed];
    w->size = m->T.size[summed];
    w->room = (w->size + ROW - 1) / ROW * ROW;
    w->plain = w->low < LEAST;

    int64_t states = (int64_t)1 << w->low, rows = (int64_t)w->low * w->room;
    w->weight = mem_take(rows, sizeof *w->weight);
    w->up = mem_take(rows, sizeof *w->up);
    w->down = mem_take(rows, sizeof *w->down);
    w->same = mem_take(w->room, sizeof *w->same);
    w->inner = mem_take(states, sizeof *w->inner);
    w->rise = mem_take(w->size, sizeof *w->rise);
    w->fall = mem_take(w->size, sizeof *w->fall);
    w->state = mem_take(m->T.N, sizeof *w->state);
    w->field = mem_take(w->size, sizeof *w->field);
    w->y = mem_take(w->room, sizeof *w->y);
    w->f = mem_take(states, sizeof *w->f);
    w->score = mem_take(states, sizeof *w->score);
    w->column = mem_take(w->room, sizeof *w->column);
    w->exponent = mem_take(states, sizeof *w->exponent);
    w->cut = mem_take(w->room / ROW + 2, sizeof *w->cut);
}

void walk_free(struct walk *w)
{
    mem_free(w->weight);
    mem_free(w->up);
    mem_free(w->down);
    mem_free(w->same);
    mem_free(w->inner);
    mem_free(w->rise);
    mem_free(w->fall);
    mem_free(w->state);
    mem_free(w->field);
    mem_free(w->y);
    mem_free(w->f);
    mem_free(w->score);
    mem_free(w->column);
    mem_free(w->exponent);
    mem_free(w->cut);
    *w = (struct walk){ 0 };
}

static double *row(const struct walk *w, double *table, int b)
{
    return table + (int64_t)b * w->room;
}

/* inner[s]: the couplings of every low unit with those below it. */
static void couple(struct walk *w, const struct rbm *m)
{
    w->inner[0] = 0.0;
    for (int b = 0; b < w->low; b++) {
        int half = 1 << b;
        w->inner[half] = 0.0;
        for (int c = 0; c < b; c++) {
            double weight = (double)rbm_weight(m, w->unit[b], w->unit[c]);
            for (int s = 0; s < 1 << c; s++)
                w->inner[half + (1 << c) + s] = w->inner[half + s] + weight;
        }
        for (int s = 0; s < half; s++) w->inner[half + s] += w->inner[s];
    }
}

void walk_prepare(struct walk *w, const struct rbm *m)
{
    int64_t all = (int64_t)w->low * w->room;

    memset(w->weight, 0, (size_t)all * sizeof *w->weight);
    memset(w->rise, 0, (size_t)w->size * sizeof *w->rise);
    memset(w->fall, 0, (size_t)w->size * sizeof *w->fall);
    for (int h = 0; h < w->room; h++) w->same[h] = 1.0;
    w->widest = 0.0;
    for (int b = 0; b < w->low; b++)
        for (int64_t k = m->near_first[w->unit[b]]; k < m->near_first[w->unit[b] + 1]; k++) {
            int h = m->near[k] - w->first;
            double x = (double)m->near_weight[k];
            if (h < 0 || h >= w->size) continue;
            row(w, w->weight, b)[h] = x;
            w->rise[h] += fmax(x, 0.0);
            w->fall[h] += fmax(-x, 0.0);
            w->widest = isfinite(x) ? fmax(w->widest, fabs(x)) : INFINITY;
        }
    for (int64_t i = 0; i < all; i++) {
        w->up[i] = exp(w->weight[i]);
        w->down[i] = exp(-w->weight[i]);
    }
    couple(w, m);
}

/* Is unit h of the summed partition clamped, so that it is not summed over? */
static int is_fixed(const struct walk *w, int h)
{
    return w->fixed != NULL && w->fixed[w->first + h];
}

/* Flip a unit that is not summed over: fields, -E. */
static void flip(struct walk *w, const struct rbm *m, int i)
{
    double sign = w->state[i] ? -1.0 : 1.0, own = (double)m->bias[i];

    for (int64_t k = m->near_first[i]; k < m->near_first[i + 1]; k++) {
        int j = m->near[k], h = j - w->first;
        double weight = (double)m->near_weight[k];
        if (h >= 0 && h < w->size && !is_fixed(w, h))
            w->field[h] += sign * weight;
        else if (w->state[j])
            own += weight;
    }
    w->base += sign * own;
    w->state[i] = !w->state[i];
}

/* score[s] = -E of the units that are not summed over. */
static void score(struct walk *w, const struct rbm *m)
{
    w->score[0] = w->base;
    for (int b = 0; b < w->low; b++) {
        int i = w->unit[b], half = 1 << b;
        double own = (double)m->bias[i];
        for (int64_t k = m->near_first[i]; k < m->near_first[i + 1]; k++)
            if (w->state[m->near[k]]) own += (double)m->near_weight[k];
        for (int s = 0; s < half; s++) w->score[half + s] = w->score[s] + own;
    }
    for (int s = 0; s < 1 << w->low; s++) w->score[s] += w->inner[s];
}

/* Where exponents are taken out; steep when a field of this part may leave the range. */
static void cut(struct walk *w)
{
    double bits = 0.0;

    w->cuts = 0;
    w->cut[0] = 0;
    w->steep = w->widest > STEEP;
    for (int h = 0; h < w->size; h += ROW) {
        double most = 0.0;
        for (int i = h; i < h + ROW && i < w->size; i++) {
            double high = w->field[i] + w->rise[i];
            /* a number that is not finite is steep too, and shows in the sum */
            if (!(high <= STEEP) || !(w->field[i] - w->fall[i] >= -STEEP)) w->steep = 1;
            most = fmax(most, fmax(high, 0.0) / LN2 + 1.0);
        }
        if (bits + most > BITS) {
            w->cut[++w->cuts] = h;
            bits = 0.0;
        }
        bits += most;
    }
    w->cut[++w->cuts] = w->room;
}

static struct kern_walk kernel_of(const struct walk *w)
{
    return (struct kern_walk){ w->low, w->room, w->up, w->down, w->same, w->cuts, w->cut };
}

static void exponentiate(struct walk *w)
{
    for (int h = 0; h < w->size; h++) w->y[h] = is_fixed(w, h) ? 0.0 : exp(w->field[h]);
    for (int h = w->size; h < w->room; h++) w->y[h] = 0.0;
}

/* Fields of the summed units in state s, into `column`. */
static void fields(struct walk *w, int s)
{
    memcpy(w->column, w->field, (size_t)w->size * sizeof *w->column);
    for (int b = 0; b < w->low; b++) {
        const double *weight = row(w, w->weight, b);
        for (int h = 0; (s >> b & 1) && h < w->size; h++) w->column[h] += weight[h];
    }
}

/* The definition, state by state. */
static void walk_plainly(struct walk *w)
{
    double most = -INFINITY;
    int states = 1 << w->low;

    for (int s = 0; s < states; s++) {
        double sum = w->score[s];
        fields(w, s);
        for (int h = 0; h < w->size; h++)
            if (!is_fixed(w, h)) sum += special_softplus(w->column[h]);
        w->f[s] = sum;
        if (!(sum <= most)) most = sum; /* a NaN stays */
    }
    for (int s = 0; s < states; s++) w->f[s] = exp(w->f[s] - most);
    w->log_scale = most;
}

void walk_part(struct walk *w, const struct rbm *m, const uint8_t *u, int64_t part)
{
    memset(w->state, 0, (size_t)m->T.N);
    w->fixed = u != NULL ? m->is_held : NULL;
    for (int h = 0; h < w->size; h++)
        w->field[h] = is_fixed(w, h) ? 0.0 : (double)m->bias[w->first + h];
    w->base = 0.0;
    for (int j = 0; u != NULL && j < m->held; j++)
        if (u[j]) flip(w, m, m->hold[j]);
    for (int b = w->low; b < w->n; b++)
        if (part >> (b - w->low) & 1) flip(w, m, w->unit[b]);
    score(w, m);
    cut(w);
    if (w->plain || w->steep) {
        walk_plainly(w);
        return;
    }
    struct kern_walk k = kernel_of(w);
    exponentiate(w);
    w->log_scale = LN2 * (double)w->kern->walk(w->f, w->exponent, w->y, w->score, &k);
}

/* The definition, state by state. */
static void meet_plainly(struct walk *w, const double *p, double *total, double *sum)
{
    memset(total, 0, (size_t)w->room * sizeof *total);
    for (int s = 0; s < 1 << w->low; s++) {
        fields(w, s);
        for (int h = 0; h < w->size; h++)
            w->column[h] = is_fixed(w, h) ? 0.0 : p[s] / (1.0 + exp(-w->column[h]));
        for (int h = 0; h < w->size; h++) total[h] += w->column[h];
        for (int b = 0; b < w->low; b++)
            for (int h = 0; (s >> b & 1) && h < w->size; h++) row(w, sum, b)[h] += w->column[h];
    }
}

void walk_meet(struct walk *w, const double *p, double *total, double *sum)
{
    if (w->plain || w->steep) {
        meet_plainly(w, p, total, sum);
        return;
    }
    struct kern_walk k = kernel_of(w);
    exponentiate(w);
    w->kern->meet(sum, total, w->y, p, &k);
}
