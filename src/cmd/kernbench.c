#include "cmd/kernbench.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cmd/stopwatch.h"
#include "num/dnn.h"
#include "rbm/chains.h"
#include "rbm/phases.h"
#include "rbm/walk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TILES = 64, CHAINS = TILES * KERN_LANES, UNITS = 302, PARTS = 4, DEGREE = 20, MOST = 1000 };
enum { PIXELS = 784 };
enum { COMPLETE, SPARSE, TOPOLOGIES };

static const double DISTURBED = 0.05;
static const char *const NAME[TOPOLOGIES] = { "complete 4x302", "random degree 20" };

struct timing {
    double seconds; /* median processor time of one call */
    int disturbed;  /* others took more than their share; the other ranks do what this one does */
};

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static struct timing measure(void (*work)(void *ctx), void *ctx, double seconds, int ranks)
{
    double time[MOST], total[2], all[2], own, begin;
    int n = 0;

    work(ctx);
    all[0] = stopwatch_busy(&total[0]);
    own = clock_cpu();
    begin = clock_now();
    while (n < 3 || (n < MOST && clock_now() - begin < seconds)) {
        double start = clock_cpu();
        work(ctx);
        time[n++] = clock_cpu() - start;
    }
    own = clock_cpu() - own;
    all[1] = stopwatch_busy(&total[1]);
    qsort(time, (size_t)n, sizeof *time, rising);
    double others = all[1] - all[0] - own * ranks;
    return (struct timing){ time[n / 2], others > DISTURBED * (total[1] - total[0]) };
}

/* Cycles per second, from a chain of products and sums: 3 and 1 cycles on processors of today. */
static void step_on(void *ctx)
{
    uint64_t *x = ctx;

    for (int i = 0; i < 1000000; i++) *x = *x * 6364136223846793005u + 1442695040888963407u;
}

static double clock_rate(const struct run *r)
{
    volatile uint64_t sink;
    uint64_t x = 1;
    double rate = 0.0;

    /* the best of ten: a processor that was idle starts slowly, and a limit must not be too low */
    for (int i = 0; i < 10; i++)
        rate = fmax(rate, 4e6 / measure(step_on, &x, 0.05, r->P->size).seconds);
    sink = x;
    (void)sink;
    log_say((struct log *)&r->log, "clock rate near %.2f GHz", rate * 1e-9);
    return rate;
}

struct sampler {
    struct rbm m;
    struct chains c;
    struct phases p;
    const struct kern *k;
    float *states, *product; /* [N, CHAINS], [302, 302] for the library's way of counting */
};

/* Every unit draws ten partners in other partitions. */
static void scatter(struct topology *T, const int *size, struct err *e)
{
    enum { N = PARTS * UNITS };
    int32_t(*edge)[2] = mem_take(N * DEGREE / 2, sizeof *edge);
    uint8_t *taken = mem_take((int64_t)N * N, 1);
    struct rng g = rng_at(1, RNG_TEST, 0, 0);

    for (int m = 0; m < N * DEGREE / 2;) {
        int i = m / (DEGREE / 2), j = (int)(rng_word(&g) % N);
        if (i / UNITS == j / UNITS || taken[i * N + j]) continue;
        taken[i * N + j] = taken[j * N + i] = 1;
        edge[m][0] = i;
        edge[m++][1] = j;
    }
    topology_list(T, PARTS, size, N * DEGREE / 2, (const int32_t(*)[2])edge, NULL, e);
    mem_free(edge);
    mem_free(taken);
}

static void sampler_init(struct sampler *s, int topology)
{
    int size[PARTS] = { UNITS, UNITS, UNITS, UNITS };
    struct err e = { "" };
    struct topology T;

    *s = (struct sampler){ 0 };
    if (topology == COMPLETE)
        topology_complete(&T, PARTS, size, &e);
    else
        scatter(&T, size, &e);
    if (err_is(&e)) die("bench: %s", e.text);
    rbm_init(&s->m, &T, -1);
    rbm_random(&s->m, 0.05, 1);
    chains_init(&s->c, (struct block){ 0, TILES }, CHAINS, &s->m, 1);
    phases_init(&s->p, &s->m);
    s->states = mem_take((int64_t)s->m.T.N * CHAINS, sizeof *s->states);
    s->product = mem_take(UNITS * UNITS, sizeof *s->product);
}

static void sampler_free(struct sampler *s)
{
    mem_free(s->states);
    mem_free(s->product);
    phases_free(&s->p);
    chains_free(&s->c);
    rbm_free(&s->m);
}

static void sweep(void *ctx)
{
    struct sampler *s = ctx;

    chains_sweep(&s->c, &s->m, s->k, 1);
}

static void count(void *ctx)
{
    struct sampler *s = ctx;

    phases_clear(&s->p);
    phases_chains(&s->p, &s->m, s->k, s->c.bits, s->c.tiles.count, s->c.live);
}

/* The six blocks of second moments of the complete machine by matrix products of floats. */
static void count_by_products(void *ctx)
{
    struct sampler *s = ctx;

    for (int a = 0; a < PARTS; a++)
        for (int b = a + 1; b < PARTS; b++)
            dnn_gemm('N', 'T', UNITS, UNITS, CHAINS, 1.0f, s->states + UNITS * a * CHAINS, CHAINS,
                     s->states + UNITS * b * CHAINS, CHAINS, 0.0f, s->product, UNITS);
}

struct line {
    const char *what, *kernel, *topology, *precision, *unit;
    double figure, fraction; /* of the limit; NAN: none is stated */
};

static void say(const struct run *r, struct json *list, const struct line *l, int disturbed)
{
    struct json *one = json_new();
    char share[32] = "";

    json_put_text(one, "name", l->what);
    json_put_text(one, "kernel", l->kernel);
    json_put_text(one, "topology", l->topology);
    json_put_text(one, "precision", l->precision);
    json_put_real(one, l->unit, l->figure);
    if (isfinite(l->fraction)) {
        json_put_real(one, "fraction_of_limit", l->fraction);
        snprintf(share, sizeof share, "%5.1f%% of the limit", 100.0 * l->fraction);
    }
    json_put_flag(one, "disturbed", disturbed);
    json_add(list, one);
    log_say((struct log *)&r->log, "%-7s %-5s %-17s %-7s %9.4g %-16s %s%s", l->what, l->kernel,
            l->topology, l->precision, l->figure, l->unit, share, disturbed ? "  disturbed" : "");
}

/* Floats in a register, and registers of chains that four operations a cycle can count. */
static double lanes_of(const struct kern *k)
{
    return k->name[0] == 'b' ? 4.0 : strcmp(k->name, "v3") == 0 ? 8.0 : 16.0;
}

static double counts_of(const struct kern *k)
{
    if (k->name[0] == 'b') return NAN;
    return 32.0 * lanes_of(k) * 4.0 / (strcmp(k->name, "v4x") == 0 ? 3.0 : 8.0);
}

void kernbench_gibbs(const struct run *r, struct json *list, double seconds)
{
    double clock = clock_rate(r);

    for (int topology = 0; topology < TOPOLOGIES; topology++) {
        struct sampler s;
        sampler_init(&s, topology);
        for (int i = 0; i < kern_count(); i++) {
            s.k = kern_at(i);
            struct timing t = measure(sweep, &s, seconds, r->P->size);
            double updates = (double)s.m.T.N * CHAINS / t.seconds;
            double sums = 2.0 * (double)s.m.T.M * CHAINS / t.seconds;
            struct line l = { "gibbs",
                              s.k->name,
                              NAME[topology],
                              "float32",
                              "updates_per_ns",
                              updates * 1e-9,
                              sums / (2.0 * lanes_of(s.k) * clock) };
            say(r, list, &l, t.disturbed);
        }
        sampler_free(&s);
    }
}

void kernbench_counts(const struct run *r, struct json *list, double seconds)
{
    double clock = clock_rate(r);

    for (int topology = 0; topology < TOPOLOGIES; topology++) {
        struct sampler s;
        sampler_init(&s, topology);
        double macs = (double)s.m.T.M * CHAINS;
        if (topology == COMPLETE) {
            struct timing t = measure(count_by_products, &s, seconds, r->P->size);
            struct line l = { "counts",  "sgemm",           NAME[topology],
                              "float32", "gmac_per_second", macs / t.seconds * 1e-9,
                              NAN };
            say(r, list, &l, t.disturbed);
        }
        for (int i = 0; i < kern_count(); i++) {
            s.k = kern_at(i);
            struct timing t = measure(count, &s, seconds, r->P->size);
            struct line l = { "counts",
                              s.k->name,
                              NAME[topology],
                              "bits",
                              "gmac_per_second",
                              macs / t.seconds * 1e-9,
                              macs / t.seconds / (counts_of(s.k) * clock) };
            say(r, list, &l, t.disturbed);
        }
        sampler_free(&s);
    }
}

struct walker {
    struct rbm m;
    struct walk w;
};

static void walk_one(void *ctx)
{
    struct walker *x = ctx;

    walk_part(&x->w, &x->m, NULL, 0);
}

void kernbench_exact(const struct run *r, struct json *list, double seconds)
{
    const int size[2] = { PIXELS, WALK_LOW };
    int unit[WALK_LOW];
    double clock = clock_rate(r);
    struct walker x = { .w = { 0 } };
    struct err e = { "" };
    struct topology T;

    if (topology_complete(&T, 2, size, &e)) die("bench: %s", e.text);
    rbm_init(&x.m, &T, -1);
    rbm_random(&x.m, 0.1, 1);
    for (int b = 0; b < WALK_LOW; b++) unit[b] = PIXELS + b;
    walk_init(&x.w, &x.m, WALK_LOW, unit, 0);
    walk_prepare(&x.w, &x.m);
    for (int i = 0; i < kern_count(); i++) {
        x.w.kern = kern_at(i);
        struct timing t = measure(walk_one, &x, seconds, r->P->size);
        double states = (1 << WALK_LOW) / t.seconds;
        /* 17 products for a column in eight states; a double fills two lanes */
        double limit = 2.0 * lanes_of(x.w.kern) / 2.0 * clock / (PIXELS * 17.0 / 8.0);
        struct line l = { "exact",       x.w.kern->name, "rbm 784", "float64", "mstates_per_second",
                          states * 1e-6, states / limit };
        say(r, list, &l, t.disturbed);
    }
    walk_free(&x.w);
    rbm_free(&x.m);
}
