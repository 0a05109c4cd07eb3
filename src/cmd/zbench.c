#include "cmd/zbench.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/benchmachine.h"
#include "cmd/stopwatch.h"
#include "rbm/ais.h"
#include "rbm/spins.h"

#include <math.h>

enum { THEIRS = 14500, OURS = 1000 };
enum { LEAST = 64 }; /* steps that are timed: U is summed afresh once in so many */

static const double DISTURBED = 0.05;

/* A machine and how it is asked for ln Z. */
struct task {
    const char *topology;
    int64_t chains;
    int K; /* steps of the path */
    struct rbm m;
};

/* Salakhutdinov and Murray's point i of 14,501: steps of 1/1000 up to 0.5, of 1/10,000 up to 0.9,
 * then of 1/100,000. */
static double their_beta(int i)
{
    if (i <= 500) return i / 1000.0;
    if (i <= 4500) return 0.5 + (i - 500) / 10000.0;
    return 0.9 + (i - 4500) / 100000.0;
}

/* n steps from 0 to 1 over points that lie evenly in the task's path. */
static double *path(const struct task *t, int n)
{
    double *beta = mem_take(n + 1, sizeof *beta);

    for (int i = 0; i < n; i++) {
        int at = (int)((int64_t)i * t->K / n);
        beta[i] = t->K == THEIRS ? their_beta(at) : at / (double)t->K;
    }
    beta[n] = 1.0;
    return beta;
}

struct timed {
    double wall, cpu; /* seconds: until the last rank is done; of all ranks together */
    int disturbed;
};

static struct timed anneal(const struct run *r, const struct task *t, int n)
{
    const struct kern *k = kern_best();
    struct block tiles = block_of(spins_tiles(t->chains), r->P->rank, r->P->size);
    double *beta = path(t, n), busy[2], all[2], wall, cpu;
    float *base = mem_take(t->m.T.N, sizeof *base);
    struct ais a;

    ais_base(base, &t->m, AIS_BIASES, NULL, 0.01);
    ais_init(&a, &t->m, k, tiles, 0, n, beta, 1, base, NULL, r->seed);
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
    double step = time.wall / n, updates = (double)t->m.T.N * (double)t->chains;

    json_put_text(one, "name", "ais");
    json_put_text(one, "kernel", kern_best()->name);
    json_put_text(one, "topology", t->topology);
    json_put_text(one, "precision", "float32");
    json_put_int(one, "ranks", r->P->size);
    json_put_int(one, "chains", t->chains);
    json_put_int(one, "steps", t->K);
    json_put_int(one, "measured_steps", n);
    json_put_real(one, "seconds_per_1000_steps", 1000.0 * step);
    json_put_real(one, "cpu_seconds_per_1000_steps", 1000.0 * time.cpu / n);
    json_put_real(one, "seconds_per_path", t->K * step);
    json_put_real(one, "updates_per_ns", updates / step * 1e-9 / r->P->size);
    json_put_flag(one, "disturbed", time.disturbed);
    json_add(list, one);
    log_say((struct log *)&r->log,
            "ais     %-5s %-17s %5lld chains x %5d steps: %8.3g s, %.4g updates_per_ns%s",
            kern_best()->name, t->topology, (long long)t->chains, t->K, t->K * step,
            updates / step * 1e-9 / r->P->size, time.disturbed ? "  disturbed" : "");
}

/* As many steps as take this time on the slowest rank. */
static void race(const struct run *r, struct json *list, struct task *t, double seconds)
{
    int64_t asked = conf_int(r->conf, "bench.chains");

    if (asked > 0) t->chains = asked;
    double one = anneal(r, t, LEAST).wall / LEAST;
    int n = (int)fmin(fmax(seconds / one, LEAST), t->K);
    par_bcast(r->P, &n, sizeof n, 0);
    say(r, list, t, n, anneal(r, t, n));
}

void zbench_logz(const struct run *r, struct json *list, double seconds)
{
    for (int i = 0; i < BENCH_MACHINES; i++) {
        int theirs = i == BENCH_DIGITS;
        struct task t = { .topology = benchmachine_name[i],
                          .chains = theirs ? 100 : 1024,
                          .K = theirs ? THEIRS : OURS };
        benchmachine_make(&t.m, (enum benchmachine)i);
        race(r, list, &t, seconds);
        rbm_free(&t.m);
    }
}
