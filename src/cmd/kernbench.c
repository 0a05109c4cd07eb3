#include "cmd/kernbench.h"

#include "base/mem.h"
#include "cmd/benchgraph.h"
#include "cmd/benchline.h"
#include "num/dnn.h"
#include "rbm/chains.h"
#include "rbm/phases.h"
#include "rbm/walk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TILES = 64, CHAINS = TILES * KERN_LANES, UNITS = 302 };
enum { PIXELS = 784 };

struct counter {
    struct rbm m;
    struct chains c;
    struct phases p;
    const struct kern *k;
    float *states, *product; /* [N, CHAINS], [302, 302] for the library's way of counting */
};

static void counter_init(struct counter *s, enum bench_graph graph)
{
    *s = (struct counter){ 0 };
    benchgraph_init(&s->m, graph);
    chains_init(&s->c, (struct block){ 0, TILES }, CHAINS, &s->m, 1);
    phases_init(&s->p, &s->m);
    s->states = mem_take((int64_t)s->m.T.N * CHAINS, sizeof *s->states);
    s->product = mem_take(UNITS * UNITS, sizeof *s->product);
}

static void counter_free(struct counter *s)
{
    mem_free(s->states);
    mem_free(s->product);
    phases_free(&s->p);
    chains_free(&s->c);
    rbm_free(&s->m);
}

static void count(void *ctx)
{
    struct counter *s = ctx;

    phases_clear(&s->p);
    phases_chains(&s->p, &s->m, s->k, s->c.bits, s->c.tiles.count, s->c.live);
}

/* The six blocks of second moments of the complete machine by matrix products of floats. */
static void count_by_products(void *ctx)
{
    struct counter *s = ctx;

    for (int a = 0; a < s->m.T.K; a++)
        for (int b = a + 1; b < s->m.T.K; b++)
            dnn_gemm('N', 'T', UNITS, UNITS, CHAINS, 1.0f, s->states + UNITS * a * CHAINS, CHAINS,
                     s->states + UNITS * b * CHAINS, CHAINS, 0.0f, s->product, UNITS);
}

/* Registers of chains that four operations a cycle can count. */
static double counts_of(const struct kern *k)
{
    if (k->name[0] == 'b') return NAN;
    return 32.0 * benchline_lanes(k) * 4.0 / (strcmp(k->name, "v4x") == 0 ? 3.0 : 8.0);
}

void kernbench_counts(const struct run *r, struct json *list, double seconds)
{
    double clock = benchline_clock(r);

    for (enum bench_graph graph = 0; graph < BENCH_GRAPHS; graph++) {
        struct counter s;
        counter_init(&s, graph);
        double macs = (double)s.m.T.M * CHAINS;
        if (graph == BENCH_COMPLETE) {
            struct benchline_timing t = benchline_measure(r, count_by_products, &s, seconds);
            struct benchline l = { "counts",          "sgemm", benchgraph_name[graph],  "float32",
                                   "gmac_per_second", NULL,    macs / t.seconds * 1e-9, NAN };
            benchline_say(r, list, &l, t.disturbed);
        }
        for (int i = 0; i < kern_count(); i++) {
            s.k = kern_at(i);
            struct benchline_timing t = benchline_measure(r, count, &s, seconds);
            struct benchline l = { "counts",
                                   s.k->name,
                                   benchgraph_name[graph],
                                   "bits",
                                   "gmac_per_second",
                                   NULL,
                                   macs / t.seconds * 1e-9,
                                   macs / t.seconds / (counts_of(s.k) * clock) };
            benchline_say(r, list, &l, t.disturbed);
        }
        counter_free(&s);
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
    double clock = benchline_clock(r);
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
        struct benchline_timing t = benchline_measure(r, walk_one, &x, seconds);
        double states = (1 << WALK_LOW) / t.seconds;
        /* 17 products for a column in eight states; a double fills two lanes */
        double limit = 2.0 * benchline_lanes(x.w.kern) / 2.0 * clock / (PIXELS * 17.0 / 8.0);
        struct benchline l = { "exact",       x.w.kern->name,       "rbm 784",
                               "float64",     "mstates_per_second", NULL,
                               states * 1e-6, states / limit };
        benchline_say(r, list, &l, t.disturbed);
    }
    walk_free(&x.w);
    rbm_free(&x.m);
}
