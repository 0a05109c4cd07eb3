#include "shower/wasserstein.h"

#include "base/mem.h"
#include "num/stats.h"

/* Column j of all ranks to `root`, sorted there. Collective. */
static void column(double *all, double *mine, const struct par *P, const struct sample *s, int d,
                   int j, int root)
{
    for (int64_t i = 0; i < s->mine.count; i++) mine[i] = s->x[i * d + j];
    par_gather(P, mine, s->mine.count * (int64_t)sizeof *mine, P->rank == root ? all : NULL, root);
    if (P->rank == root) stats_sort(all, s->n);
}

void wasserstein_columns(double *w, const struct par *P, const struct sample *X,
                         const struct sample *Y, int d)
{
    int64_t most = X->mine.count > Y->mine.count ? X->mine.count : Y->mine.count;
    double *mine = mem_take(most, sizeof *mine);
    double *x = mem_take(X->n, sizeof *x), *y = mem_take(Y->n, sizeof *y);

    for (int j = 0; j < d; j++) {
        int root = j % P->size;
        column(x, mine, P, X, d, j, root);
        column(y, mine, P, Y, d, j, root);
        w[j] = 0.0;
        if (P->rank != root) continue;
        double std = X->n > 1 ? stats_std(x, X->n, 1) : 0.0;
        w[j] = stats_wasserstein(x, X->n, y, Y->n) / (std > 0.0 ? std : 1.0);
    }
    par_sum(P, w, d);
    mem_free(y);
    mem_free(x);
    mem_free(mine);
}
