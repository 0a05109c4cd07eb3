#include "cmd/sumbench.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/stopwatch.h"
#include "nn/buckets.h"
#include "nn/optim.h"
#include "par/nodesum.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROUNDS = 5 };

/* One tensor of n floats with its gradient, in buckets, and Adam of this rank's blocks. */
struct desk {
    const struct par *P;
    int64_t n;
    struct tensors T;
    struct buckets b;
    struct nodesum sums;
    struct reducer r;
    struct optim optim;
    float *params;
    float *from, *to; /* of the copy: [n] each */
};

static void copy(void *ctx)
{
    struct desk *d = ctx;

    memcpy(d->to, d->from, (size_t)d->n * sizeof *d->to);
}

static void adam(void *ctx)
{
    struct desk *d = ctx;

    optim_update(&d->optim, d->params, d->b.grad, 1.0, 1.0);
}

static void allreduce(void *ctx)
{
    struct desk *d = ctx;

    par_sum_float(d->P, d->b.grad, d->n);
}

static void allreduce_adam(void *ctx)
{
    allreduce(ctx);
    adam(ctx);
}

static void through_memory(void *ctx)
{
    struct desk *d = ctx;

    buckets_begin(&d->b);
    buckets_wait(&d->b);
    buckets_end(&d->b);
}

static void by_shares(void *ctx)
{
    struct desk *d = ctx;

    buckets_begin(&d->b);
    buckets_wait(&d->b);
    optim_update(&d->optim, d->params, d->b.grad, 1.0, 1.0);
    buckets_spread(&d->b, d->params);
}

static void set_up(struct desk *d, const struct par *P, int64_t n, int shares)
{
    struct optim_options how = optim_default();

    *d = (struct desk){ .P = P, .n = n };
    tensors_add(&d->T, "all", 1, &n);
    buckets_init(&d->b, &d->T, BUCKET_FLOATS);
    nodesum_take(&d->sums, P, d->T.total, d->b.n);
    d->r = nodesum_reducer(&d->sums, shares);
    d->b.grad = d->sums.x;
    d->b.reducer = &d->r;
    struct block *own = mem_take(d->b.n, sizeof *own);
    buckets_own(&d->b, own);
    optim_init_own(&d->optim, &how, &d->T, own, d->b.n);
    d->params = mem_take(d->T.total, sizeof *d->params);
    mem_free(own);
}

static void clear(struct desk *d)
{
    optim_free(&d->optim);
    buckets_free(&d->b);
    nodesum_free(&d->sums);
    tensors_free(&d->T);
    mem_free(d->params);
    mem_free(d->from);
    mem_free(d->to);
}

/* The least time of a few calls that all ranks make together, after one that warms up: what others
 * on the machine do only adds. */
static double together(void (*work)(void *ctx), struct desk *d)
{
    double least = INFINITY;

    for (int i = 0; i <= ROUNDS; i++) {
        par_barrier(d->P);
        double time = clock_now();
        work(d);
        time = clock_now() - time;
        par_max(d->P, &time, 1);
        if (i > 0 && time < least) least = time;
    }
    return least;
}

void sumbench(const struct run *r, struct json *list, double seconds)
{
    int64_t n = conf_int(r->conf, "bench.floats");
    struct desk d;
    char name[96];

    set_up(&d, r->P, n, 0);
    d.from = mem_take(n, sizeof *d.from);
    d.to = mem_take(n, sizeof *d.to);
    /* a copy reads and writes 8 bytes a float; Adam reads 16 and writes 12 */
    double copied = 8e-9 * (double)n / stopwatch_median(copy, &d, seconds);
    double moved = 28e-9 * (double)n / stopwatch_median(adam, &d, seconds);
    snprintf(name, sizeof name, "copy of %.3g M floats", 1e-6 * (double)n);
    stopwatch_say(r, list, name, "gb_per_second", copied, NAN, NULL);
    snprintf(name, sizeof name, "Adam of %.3g M floats", 1e-6 * (double)n);
    stopwatch_say(r, list, name, "gb_per_second", moved, moved / copied, "a copy's bytes");
    if (r->P->size > 1) {
        double messages = together(allreduce, &d), both = together(allreduce_adam, &d);
        double memory = together(through_memory, &d);
        snprintf(name, sizeof name, "sum of %.3g M floats on %d ranks", 1e-6 * (double)n,
                 r->P->size);
        stopwatch_say(r, list, name, "seconds_per_sum", memory, messages / memory,
                      "faster than MPI_Allreduce");
        clear(&d);
        set_up(&d, r->P, n, 1);
        double shares = together(by_shares, &d);
        snprintf(name, sizeof name, "sum and Adam of %.3g M floats by shares", 1e-6 * (double)n);
        stopwatch_say(r, list, name, "seconds_per_sum", shares, both / shares,
                      "faster than MPI_Allreduce and Adam of all");
    }
    clear(&d);
}
