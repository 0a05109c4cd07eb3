#include "qpu/reweigh.h"

#include "base/mem.h"
#include "num/logweights.h"
#include "num/quality.h"
#include "num/series.h"

#include <math.h>

void reweigh_init(struct reweigh *x, const double *E, int64_t n, const int32_t *window,
                  const double *u, int windows, const double *influence)
{
    *x = (struct reweigh){
        .n = n, .E = E, .window = window, .influence = influence, .windows = windows
    };
    x->log_w = mem_take(n, sizeof *x->log_w);
    x->w = mem_take(n, sizeof *x->w);
    x->slope = mem_take(windows, sizeof *x->slope);
    x->term = mem_take(n, sizeof *x->term);
    for (int64_t r = 0; r < n; r++) x->log_w[r] = (u[window[r]] - 1.0) * E[r];
    struct logweights all = logweights_of(x->log_w, n);
    for (int64_t r = 0; r < n; r++) {
        x->log_w[r] -= all.log_mean;
        x->w[r] = exp(x->log_w[r]) / (double)n;
    }
    x->ess = all.ess;
    x->largest = all.largest;
    x->pareto = quality_pareto(x->log_w, n);
}

void reweigh_free(struct reweigh *x)
{
    mem_free(x->log_w);
    mem_free(x->w);
    mem_free(x->slope);
    mem_free(x->term);
    *x = (struct reweigh){ 0 };
}

struct reweigh_mean reweigh_of(struct reweigh *x, const double *f)
{
    struct reweigh_mean y = { 0.0, 0.0 };

    for (int64_t r = 0; r < x->n; r++) y.mean += x->w[r] * f[r];
    for (int k = 0; k < x->windows; k++) x->slope[k] = 0.0;
    for (int64_t r = 0; r < x->n; r++) {
        x->term[r] = x->w[r] * (f[r] - y.mean);
        x->slope[x->window[r]] += x->term[r] * x->E[r];
    }
    for (int64_t r = 0; r < x->n; r++) x->term[r] += x->slope[x->window[r]] * x->influence[r];
    y.error = (double)x->n * series_error(x->term, x->n);
    return y;
}
