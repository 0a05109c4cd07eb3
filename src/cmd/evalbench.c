#include "cmd/evalbench.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cmd/benchline.h"
#include "cmd/judge.h"
#include "num/blas.h"
#include "shower/kpd.h"
#include "shower/prdc.h"
#include "shower/synth.h"

#include <math.h>

enum { PIECE = JUDGE_PIECE, EDGE = 1024, KPD_BATCH = 10000 };

/* What every figure needs. */
struct bench {
    struct run *r;
    struct geom g;
    double sgemm, dgemm; /* GFLOP/s of this rank */
    /* a piece of showers and what becomes of it */
    float *x; /* [PIECE, V] */
    double *energy, *feature;
    int d; /* columns of feature */
    struct observables o;
    struct histos H;
    struct profile p;
    double *range, sum;
    float *fa, *fc;
    double *da, *dc; /* [EDGE, EDGE] for the products */
};

static void float_product(void *ctx)
{
    struct bench *b = ctx;

    blas_gemm_float(b->fc, EDGE, BLAS_PLAIN, BLAS_TRANSPOSED, EDGE, EDGE, EDGE, 1.0f, b->fa, EDGE,
                    b->fa, EDGE, 0.0f);
}

static void double_product(void *ctx)
{
    struct bench *b = ctx;

    blas_gemm(b->dc, EDGE, BLAS_PLAIN, BLAS_TRANSPOSED, EDGE, EDGE, EDGE, 1.0, b->da, EDGE, b->da,
              EDGE, 0.0);
}

/* All that evaluate does with a piece of the reference and one of the generated sample, read. */
static void judge_pieces(void *ctx)
{
    struct bench *b = ctx;
    const struct geom *g = &b->g;

    observables_of(&b->o, g, b->x, b->energy, PIECE, g->threshold); /* the reference's range */
    histos_range(b->range, &b->o, b->x, g->voxels);
    for (int s = 0; s < HISTO_SAMPLES; s++) {
        observables_of(&b->o, g, b->x, b->energy, PIECE, g->threshold);
        features_of(b->feature, &b->o, g, FEATURES_CHALLENGE);
        histos_add(&b->H, s, &b->o, b->x, g->voxels);
        profile_add(&b->p, s, b->x, b->energy, PIECE, g->threshold);
    }
}

/* The same voxels as often, looked at. */
static void pass(void *ctx)
{
    struct bench *b = ctx;

    for (int k = 0; k < 3; k++)
        for (int64_t i = 0; i < (int64_t)PIECE * b->g.voxels; i++) b->sum += (double)b->x[i];
}

/* A figure in processor seconds of a rank, `best` the seconds that its reference takes. */
static void say(struct bench *b, struct json *list, const char *what, const char *against,
                double seconds, double best, int disturbed)
{
    struct benchline l = { what, against, "data set 2", "-", "s", NULL, seconds, best / seconds };

    benchline_say(b->r, list, &l, disturbed);
}

static int histograms(struct bench *b, struct json *list, double seconds, struct err *e)
{
    const struct par *P = b->r->P;
    const int V = b->g.voxels;
    struct synth_set set;
    struct synth synth;
    double scale = (double)conf_int(b->r->conf, "bench.showers") / PIECE / P->size;

    if (synth_recipe(&set, &b->g, e)) return -1;
    synth_init(&synth, &b->g, &set);
    for (int i = 0; i < PIECE; i++) {
        b->energy[i] = synth_energy(b->r->seed, i, 1e3, 1e6);
        synth_shower(&synth, b->r->seed, i, b->energy[i], b->x + (int64_t)i * V);
    }
    synth_free(&synth);
    observables_of(&b->o, &b->g, b->x, b->energy, PIECE, b->g.threshold);
    histos_range(b->range, &b->o, b->x, V);
    histos_init(&b->H, &b->g, b->g.threshold, b->range, 1e3, 1e6);
    profile_init(&b->p, &b->g, 1e3, 1e6);
    struct benchline_timing t = benchline_measure(b->r, judge_pieces, b, seconds);
    struct benchline_timing one = benchline_measure(b->r, pass, b, seconds);
    say(b, list, "histos", "1 pass", t.seconds * scale, one.seconds * scale, t.disturbed);
    return 0;
}

/* Random numbers for this rank's rows. */
static struct sample sample_of(double **x, const struct bench *b, int64_t n, int64_t item)
{
    struct block mine = block_of(n, b->r->P->rank, b->r->P->size);

    *x = mem_take(mine.count * b->d, sizeof **x);
    for (int64_t i = 0; i < mine.count; i++) {
        struct rng r = rng_at(b->r->seed, RNG_BENCH, mine.first + i, item);
        for (int j = 0; j < b->d; j++) (*x)[i * b->d + j] = (double)rng_float(&r);
    }
    return (struct sample){ *x, mine, n };
}

/* Distinct rows of n draws from N: what is computed. */
static double distinct(double n, double N)
{
    return N * (1.0 - pow(1.0 - 1.0 / N, n));
}

static int feature_distances(struct bench *b, struct json *list, struct err *e)
{
    const int64_t n = conf_int(b->r->conf, "bench.showers");
    const double d = b->d, ranks = b->r->P->size, rate = 1e9 * b->dgemm * ranks;
    struct fpd_options o = { 10000, 50000, 42 };
    double *x, *y, flop = 0.0;
    struct sample X = sample_of(&x, b, n, 0), Y = sample_of(&y, b, n, 1);
    struct fpd fpd;
    struct kpd kpd;

    double start = clock_cpu();
    int bad = fpd_distance(&fpd, b->r->P, &X, &Y, b->d, &o, e);
    double took = clock_cpu() - start;
    for (int k = 0; k < FPD_POINTS && !bad; k++)
        flop += 2.0 * FPD_BATCHES * distinct(fpd.size[k], (double)n) * d * (d + 1.0);
    if (!bad) say(b, list, "fpd", "dgemm", took, flop / rate, 0);
    start = clock_cpu();
    bad = bad || kpd_distance(&kpd, b->r->P, &X, &Y, b->d, KPD_BATCH, 42, e);
    took = clock_cpu() - start;
    flop = KPD_BATCHES * 2.0 * 2.0 * pow(distinct(KPD_BATCH, (double)n), 2.0) * d;
    if (!bad) say(b, list, "kpd", "dgemm", took, flop / rate, 0);
    mem_free(x);
    mem_free(y);
    return bad ? -1 : 0;
}

static int neighbours(struct bench *b, struct json *list, struct err *e)
{
    const int64_t n = conf_int(b->r->conf, "bench.showers") / 5;
    const int V = b->g.voxels;
    struct block mine = prdc_rows(n, b->r->P);
    float *x = mem_take(mine.count * V, sizeof *x), *y = mem_take(mine.count * V, sizeof *y);
    struct prdc_sample X = { n, x }, Y = { n, y };
    struct prdc prdc;

    for (int64_t i = 0; i < mine.count * V; i++) {
        x[i] = b->x[i % ((int64_t)PIECE * V)] + (float)(i % 97);
        y[i] = b->x[(i * 7) % ((int64_t)PIECE * V)] + (float)(i % 89);
    }
    double start = clock_cpu();
    int bad = prdc_of(&prdc, b->r->P, &X, &Y, V, 5, e);
    double took = clock_cpu() - start, flop = 4.0 * (double)n * (double)n * V;
    if (!bad) say(b, list, "prdc", "sgemm", took, 1e-9 * flop / b->sgemm / b->r->P->size, 0);
    mem_free(x);
    mem_free(y);
    return bad ? -1 : 0;
}

static void open(struct bench *b, struct json *list, double seconds)
{
    const int64_t V = b->g.voxels, square = (int64_t)EDGE * EDGE;

    b->d = features_count(&b->g, FEATURES_CHALLENGE);
    b->x = mem_take(PIECE * V, sizeof *b->x);
    b->energy = mem_take(PIECE, sizeof *b->energy);
    b->feature = mem_take(PIECE * (int64_t)b->d, sizeof *b->feature);
    b->range = mem_take(b->g.layers + 1, sizeof *b->range);
    b->fa = mem_take(square, sizeof *b->fa);
    b->fc = mem_take(square, sizeof *b->fc);
    b->da = mem_take(square, sizeof *b->da);
    b->dc = mem_take(square, sizeof *b->dc);
    for (int64_t i = 0; i < square; i++) b->da[i] = b->fa[i] = (float)(i % 13);
    observables_init(&b->o, &b->g, PIECE);
    const double flop = 2e-9 * EDGE * (double)square;
    struct benchline_timing f = benchline_measure(b->r, float_product, b, seconds);
    struct benchline_timing d = benchline_measure(b->r, double_product, b, seconds);
    b->sgemm = flop / f.seconds;
    b->dgemm = flop / d.seconds;
    struct benchline one = { "sgemm", "-", "1024", "float32", "gflop_per_s", NULL, b->sgemm, NAN };
    struct benchline two = { "dgemm", "-", "1024", "float64", "gflop_per_s", NULL, b->dgemm, NAN };
    benchline_say(b->r, list, &one, f.disturbed);
    benchline_say(b->r, list, &two, d.disturbed);
}

static void shut(struct bench *b)
{
    histos_free(&b->H);
    profile_free(&b->p);
    observables_free(&b->o);
    geom_free(&b->g);
    mem_free(b->x);
    mem_free(b->energy);
    mem_free(b->feature);
    mem_free(b->range);
    mem_free(b->fa);
    mem_free(b->fc);
    mem_free(b->da);
    mem_free(b->dc);
}

int evalbench(struct run *r, struct json *list, double seconds, struct err *e)
{
    struct bench b = { .r = r };

    if (geom_load(&b.g, r->P, conf_text(r->conf, "bench.geometry"), e)) return -1;
    open(&b, list, seconds);
    int bad = histograms(&b, list, seconds, e) || feature_distances(&b, list, e) ||
              neighbours(&b, list, e);
    shut(&b);
    return bad ? -1 : 0;
}
