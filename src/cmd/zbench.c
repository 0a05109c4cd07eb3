#include "cmd/zbench.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/benchgraph.h"
#include "cmd/stopwatch.h"
#include "rbm/ais.h"
#include "rbm/sampler.h"
#include "rbm/schedule.h"
#include "rbm/spins.h"

#include <math.h>

enum { OURS = 1000 };
enum { LEAST = 64 }; /* steps that are timed: U is summed afresh once in so many */

static const double DISTURBED = 0.05;

/* A machine and how it is asked for ln Z. */
struct task {
    const char *topology;
    int64_t chains;
    int K;        /* steps of the path */
    int marginal; /* the largest partition is summed over by hand */
    struct rbm m;
    struct sampler how;
};

struct timed {
    double wall, cpu; /* seconds: until the last rank is done; of all ranks together */
    int disturbed;
};

/* The first n steps of the path. */
static struct timed anneal(const struct run *r, const struct task *t, int n)
{
    const struct kern *k = kern_best();
    struct block tiles = block_of(spins_tiles(t->chains), r->P->rank, r->P->size);
    double *beta = mem_take(t->K + 1, sizeof *beta), busy[2], all[2], wall, cpu;
    float *base = mem_take(t->m.T.N, sizeof *base);
    struct ais a;

    if (t->K == SCHEDULE_SALAKHUTDINOV)
        schedule_salakhutdinov(beta);
    else
        ais_linear(beta, t->K);
    ais_base(base, &t->m, AIS_BIASES, NULL, 0.01);
    ais_init(&a, &t->m, k, tiles, 0, t->K, beta, 1, base, NULL, r->seed);
    ais_marginal(&a, &t->m, t->marginal ? ais_widest(&t->m) : -1);
    par_barrier(r->P);
    busy[0] = stopwatch_busy(&all[0]);
    wall = clock_now();
    cpu = clock_cpu();
    ais_advance(&a, &t->m, k, n);
    cpu = clock_cpu() - cpu;
    wall = clock_now() - wall;
    par_max(r->P, &wall, 1);
    par_sum(r->P, &cpu, 1);
    busy[1] = stopwatch_busy(&all[1]);
    ais_free(&a);
    mem_free(base);
    mem_free(beta);
    double others = busy[1] - busy[0] - cpu;
    return (struct timed){ wall, cpu, others > DISTURBED * (all[1] - all[0]) };
}

static void say(const struct run *r, struct json *list, const struct task *t, int n,
                struct timed time)
{
    struct json *one = json_new();
    const char *path = t->marginal ? "marginal" : "joint", *how = sampler_name(&t->how);
    double step = time.wall / n, updates = (double)t->m.T.N * (double)t->chains;
    double rate = updates / step * 1e-9 / r->P->size;

    json_put_text(one, "name", "ais");
    json_put_text(one, "kernel", kern_best()->name);
    json_put_text(one, "topology", t->topology);
    json_put_text(one, "precision", sampler_precision_name(&t->how));
    json_put_text(one, "sampler", how);
    json_put_text(one, "path", path);
    json_put_int(one, "ranks", r->P->size);
    json_put_int(one, "chains", t->chains);
    json_put_int(one, "steps", t->K);
    json_put_int(one, "measured_steps", n);
    json_put_real(one, "seconds_per_1000_steps", 1000.0 * step);
    json_put_real(one, "cpu_seconds_per_1000_steps", 1000.0 * time.cpu / n);
    json_put_real(one, "seconds_per_path", t->K * step);
    json_put_real(one, "updates_per_ns", rate);
    json_put_flag(one, "disturbed", time.disturbed);
    json_add(list, one);
    log_say((struct log *)&r->log,
            "ais     %-5s %-17s %-7s %-8s %-6s %5lld chains x %5d steps: %8.3g s, %.4g "
            "updates_per_ns%s",
            kern_best()->name, t->topology, path, sampler_precision_name(&t->how), how,
            (long long)t->chains, t->K, t->K * step, rate, time.disturbed ? "  disturbed" : "");
}

/* As many steps as take this time on the slowest rank. */
static void race(const struct run *r, struct json *list, const struct task *t, double seconds)
{
    double one = anneal(r, t, LEAST).wall / LEAST;
    int n = (int)fmin(fmax(seconds / one, LEAST), t->K);

    par_bcast(r->P, &n, sizeof n, 0);
    say(r, list, t, n, anneal(r, t, n));
}

/* Every precision, along the joint path and the marginal one. */
static void races(const struct run *r, struct json *list, struct task *t, double seconds)
{
    const enum sampler_precision precision[] = { SAMPLER_FLOAT32, SAMPLER_INT16 };

    for (int i = 0; i < 2; i++) {
        struct err e = { "" };
        if (sampler_init(&t->how, &t->m, kern_best(), SAMPLER_AUTO, precision[i], &e))
            die("bench: %s", e.text);
        for (t->marginal = 0; t->marginal < 2; t->marginal++) race(r, list, t, seconds);
        sampler_free(&t->how, &t->m);
    }
}

static void digits(struct rbm *m)
{
    const int size[2] = { 784, 500 };
    struct err e = { "" };
    struct topology T;

    if (topology_complete(&T, 2, size, &e)) die("bench: %s", e.text);
    rbm_init(m, &T, -1);
    rbm_random(m, 0.05, 1);
}

void zbench_logz(const struct run *r, struct json *list, double seconds)
{
    const enum bench_graph graph[] = { BENCH_COMPLETE, BENCH_ZEPHYR };
    int64_t asked = conf_int(r->conf, "bench.chains");
    struct task t = { .topology = "complete 784x500",
                      .chains = asked > 0 ? asked : 100,
                      .K = SCHEDULE_SALAKHUTDINOV };

    digits(&t.m);
    races(r, list, &t, seconds);
    rbm_free(&t.m);
    for (int i = 0; i < 2; i++) {
        t = (struct task){ .topology = benchgraph_name[graph[i]],
                           .chains = asked > 0 ? asked : 1024,
                           .K = OURS };
        benchgraph_init(&t.m, graph[i]);
        races(r, list, &t, seconds);
        rbm_free(&t.m);
    }
}
