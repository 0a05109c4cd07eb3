#include "nn/optim.h"

#include "base/err.h"
#include "base/mem.h"
#include "num/loops.h"

#include <math.h>
#include <string.h>

enum { LANES = 8 };

struct optim_options optim_default(void)
{
    return (struct optim_options){ .kind = OPTIM_ADAM,
                                   .rate = 1e-3,
                                   .momentum = 0.9,
                                   .beta1 = 0.9,
                                   .beta2 = 0.999,
                                   .epsilon = 1e-8,
                                   .schedule = OPTIM_CONSTANT,
                                   .factor = 1.0 };
}

void optim_init_own(struct optim *p, const struct optim_options *o, const struct tensors *T,
                    const struct block *own, int owns)
{
    int64_t slots = o->kind == OPTIM_SGD ? 0 : o->kind == OPTIM_MOMENTUM ? 1 : 2;

    *p = (struct optim){ .o = *o, .n = T->total, .state_n = slots * T->total, .T = T };
    if (o->schedule != OPTIM_CONSTANT && o->steps < 1)
        die("a schedule of %lld steps", (long long)o->steps);
    p->owns = owns;
    p->own = mem_take(owns, sizeof *p->own);
    for (int k = 0; k < owns; k++) {
        p->own[k] = own[k];
        p->held += optim_room(own[k]);
    }
    p->state = mem_take(slots * p->held, sizeof *p->state);
    p->frozen = mem_take(T->n, sizeof *p->frozen);
}

void optim_init(struct optim *p, const struct optim_options *o, const struct tensors *T)
{
    optim_init_own(p, o, T, &(struct block){ 0, T->total }, 1);
}

void optim_free(struct optim *p)
{
    mem_free(p->own);
    mem_free(p->state);
    mem_free(p->frozen);
    *p = (struct optim){ 0 };
}

int optim_freeze(struct optim *p, const char *prefix, int on)
{
    int met = 0;

    for (int i = 0; i < p->T->n; i++) {
        if (strncmp(p->T->t[i].name, prefix, strlen(prefix)) != 0) continue;
        p->frozen[i] = on != 0;
        met++;
    }
    return met;
}

double optim_rate(const struct optim *p)
{
    const struct optim_options *o = &p->o;
    int64_t step = p->step;

    if (step < o->warmup) return o->rate * (double)(step + 1) / (double)o->warmup;
    if (o->schedule == OPTIM_COSINE) {
        int64_t span = o->steps - o->warmup;
        double x = span > 0 ? (double)(step - o->warmup) / (double)span : 1.0;
        double half = 0.5 * (1.0 + cos(3.14159265358979323846 * fmin(x, 1.0)));
        return o->rate * (o->factor + (1.0 - o->factor) * half);
    }
    if (o->schedule == OPTIM_STEP) return o->rate * pow(o->factor, (double)(step / o->steps));
    return o->rate;
}

/* What of tensor i lies in block b; nothing of what does not move. */
static struct block moving(const struct optim *p, int i, struct block b)
{
    const struct tensor *t = &p->T->t[i];
    int64_t first = b.first > t->first ? b.first : t->first;
    int64_t end = block_end(b) < t->first + t->count ? block_end(b) : t->first + t->count;

    if (p->frozen[i] || t->fixed || end < first) end = first;
    return (struct block){ first, end - first };
}

double optim_squares(const struct optim *p, const float *grad)
{
    double sum[LANES] = { 0.0 };

    for (int b = 0; b < p->owns; b++)
        for (int i = 0; i < p->T->n; i++) {
            struct block m = moving(p, i, p->own[b]);
            const float *g = grad + m.first; /* the gap behind a tensor is 0 */
            for (int64_t k = 0; k < m.count; k += LANES)
                for (int j = 0; j < LANES; j++) sum[j] += (double)g[k + j] * (double)g[k + j];
        }
    for (int j = 1; j < LANES; j++) sum[0] += sum[j];
    return sum[0];
}

static void plain(float *restrict x, const float *restrict g, int64_t n, struct loops_adam m)
{
    for (int64_t i = 0; i < n; i++) x[i] -= m.rate * (m.factor * g[i] + m.l2 * x[i]);
}

static void momentum(float *restrict x, const float *restrict g, float *restrict v, int64_t n,
                     struct loops_adam m, float rest)
{
    for (int64_t i = 0; i < n; i++) {
        v[i] = rest * v[i] + m.factor * g[i] + m.l2 * x[i];
        x[i] -= m.rate * v[i];
    }
}

/* Block `b` of tensor i, whose momenta begin at s. */
static void update(const struct optim *p, int i, struct block b, float *params, const float *grad,
                   float *s, const struct loops_adam *how)
{
    const struct optim_options *o = &p->o;
    double decay = p->T->t[i].dims > 1 ? o->decay : 0.0;
    struct loops_adam m = *how;
    float *x = params + b.first;

    if (o->kind == OPTIM_ADAMW)
        m.keep = (float)(1.0 - optim_rate(p) * decay);
    else
        m.l2 = (float)decay;
    if (o->kind == OPTIM_SGD) plain(x, grad + b.first, b.count, m);
    if (o->kind == OPTIM_MOMENTUM) momentum(x, grad + b.first, s, b.count, m, (float)o->momentum);
    if (o->kind >= OPTIM_ADAM) loops_best()->adam(x, grad + b.first, s, s + p->held, b.count, &m);
}

double optim_update(struct optim *p, float *params, const float *grad, double factor,
                    double squares)
{
    const struct optim_options *o = &p->o;
    double norm = sqrt(squares) * factor, rate = optim_rate(p), root = 1.0, correction = 1.0;
    double clip = o->clip > 0.0 && norm > o->clip ? o->clip / norm : 1.0;
    float *s = p->state;

    if (!isfinite(norm)) return norm;
    if (o->kind == OPTIM_ADAM || o->kind == OPTIM_ADAMW) {
        root = sqrt(1.0 - pow(o->beta2, (double)(p->step + 1)));
        correction = root / (1.0 - pow(o->beta1, (double)(p->step + 1)));
    }
    /* rate and epsilon hold the corrections for the start from 0: section 2 of Adam's paper, the
     * efficient order */
    struct loops_adam how = { .rate = (float)(rate * correction),
                              .factor = (float)(factor * clip),
                              .keep = 1.0f,
                              .beta1 = (float)o->beta1,
                              .beta2 = (float)o->beta2,
                              .epsilon = (float)(o->epsilon * root) };
    for (int b = 0; b < p->owns; b++) {
        for (int i = 0; i < p->T->n; i++) {
            struct block m = moving(p, i, p->own[b]);
            if (m.count > 0) update(p, i, m, params, grad, s + (m.first - p->own[b].first), &how);
        }
        if (p->state_n > 0) s += optim_room(p->own[b]);
    }
    p->step++;
    return norm;
}

double optim_step(struct optim *p, float *params, const float *grad, double factor)
{
    return optim_update(p, params, grad, factor, optim_squares(p, grad));
}
