#include "shower/kpd.h"

#include "base/mem.h"
#include "num/blas.h"
#include "num/pcg.h"
#include "num/stats.h"

#include <math.h>

enum { TILE = 256 };

/* The distinct rows of one batch of one sample, normalised, on every rank. */
struct kpd_side {
    int64_t n;      /* distinct rows */
    double *x;      /* [batch, d] */
    double *weight; /* [batch] how often each was drawn */
    double *mine;   /* [batch, d] those that live here */
};

static void side_init(struct kpd_side *s, int batch, int d)
{
    s->n = 0;
    s->x = mem_take((int64_t)batch * d, sizeof(double));
    s->mine = mem_take((int64_t)batch * d, sizeof(double));
    s->weight = mem_take(batch, sizeof(double));
}

static void side_free(struct kpd_side *s)
{
    mem_free(s->x);
    mem_free(s->mine);
    mem_free(s->weight);
}

/* Draw a batch of sample s, as every rank does, and gather its rows: sorted by number they are
 * sorted by rank too, so that the gather leaves them in place. index [batch] is scratch. */
static void draw(struct kpd_side *k, const struct par *P, const struct sample *s, int d,
                 const double *scale, int batch, struct pcg *g, double *index)
{
    int64_t here = 0;
    for (int i = 0; i < batch; i++) index[i] = pcg_below(g, (uint32_t)s->n);
    stats_sort(index, batch);
    k->n = 0;
    for (int i = 0; i < batch; i++) {
        if (i && index[i] == index[i - 1]) {
            k->weight[k->n - 1]++;
            continue;
        }
        k->weight[k->n++] = 1;
        int64_t row = (int64_t)index[i] - s->mine.first;
        if (row < 0 || row >= s->mine.count) continue;
        for (int j = 0; j < d; j++) k->mine[here * d + j] = s->x[row * d + j] * scale[j];
        here++;
    }
    par_allgather(P, k->mine, here * d * (int64_t)sizeof(double), k->x);
}

static double fourth(double dot, int d)
{
    double k = dot / d + 1;
    k *= k;
    return k * k;
}

/* Sum of weights times kernels of rows [a, a + na) of A with rows [b, b + nb) of B. */
static double tile(const struct kpd_side *A, int64_t a, int na, const struct kpd_side *B, int64_t b,
                   int nb, int d, double *dot)
{
    double sum = 0;
    blas_gemm(dot, nb, BLAS_PLAIN, BLAS_TRANSPOSED, na, nb, d, 1, A->x + a * d, d, B->x + b * d, d,
              0);
    for (int i = 0; i < na; i++) {
        double row = 0;
        for (int j = 0; j < nb; j++) row += B->weight[b + j] * fourth(dot[(int64_t)i * nb + j], d);
        sum += A->weight[a + i] * row;
    }
    return sum;
}

static int width(int64_t n, int64_t first)
{
    return n - first < TILE ? (int)(n - first) : TILE;
}

/* This rank's share of sum_ij w_i w_j k(a_i, b_j); with A = B only one triangle of tiles is
 * computed. `turn` counts tiles, which the ranks take in turns. */
static double product(const struct par *P, const struct kpd_side *A, const struct kpd_side *B,
                      int d, double *dot, int64_t *turn)
{
    double sum = 0;
    for (int64_t a = 0; a < A->n; a += TILE)
        for (int64_t b = A == B ? a : 0; b < B->n; b += TILE) {
            if ((*turn)++ % P->size != P->rank) continue;
            double s = tile(A, a, width(A->n, a), B, b, width(B->n, b), d, dot);
            sum += A == B && a != b ? 2 * s : s;
        }
    return sum;
}

/* sum over draws of k(x, x): the terms that the unbiased estimate leaves out. */
static double diagonal(const struct kpd_side *A, int d)
{
    double sum = 0;
    for (int64_t i = 0; i < A->n; i++) {
        double dot = 0;
        for (int j = 0; j < d; j++) dot += A->x[i * d + j] * A->x[i * d + j];
        sum += A->weight[i] * fourth(dot, d);
    }
    return sum;
}

static double mmd(const struct par *P, const struct kpd_side *x, const struct kpd_side *y, int d,
                  int batch, double *dot)
{
    int64_t turn = 0;
    double m = batch, sum[3];
    sum[0] = product(P, x, x, d, dot, &turn);
    sum[1] = product(P, y, y, d, dot, &turn);
    sum[2] = product(P, x, y, d, dot, &turn);
    par_sum(P, sum, 3);
    return (sum[0] - diagonal(x, d)) / (m * (m - 1)) + (sum[1] - diagonal(y, d)) / (m * (m - 1)) -
           2 * sum[2] / (m * m);
}

int kpd_distance(struct kpd *r, const struct par *P, const struct sample *X, const struct sample *Y,
                 int d, int batch, uint64_t seed, struct err *e)
{
    double *scale = mem_take(d, sizeof *scale), sorted[KPD_BATCHES];
    struct kpd_side x, y;
    if (batch < 2) err_set(e, "KPD with batches of %d showers; expected 2 or more", batch);
    if (err_is(e) || fpd_scale(scale, P, X, Y, d, e)) {
        mem_free(scale);
        return -1;
    }
    double *index = mem_take(batch, sizeof *index);
    double *dot = mem_take(TILE * TILE, sizeof *dot);
    side_init(&x, batch, d);
    side_init(&y, batch, d);
    for (int i = 0; i < KPD_BATCHES; i++) {
        struct pcg g = pcg_seed(seed + 1000 * (uint64_t)i);
        draw(&x, P, X, d, scale, batch, &g, index);
        draw(&y, P, Y, d, scale, batch, &g, index);
        sorted[i] = r->batch[i] = mmd(P, &x, &y, d, batch, dot);
    }
    stats_sort(sorted, KPD_BATCHES);
    r->value = stats_quantile(sorted, KPD_BATCHES, 0.5);
    r->error = (stats_quantile(sorted, KPD_BATCHES, 0.83725) -
                stats_quantile(sorted, KPD_BATCHES, 0.16275)) /
               2;
    side_free(&x);
    side_free(&y);
    mem_free(index);
    mem_free(dot);
    mem_free(scale);
    return 0;
}
