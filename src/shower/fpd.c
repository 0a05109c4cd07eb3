#include "shower/fpd.h"

#include "base/mem.h"
#include "num/blas.h"
#include "num/cov.h"
#include "num/pcg.h"
#include "num/stats.h"
#include "num/trf.h"

#include <math.h>
#include <string.h>

enum { PAIR = 2, UNDER_WAY = 16 };

/* The two samples, how they are normalised, and room for one bootstrap of each. */
struct fpd_bench {
    const struct par *P;
    const struct sample *s[PAIR];
    int d;
    double *scale, *zero;       /* [d] */
    struct cov cov[PAIR];       /* centred on the mean of their own sample */
    uint32_t *index;            /* [largest batch] */
    int32_t *weight;            /* [most rows of a sample here] */
    double *sums;               /* [UNDER_WAY, PAIR, cov_size] */
    int under_way;              /* evaluations between two sums over ranks */
    double *mean[PAIR];         /* [d] */
    double *sigma[PAIR], *work; /* [d, d] */
    double *w;                  /* [d] */
    struct blas_work blas;
};

void fpd_sizes(int64_t size[FPD_POINTS], int64_t min, int64_t max)
{
    double first = 1 / (double)min, last = 1 / (double)max,
           step = (last - first) / (FPD_POINTS - 1);
    for (int k = 0; k < FPD_POINTS; k++)
        size[k] = (int64_t)(1 / (k == FPD_POINTS - 1 ? last : k * step + first));
}

static int check_one(const struct sample *s, const char *name, int d, struct err *e)
{
    if (s->n < 2 || s->n >= (int64_t)1 << 32)
        return err_set(e, "the %s sample has %lld showers; distances want 2 to 2^32 - 1", name,
                       (long long)s->n);
    for (int64_t i = 0; i < s->mine.count; i++)
        for (int j = 0; j < d; j++)
            if (!isfinite(s->x[i * d + j]))
                return err_set(e, "feature %d of %s shower %lld is %g; expected a finite number", j,
                               name, (long long)(s->mine.first + i), s->x[i * d + j]);
    return 0;
}

int fpd_scale(double *scale, const struct par *P, const struct sample *X, const struct sample *Y,
              int d, struct err *e)
{
    if (!check_one(X, "reference", d, e)) check_one(Y, "generated", d, e);
    if (par_agree(P, e)) return -1;
    for (int j = 0; j < d; j++) scale[j] = 0;
    for (int64_t i = 0; i < X->mine.count; i++)
        for (int j = 0; j < d; j++) scale[j] = fmax(scale[j], fabs(X->x[i * d + j]));
    par_max(P, scale, d);
    for (int j = 0; j < d; j++) scale[j] = scale[j] > 0 ? 1 / scale[j] : 1;
    return 0;
}

/* The mean of a whole sample: the centre around which its bootstraps are squared. */
static void centre_of(double *centre, const struct par *P, const struct sample *s, int d)
{
    for (int j = 0; j < d; j++) centre[j] = 0;
    for (int64_t i = 0; i < s->mine.count; i++)
        for (int j = 0; j < d; j++) centre[j] += s->x[i * d + j];
    par_sum(P, centre, d);
    for (int j = 0; j < d; j++) centre[j] /= (double)s->n;
}

static int bench_init(struct fpd_bench *b, const struct par *P, const struct sample *X,
                      const struct sample *Y, int d, int64_t largest, struct err *e)
{
    *b = (struct fpd_bench){ .P = P, .s = { X, Y }, .d = d };
    b->under_way = P->size < UNDER_WAY ? P->size : UNDER_WAY;
    b->scale = mem_take(d, sizeof(double));
    if (fpd_scale(b->scale, P, X, Y, d, e)) return -1;
    double *centre = mem_take(d, sizeof *centre);
    for (int i = 0; i < PAIR; i++) {
        centre_of(centre, P, b->s[i], d);
        cov_init(b->cov + i, d, centre, b->scale);
        b->mean[i] = mem_take(d, sizeof(double));
        b->sigma[i] = mem_take((int64_t)d * d, sizeof(double));
    }
    mem_free(centre);
    int64_t rows = X->mine.count > Y->mine.count ? X->mine.count : Y->mine.count;
    b->index = mem_take(largest, sizeof *b->index);
    b->weight = mem_take(rows, sizeof *b->weight);
    b->sums = mem_take(b->under_way * PAIR * cov_size(d), sizeof(double));
    b->work = mem_take((int64_t)d * d, sizeof(double));
    b->w = mem_take(d, sizeof(double));
    return 0;
}

static void bench_free(struct fpd_bench *b)
{
    for (int i = 0; i < PAIR; i++) {
        cov_free(b->cov + i);
        mem_free(b->mean[i]);
        mem_free(b->sigma[i]);
    }
    mem_free(b->scale);
    mem_free(b->index);
    mem_free(b->weight);
    mem_free(b->sums);
    mem_free(b->work);
    mem_free(b->w);
    blas_work_free(&b->blas);
}

/* T with S1 = T' T into work [d, d]: a Cholesky factor, or, where S1 is singular, diag(w^1/2) V
 * from its eigenvectors (the rows of V). sigma[0] is lost. */
static int root_of(struct fpd_bench *b, struct err *e)
{
    int d = b->d;
    int64_t size = (int64_t)d * d;
    double *s1 = b->sigma[0], *T = b->work;
    struct err singular = { { 0 } };
    memcpy(T, s1, (size_t)size * sizeof *T);
    if (blas_cholesky(T, d, &singular) == 0) {
        for (int i = 0; i < d; i++)
            for (int j = 0; j < i; j++) {
                T[(int64_t)j * d + i] = T[(int64_t)i * d + j];
                T[(int64_t)i * d + j] = 0;
            }
        return 0;
    }
    if (blas_eigen(s1, d, b->w, 1, &b->blas, e)) return -1;
    for (int i = 0; i < d; i++) {
        double root = b->w[i] > 0 ? sqrt(b->w[i]) : 0;
        for (int j = 0; j < d; j++) T[(int64_t)i * d + j] = root * s1[(int64_t)i * d + j];
    }
    return 0;
}

/* tr (S1 S2)^(1/2): S1 S2 has the eigenvalues of the symmetric T S2 T'; the sum of their roots.
 * Both matrices are lost. */
static int trace_root(double *trace, struct fpd_bench *b, struct err *e)
{
    int d = b->d;
    double *half = b->sigma[0], *s2 = b->sigma[1];
    if (root_of(b, e)) return -1;
    blas_gemm(half, d, BLAS_PLAIN, BLAS_PLAIN, d, d, d, 1, b->work, d, s2, d, 0);
    blas_gemm(s2, d, BLAS_PLAIN, BLAS_TRANSPOSED, d, d, d, 1, half, d, b->work, d, 0);
    if (blas_eigen(s2, d, b->w, 0, &b->blas, e)) return -1;
    *trace = 0;
    for (int i = 0; i < d; i++) *trace += b->w[i] > 0 ? sqrt(b->w[i]) : 0;
    return 0;
}

/* d2 of two packed sums that were added over the ranks. Local. */
static int frechet(double *d2, struct fpd_bench *b, const double *packed, struct err *e)
{
    double shift = 0, trace = 0, root = 0;
    for (int i = 0; i < PAIR; i++) {
        cov_solve(b->d, packed + i * cov_size(b->d), 1, b->mean[i], b->sigma[i]);
        for (int64_t j = 0; j < b->d; j++) trace += b->sigma[i][j * b->d + j];
    }
    for (int j = 0; j < b->d; j++) {
        double apart = (b->cov[0].centre[j] - b->cov[1].centre[j]) * b->scale[j];
        apart += b->mean[0][j] - b->mean[1][j];
        shift += apart * apart;
    }
    if (trace_root(&root, b, e)) return -1;
    *d2 = shift + trace - 2 * root;
    return 0;
}

/* The sums of this rank's rows of sample i; weight NULL: every row once. */
static void gather(struct fpd_bench *b, int i, const int32_t *weight, double *packed)
{
    cov_clear(b->cov + i);
    cov_add(b->cov + i, b->s[i]->x, weight, b->s[i]->mine.count);
    cov_pack(b->cov + i, packed);
}

/* Draw n rows of sample i, as every rank does, and gather those that live here. */
static void bootstrap(struct fpd_bench *b, int i, struct pcg *g, int64_t n, double *packed)
{
    const struct sample *s = b->s[i];
    pcg_fill(g, (uint32_t)s->n, b->index, n);
    memset(b->weight, 0, (size_t)s->mine.count * sizeof *b->weight);
    for (int64_t k = 0; k < n; k++) {
        int64_t here = (int64_t)b->index[k] - s->mine.first;
        if (here >= 0 && here < s->mine.count) b->weight[here]++;
    }
    gather(b, i, b->weight, packed);
}

/* Evaluations first .. first + n - 1 of the 200: gather together, sum, share out. d2 gets this
 * rank's results and keeps 0 elsewhere. Local errors wait in e. */
static void group(struct fpd_bench *b, struct pcg *g, const int64_t *size, int first, int n,
                  double *d2, struct err *e)
{
    int64_t one = cov_size(b->d), pair = PAIR * one;
    for (int k = 0; k < n; k++)
        for (int i = 0; i < PAIR; i++)
            bootstrap(b, i, g, size[(first + k) / FPD_BATCHES], b->sums + k * pair + i * one);
    par_sum(b->P, b->sums, n * pair);
    for (int k = 0; k < n; k++)
        if (k % b->P->size == b->P->rank && !err_is(e))
            frechet(d2 + first + k, b, b->sums + k * pair, e);
}

static void extrapolate(struct fpd *r, const int64_t *size, const double *d2)
{
    double inverse[FPD_POINTS];
    for (int k = 0; k < FPD_POINTS; k++) {
        r->size[k] = (double)size[k];
        inverse[k] = 1 / (double)size[k];
        r->mean[k] = stats_mean(d2 + k * FPD_BATCHES, FPD_BATCHES);
    }
    struct stats_line l = trf_line(inverse, r->mean, FPD_POINTS);
    r->value = l.a;
    r->slope = l.b;
    r->error = sqrt(l.var_a);
    r->first = d2[0];
}

int fpd_distance(struct fpd *r, const struct par *P, const struct sample *X, const struct sample *Y,
                 int d, const struct fpd_options *o, struct err *e)
{
    enum { ALL = FPD_POINTS * FPD_BATCHES };
    struct fpd_bench b;
    struct pcg g = pcg_seed(o->seed);
    double d2[ALL] = { 0 };
    int64_t size[FPD_POINTS];
    if (o->min < 2 || o->max <= o->min)
        return err_set(e, "FPD with batches of %lld to %lld showers; expected 2 <= min < max",
                       (long long)o->min, (long long)o->max);
    fpd_sizes(size, o->min, o->max);
    int bad = bench_init(&b, P, X, Y, d, o->max, e);
    for (int k = 0; k < ALL && !bad; k += b.under_way)
        group(&b, &g, size, k, ALL - k < b.under_way ? ALL - k : b.under_way, d2, e);
    if (!bad) bad = par_agree(P, e);
    if (!bad) {
        par_sum(P, d2, ALL);
        extrapolate(r, size, d2);
    }
    bench_free(&b);
    return bad ? -1 : 0;
}

int fpd_plain(double *d2, const struct par *P, const struct sample *X, const struct sample *Y,
              int d, struct err *e)
{
    struct fpd_bench b;
    int bad = bench_init(&b, P, X, Y, d, 0, e);
    if (!bad) {
        for (int i = 0; i < PAIR; i++) gather(&b, i, NULL, b.sums + i * cov_size(d));
        par_sum(P, b.sums, PAIR * cov_size(d));
        frechet(d2, &b, b.sums, e);
        bad = par_agree(P, e);
    }
    bench_free(&b);
    return bad ? -1 : 0;
}
