#include "cmd/gibbsbench.h"

#include "base/mem.h"
#include "cmd/benchgraph.h"
#include "cmd/benchline.h"
#include "rbm/chains.h"
#include "rbm/sampler.h"

#include <math.h>
#include <string.h>

enum { TILES = 64, FEW = 2 }; /* plain C is slow */

struct pool {
    struct rbm m;
    struct sampler s;
    struct chains c;
    const struct kern *k;
};

static void sweep(void *ctx)
{
    struct pool *p = ctx;

    chains_sweep(&p->c, &p->m, p->k, 1);
}

/* Operations on registers of one sweep of all chains. */
static double operations(const struct pool *p)
{
    double lanes = benchline_lanes(p->k), chains = (double)p->c.n;

    if (p->s.kind == SAMPLER_SGEMM) return NAN;
    if (p->s.precision == SAMPLER_FLOAT32) return 2.0 * (double)p->m.T.M * chains / lanes;
    if (p->s.kind == SAMPLER_ADD) return (double)p->m.T.M * chains / lanes;
    if (p->k->name[0] == 'b') return NAN; /* it has no permutations */
    return (double)p->s.groups.tables * chains / (p->k->group == KERN_GROUP ? 2.0 * lanes : lanes);
}

static void tell(const struct run *r, struct json *list, struct pool *p, enum bench_graph graph,
                 enum sampler_kind kind, enum sampler_precision precision, double clock,
                 double seconds)
{
    int tiles = p->k->name[0] == 'b' ? FEW : TILES;
    struct err e = { "" };

    if (sampler_init(&p->s, &p->m, p->k, kind, precision, &e)) die("bench: %s", e.text);
    chains_init(&p->c, (struct block){ 0, tiles }, (int64_t)tiles * KERN_LANES, &p->m, 1);
    struct benchline_timing t = benchline_measure(r, sweep, p, seconds);
    double updates = (double)p->m.T.N * (double)p->c.n / t.seconds;
    struct benchline l = { .what = "gibbs",
                           .kernel = p->k->name,
                           .topology = benchgraph_name[graph],
                           .precision = sampler_precision_name(&p->s),
                           .sampler = sampler_name(&p->s),
                           .unit = "updates_per_ns",
                           .figure = updates * 1e-9,
                           .fraction = operations(p) / t.seconds / (2.0 * clock) };
    benchline_say(r, list, &l, t.disturbed);
    chains_free(&p->c);
    sampler_free(&p->s, &p->m);
}

/* What a million packed chains take. */
static void tell_memory(const struct run *r, struct json *list, const struct pool *p,
                        enum bench_graph graph)
{
    int64_t before = mem_bytes();
    struct json *one = json_new();
    struct chains c;

    chains_init(&c, (struct block){ 0, TILES }, (int64_t)TILES * KERN_LANES, &p->m, 1);
    double mb = (double)(mem_bytes() - before) / (TILES * KERN_LANES);
    json_put_text(one, "name", "memory");
    json_put_text(one, "topology", benchgraph_name[graph]);
    json_put_real(one, "mb_per_million_chains", mb);
    json_add(list, one);
    log_say((struct log *)&r->log, "memory  %s: %.4g MB for a million chains",
            benchgraph_name[graph], mb);
    chains_free(&c);
}

void gibbsbench(const struct run *r, struct json *list, double seconds)
{
    double clock = benchline_clock(r);

    for (enum bench_graph graph = 0; graph < BENCH_GRAPHS; graph++) {
        struct pool p = { .k = kern_best() };
        benchgraph_init(&p.m, graph);
        if (graph == BENCH_COMPLETE) tell_memory(r, list, &p, graph);
        if (graph == BENCH_COMPLETE)
            tell(r, list, &p, graph, SAMPLER_SGEMM, SAMPLER_FLOAT32, clock, seconds);
        for (int i = 0; i < kern_count(); i++) {
            p.k = kern_at(i);
            if (strcmp(p.k->name, "v4x") == 0) continue;
            tell(r, list, &p, graph, SAMPLER_ADD, SAMPLER_FLOAT32, clock, seconds);
            tell(r, list, &p, graph, SAMPLER_ADD, SAMPLER_INT16, clock, seconds);
            tell(r, list, &p, graph, SAMPLER_LOOKUP, SAMPLER_INT16, clock, seconds);
        }
        rbm_free(&p.m);
    }
}
