#include "shower/paired.h"

#include "base/mem.h"
#include "num/stats.h"

#include <math.h>

void paired_init(struct paired *p, int layers)
{
    *p = (struct paired){ .layers = layers };
    p->layer = mem_take(layers, sizeof *p->layer);
}

void paired_free(struct paired *p)
{
    mem_free(p->error);
    mem_free(p->layer);
    *p = (struct paired){ 0 };
}

static double relative(double made, double real)
{
    return real > 0 ? (made - real) / real : (double)NAN;
}

static void grow(struct paired *p, int64_t n)
{
    if (n <= p->room) return;
    p->room = n > 2 * p->room ? n : 2 * p->room;
    p->error = mem_grow(p->error, p->room * (1 + p->layers), sizeof *p->error);
}

void paired_add(struct paired *p, const struct observables *ox, const float *x,
                const struct observables *oy, const float *y, int V)
{
    grow(p, p->n + ox->n);
    for (int i = 0; i < ox->n; i++) {
        double *at = p->error + p->n++ * (1 + p->layers);
        errorlaw_add(&p->law, ox->total[i], relative(oy->total[i], ox->total[i]));
        *at++ = relative(oy->total[i], ox->total[i]);
        for (int64_t k = (int64_t)i * p->layers; k < (int64_t)(i + 1) * p->layers; k++)
            *at++ = relative(oy->layer[k], ox->layer[k]);
        double square = 0;
        for (int64_t v = (int64_t)i * V; v < (int64_t)(i + 1) * V; v++) {
            double d = (double)y[v] - (double)x[v];
            square += d * d;
        }
        p->square[0] += V;
        p->square[1] += square;
        p->square[2] += square / (ox->energy[i] * ox->energy[i]);
    }
}

/* One column of errors of all ranks; all [total] is scratch, mine [p->n] too. */
static struct paired_error column(const struct paired *p, const struct par *P, int k, double *mine,
                                  double *all)
{
    int64_t n = 0;
    struct paired_error r = { 0 };
    for (int64_t i = 0; i < p->n; i++) {
        double x = p->error[i * (1 + p->layers) + k];
        if (!isnan(x)) mine[n++] = x;
    }
    par_allgather(P, mine, n * (int64_t)sizeof *mine, all);
    r.n = n = par_sum_one(P, n);
    if (n == 0) return r;
    stats_sort(all, n);
    r.mean = stats_mean(all, n);
    r.std = n > 1 ? stats_std(all, n, 1) : 0;
    r.q05 = stats_quantile(all, n, 0.05);
    r.q16 = stats_quantile(all, n, 0.16);
    r.median = stats_quantile(all, n, 0.5);
    r.q84 = stats_quantile(all, n, 0.84);
    r.q95 = stats_quantile(all, n, 0.95);
    return r;
}

void paired_finish(struct paired *p, const struct par *P)
{
    double *mine = mem_take(p->n, sizeof *mine);
    double *all = mem_take(par_sum_one(P, p->n), sizeof *all);
    p->total = column(p, P, 0, mine, all);
    for (int l = 0; l < p->layers; l++) p->layer[l] = column(p, P, 1 + l, mine, all);
    mem_free(mine);
    mem_free(all);
    errorlaw_finish(&p->law, P);
    par_sum(P, p->square, 3);
    if (p->square[0] > 0) {
        p->voxel_rms = sqrt(p->square[1] / p->square[0]);
        p->voxel_relative = sqrt(p->square[2] / p->square[0]);
    }
}
