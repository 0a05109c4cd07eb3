#include "nn/optim.h"

#include "base/err.h"
#include "base/mem.h"
#include "num/loops.h"

#include <math.h>
#include <string.h>

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

void optim_init(struct optim *p, const struct optim_options *o, const struct tensors *T)
{
    int64_t slots = o->kind == OPTIM_SGD ? 0 : o->kind == OPTIM_MOMENTUM ? 1 : 2;

    *p = (struct optim){ .o = *o, .n = T->total, .state_n = slots * T->total, .T = T };
    if (o->schedule != OPTIM_CONSTANT && o->steps < 1)
        die("a schedule of %lld steps", (long long)o->steps);
    p->state = mem_take(p->state_n, sizeof *p->state);
    p->frozen = mem_take(T->n, sizeof *p->frozen);
}

void optim_free(struct optim *p)
{
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

static double norm_of(const struct optim *p, const float *grad, double factor)
{
    enum { LANES = 8 };
    double sum[LANES] = { 0.0 };

    for (int i = 0; i < p->T->n; i++) {
        const struct tensor *t = &p->T->t[i];
        const float *g = grad + t->first; /* the gap behind a tensor is 0 */
        if (p->frozen[i] || t->fixed) continue;
        for (int64_t k = 0; k < t->count; k += LANES)
            for (int j = 0; j < LANES; j++) sum[j] += (double)g[k + j] * (double)g[k + j];
    }
    for (int j = 1; j < LANES; j++) sum[0] += sum[j];
    return sqrt(sum[0]) * factor;
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

double optim_step(struct optim *p, float *params, const float *grad, double factor)
{
    const struct optim_options *o = &p->o;
    double norm = norm_of(p, grad, factor), rate = optim_rate(p);
    double clip = o->clip > 0.0 && norm > o->clip ? o->clip / norm : 1.0;
    double root = 1.0, correction = 1.0;

    if (!isfinite(norm)) return norm;
    p->step++;
    if (o->kind == OPTIM_ADAM || o->kind == OPTIM_ADAMW) {
        root = sqrt(1.0 - pow(o->beta2, (double)p->step));
        correction = root / (1.0 - pow(o->beta1, (double)p->step));
    }
    for (int i = 0; i < p->T->n; i++) {
        const struct tensor *t = &p->T->t[i];
        double decay = t->dims > 1 ? o->decay : 0.0;
        int decoupled = o->kind == OPTIM_ADAMW;
        /* rate and epsilon hold the corrections for the start from 0: section 2 of Adam's paper,
         * the efficient order */
        struct loops_adam m = { .rate = (float)(rate * correction),
                                .factor = (float)(factor * clip),
                                .l2 = decoupled ? 0.0f : (float)decay,
                                .keep = decoupled ? (float)(1.0 - rate * decay) : 1.0f,
                                .beta1 = (float)o->beta1,
                                .beta2 = (float)o->beta2,
                                .epsilon = (float)(o->epsilon * root) };
        float *x = params + t->first, *s = p->state_n > 0 ? p->state + t->first : NULL;
        if (p->frozen[i] || t->fixed) continue;
        if (o->kind == OPTIM_SGD) plain(x, grad + t->first, t->count, m);
        if (o->kind == OPTIM_MOMENTUM)
            momentum(x, grad + t->first, s, t->count, m, (float)o->momentum);
        if (o->kind >= OPTIM_ADAM)
            loops_best()->adam(x, grad + t->first, s, s + p->n, t->count, &m);
    }
    return norm;
}
