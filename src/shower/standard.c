#include "shower/standard.h"

#include "base/mem.h"

#include <math.h>

enum { HITS, SUM, SQUARES, LEAST, SUMS };

static const float LOWEST = 0.001f; /* where a hit lands that is lower than all of the fit */
static const double LIFT = 0.01;    /* where the lowest hit of the fit lands */

void standard_init(struct standard *s, int V)
{
    *s = (struct standard){ .V = V };
    s->mean = mem_take(2 * (int64_t)V, sizeof *s->mean);
    s->std = s->mean + V;
    s->sum = mem_take(SUMS * (int64_t)V, sizeof *s->sum);
    for (int v = 0; v < V; v++) {
        s->std[v] = 1.0f;
        s->sum[LEAST * V + v] = INFINITY;
    }
}

void standard_free(struct standard *s)
{
    mem_free(s->mean);
    mem_free(s->sum);
    *s = (struct standard){ 0 };
}

void standard_look(struct standard *s, int B, const float *u)
{
    const int V = s->V;

    for (int64_t b = 0; b < B; b++)
        for (int v = 0; v < V; v++) {
            double x = (double)u[b * V + v];
            if (!(x > 0.0)) continue;
            s->sum[HITS * V + v] += 1.0;
            s->sum[SUM * V + v] += x;
            s->sum[SQUARES * V + v] += x * x;
            s->sum[LEAST * V + v] = fmin(s->sum[LEAST * V + v], x);
        }
}

void standard_fit(struct standard *s, const struct par *P)
{
    const int V = s->V;
    double lowest = INFINITY;

    par_sum(P, s->sum, LEAST * (int64_t)V);
    par_min(P, s->sum + LEAST * V, V);
    for (int v = 0; v < V; v++) {
        double n = s->sum[HITS * V + v];
        s->never += n == 0.0;
        if (n == 0.0) continue;
        double mean = s->sum[SUM * V + v] / n;
        double variance = s->sum[SQUARES * V + v] / n - mean * mean;
        s->mean[v] = (float)mean;
        if (variance > 1e-10 * mean * mean) s->std[v] = (float)sqrt(variance); /* not rounding */
        lowest = fmin(lowest, (s->sum[LEAST * V + v] - mean) / (double)s->std[v]);
    }
    s->lift = isfinite(lowest) ? (float)(LIFT - lowest) : 0.0f;
    mem_free(s->sum);
    s->sum = NULL;
}

void standard_forward(const struct standard *s, int B, float *u)
{
    for (int64_t b = 0; b < B; b++) {
        float *x = u + b * s->V;
        for (int v = 0; v < s->V; v++) {
            float y = (x[v] - s->mean[v]) / s->std[v] + s->lift;
            y = y > LOWEST ? y : LOWEST;
            x[v] = x[v] > 0.0f ? y : 0.0f;
        }
    }
}

void standard_inverse(const struct standard *s, const float *from, float *u)
{
    for (int v = 0; v < s->V; v++) {
        float y = (from[v] - s->lift) * s->std[v] + s->mean[v];
        u[v] = from[v] > 0.0f && y > 0.0f ? y : 0.0f;
    }
}
