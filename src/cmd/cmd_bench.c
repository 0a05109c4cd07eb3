#include "base/mem.h"
#include "base/yaml.h"
#include "cmd/commands.h"
#include "cmd/kernbench.h"
#include "cmd/scalebench.h"
#include "cmd/stopwatch.h"
#include "cmd/zbench.h"
#include "io/h5.h"
#include "num/blas.h"
#include "num/dnn.h"
#include "vae/vae.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 128, VOXELS = 6480, SIDE = 1024 };
enum { ALL, GIBBS, COUNTS, LOGZ, TRAIN, IO }; /* choices of bench.what */

/* The machine of the papers: 4 partitions of 302 units, all coupled; partition 0 clamped. */
static void papers_machine(struct rbm *m)
{
    int size[4] = { 302, 302, 302, 302 };
    struct err e = { "" };
    struct topology T;

    if (topology_complete(&T, 4, size, &e)) die("bench: %s", e.text);
    rbm_init(m, &T, 0);
    rbm_random(m, 0.05, 1);
}

struct product {
    float *a, *b, *c;
};

static void by_dnn(void *ctx)
{
    struct product *p = ctx;

    dnn_gemm('N', 'N', SIDE, SIDE, SIDE, 1.0f, p->a, SIDE, p->b, SIDE, 0.0f, p->c, SIDE);
}

static double peak(struct run *r, struct json *list, double seconds)
{
    struct product p = { mem_take(SIDE * SIDE, sizeof(float)), mem_take(SIDE * SIDE, sizeof(float)),
                         mem_take(SIDE * SIDE, sizeof(float)) };
    double rate = 2.0 * SIDE * SIDE * SIDE / stopwatch_median(by_dnn, &p, seconds) * 1e-9;

    stopwatch_say(r, list, "sgemm 1024", "gflop_per_second", rate, NAN, NULL);
    mem_free(p.a);
    mem_free(p.b);
    mem_free(p.c);
    return rate;
}

struct learner {
    struct vae v;
    struct rbm m;
    struct loss_options loss;
    float *u;
    double *E;
    int64_t *item;
};

static void learn(void *ctx)
{
    struct learner *l = ctx;
    struct vae_batch b = { BATCH, l->u, l->E, l->item, 0 };
    double sum[LOSS_TERMS] = { 0 };

    vae_forward(&l->v, &b, LATENT_RELAXED, 1.0, 0.05);
    vae_losses(&l->v, &b, &l->m, 0.0, &l->loss, 1, sum);
}

static int bench_train(struct run *r, struct json *list, double seconds, struct err *e)
{
    static const char file[] = "configs/architectures/fcn-small.yaml";
    int size[4] = { 302, 302, 302, 302 };
    struct vae_sizes sizes = { VOXELS, 4, size, BATCH };
    struct learner l = { .loss = loss_default() };
    double best = peak(r, list, seconds);
    char *text = run_text(r->P, file, e);
    struct yaml *tree = text != NULL ? yaml_parse(text, file, e) : NULL;
    int bad = tree == NULL || vae_init(&l.v, tree, file, &sizes, 1, e);

    if (!bad) {
        papers_machine(&l.m);
        l.u = mem_take(BATCH * VOXELS, sizeof *l.u);
        l.E = mem_take(BATCH, sizeof *l.E);
        l.item = mem_take(BATCH, sizeof *l.item);
        for (int i = 0; i < BATCH * VOXELS; i++) l.u[i] = i % 4 == 0 ? 6.0f : 0.0f;
        for (int i = 0; i < BATCH; i++) l.E[i] = 1000.0 * (i + 1);
        double time = stopwatch_median(learn, &l, seconds);
        double flops = vae_flops_training(&l.v) * BATCH / time * 1e-9;
        stopwatch_say(r, list, "train step fcn-small", "showers_per_second", BATCH / time,
                      flops / best, "the peak of sgemm");
        mem_free(l.u);
        mem_free(l.E);
        mem_free(l.item);
        rbm_free(&l.m);
    }
    vae_free(&l.v);
    yaml_drop(tree);
    mem_free(text);
    return bad ? -1 : 0;
}

/* A file of showers, read back by rows and by the C library. */
struct reader {
    struct run *r;
    char *path;
    float *x;
    int64_t rows;
    int failed;
};

static void read_rows(void *ctx)
{
    struct reader *d = ctx;
    struct err e = { "" };
    struct h5 f;

    if (h5_open(&f, d->r->P, d->path, &e) ||
        h5_read_rows(&f, "x", H5_FLOAT, block_of(d->rows, d->r->P->rank, d->r->P->size), d->x, &e))
        d->failed = 1;
    h5_close(&f);
}

static void read_plain(void *ctx)
{
    struct reader *d = ctx;
    FILE *f = fopen(d->path, "rb");
    size_t mine = (size_t)block_of(d->rows, d->r->P->rank, d->r->P->size).count * VOXELS;

    if (f == NULL || fread(d->x, sizeof *d->x, mine, f) != mine) d->failed = 1;
    if (f != NULL) fclose(f);
}

static int bench_io(struct run *r, struct json *list, double seconds, struct err *e)
{
    struct reader d = { .r = r, .path = run_path(r, "bench.h5"), .rows = 4096 };
    struct block mine = block_of(d.rows, r->P->rank, r->P->size);
    struct h5_shape s = { 2, { d.rows, VOXELS }, H5_FLOAT };
    struct h5 f = { 0 };

    d.x = mem_take(mine.count * VOXELS, sizeof *d.x);
    int bad = h5_create(&f, r->P, d.path, 0, e) ||
              h5_define(&f, "x", &s, 0, 0, "MeV", "zeros to read back", e) ||
              h5_write_rows(&f, "x", H5_FLOAT, mine, d.x, e) || h5_commit(&f, e);
    h5_close(&f);
    if (!bad) {
        double mb = 4.0 * VOXELS * (double)d.rows * 1e-6;
        par_barrier(r->P);
        /* one call each for warmth, then the same number of calls on every rank */
        double hdf5 = stopwatch_median(read_rows, &d, r->P->size > 1 ? 0.0 : seconds);
        double plain = stopwatch_median(read_plain, &d, r->P->size > 1 ? 0.0 : seconds);
        if (d.failed) err_set(e, "%s: cannot be read back", d.path);
        stopwatch_say(r, list, "read rows, cached", "mb_per_second", mb / hdf5, plain / hdf5,
                      "fread of the same bytes");
        bad = par_agree(r->P, e);
    }
    if (r->P->rank == 0) remove(d.path);
    mem_free(d.x);
    mem_free(d.path);
    return bad ? -1 : 0;
}

int cmd_bench(struct run *r, struct err *e)
{
    int what = conf_choice(r->conf, "bench.what"), bad = 0;
    double seconds = conf_real(r->conf, "bench.seconds");
    struct json *list = json_list();

    log_say(&r->log, "BLAS core %s, kernels %s, %d ranks; figures are per rank", blas_core(),
            kern_best()->name, r->P->size);
    if (what == ALL || what == GIBBS) kernbench_gibbs(r, list, seconds);
    if (what == ALL || what == GIBBS) scalebench_gibbs(r, list, seconds);
    if (what == ALL || what == COUNTS) kernbench_counts(r, list, seconds);
    if (what == ALL || what == LOGZ) zbench_logz(r, list, seconds);
    if (what == ALL || what == LOGZ) kernbench_exact(r, list, seconds);
    if (what == ALL || what == TRAIN) bad = bench_train(r, list, seconds, e);
    if (!bad && (what == ALL || what == IO)) bad = bench_io(r, list, seconds, e);
    json_put_text(r->result, "command", "bench");
    json_put_text(r->result, "blas_core", blas_core());
    json_put(r->result, "figures", list);
    return bad ? -1 : RUN_DONE;
}
