#include "rbm/update.h"

#include "base/mem.h"

#include <math.h>

void update_init(struct update *u, enum update_kind kind, const struct rbm *m)
{
    *u = (struct update){ .kind = kind,
                          .rate = 0.01,
                          .momentum = 0.9,
                          .beta1 = 0.9,
                          .beta2 = 0.999,
                          .epsilon = 1e-8,
                          .share = 1.0,
                          .total = m->table.total };
    u->first = mem_take(u->total, sizeof u->first[0]);
    u->second = mem_take(u->total, sizeof u->second[0]);
}

void update_free(struct update *u)
{
    mem_free(u->first);
    mem_free(u->second);
    *u = (struct update){ 0 };
}

/* What one parameter is moved by, before the rate. */
static double direction(struct update *u, int64_t i, double g, double correct1, double correct2)
{
    if (u->kind == UPDATE_SGD) return g;
    if (u->kind == UPDATE_MOMENTUM) {
        u->first[i] = (float)(u->momentum * (double)u->first[i] + g);
        return (double)u->first[i];
    }
    u->first[i] = (float)(u->beta1 * (double)u->first[i] + (1.0 - u->beta1) * g);
    u->second[i] = (float)(u->beta2 * (double)u->second[i] + (1.0 - u->beta2) * g * g);
    return (double)u->first[i] / correct1 / (sqrt((double)u->second[i] / correct2) + u->epsilon);
}

double update_rate(const struct update *u)
{
    double t = (double)u->step, rate = u->rate * u->share;

    if (u->schedule == UPDATE_STEPPED) return rate * pow(u->factor, floor(t / (double)u->every));
    if (u->schedule != UPDATE_COSINE) return rate;
    double part = u->steps > 1 ? fmin(t / (double)(u->steps - 1), 1.0) : 1.0;
    return rate * (u->factor + (1.0 - u->factor) * 0.5 * (1.0 + cos(acos(-1.0) * part)));
}

/* What holds for weights alone, after the step. */
static double confine(const struct update *u, double rate, double p)
{
    double least = rate * u->lasso;

    if (least > 0.0) p = p > least ? p - least : p < -least ? p + least : 0.0;
    if (u->most > 0.0) p = fmin(fmax(p, -u->most), u->most);
    return p;
}

/* Four sums in turn: one would wait for itself. */
static double square(const float *x, int64_t n)
{
    double sum[4] = { 0.0 };
    int64_t i = 0;

    for (; i + 4 <= n; i += 4)
        for (int q = 0; q < 4; q++) sum[q] += (double)x[i + q] * (double)x[i + q];
    for (; i < n; i++) sum[0] += (double)x[i] * (double)x[i];
    return sum[0] + sum[1] + sum[2] + sum[3];
}

double update_step(struct update *u, struct rbm *m, const float *gradient)
{
    double norm = sqrt(square(gradient, u->total)), scale = 1.0, rate = update_rate(u);

    if (!isfinite(norm)) return norm;
    if (u->clip > 0.0 && norm > u->clip) scale = u->clip / norm;
    u->step++;
    double correct1 = 1.0 - pow(u->beta1, (double)u->step);
    double correct2 = 1.0 - pow(u->beta2, (double)u->step);
    int64_t weights = m->weight - m->param;
    for (int64_t i = 0; i < u->total; i++) {
        double p = (double)m->param[i];
        double move = direction(u, i, scale * (double)gradient[i], correct1, correct2);
        if (i >= weights) move -= u->decay * p;
        p += rate * move;
        m->param[i] = (float)(i >= weights ? confine(u, rate, p) : p);
    }
    rbm_prepare(m);
    return norm;
}
