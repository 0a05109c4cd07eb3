#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/devicebench.h"
#include "cmd/gibbsbench.h"
#include "cmd/kernbench.h"
#include "cmd/racebench.h"
#include "cmd/scalebench.h"
#include "cmd/stopwatch.h"
#include "cmd/sumbench.h"
#include "cmd/trainbench.h"
#include "cmd/zbench.h"
#include "io/h5.h"
#include "num/blas.h"
#include "num/kern.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { VOXELS = 6480 };
enum { ALL, GIBBS, COUNTS, LOGZ, TRAIN, IO, DEVICE, RACE }; /* choices of bench.what */

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
    if (what == ALL || what == GIBBS) gibbsbench(r, list, seconds);
    if (what == ALL || what == GIBBS) scalebench_gibbs(r, list, seconds);
    if (what == ALL || what == COUNTS) kernbench_counts(r, list, seconds);
    if (what == ALL || what == LOGZ) zbench_logz(r, list, seconds);
    if (what == ALL || what == LOGZ) kernbench_exact(r, list, seconds);
    if (what == ALL || what == TRAIN) sumbench(r, list, seconds);
    if (what == ALL || what == TRAIN) bad = trainbench(r, list, seconds, e);
    if (!bad && (what == ALL || what == RACE)) bad = racebench(r, list, e);
    if (!bad && (what == ALL || what == IO)) bad = bench_io(r, list, seconds, e);
    if (!bad && (what == ALL || what == DEVICE)) bad = devicebench(r, list, seconds, e);
    json_put_text(r->result, "command", "bench");
    json_put_text(r->result, "blas_core", blas_core());
    json_put(r->result, "figures", list);
    return bad ? -1 : RUN_DONE;
}
