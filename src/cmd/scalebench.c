#include "cmd/scalebench.h"

#include "base/clock.h"
#include "cmd/benchgraph.h"
#include "cmd/stopwatch.h"
#include "rbm/chains.h"

#include <math.h>

enum { TILES = 16, CHAINS = TILES * KERN_LANES };

static const double DISTURBED = 0.05;

struct rate {
    double wall,
        cpu; /* updates a second: of all who draw, by the clock; of one, by processor time */
    int disturbed;
};

/* n sweeps by the ranks below `ranks`; the others wait. */
static struct rate draw(const struct run *r, const struct rbm *m, struct chains *c, int n,
                        int ranks)
{
    double busy[2], all[2], cpu = 0.0, waited = clock_cpu(), wall;
    double updates = (double)m->T.N * CHAINS * n * ranks;

    par_barrier(r->P);
    busy[0] = stopwatch_busy(&all[0]);
    wall = clock_now();
    if (r->P->rank < ranks) {
        cpu = clock_cpu();
        chains_sweep(c, m, kern_best(), n);
        cpu = clock_cpu() - cpu;
    }
    par_barrier(r->P);
    wall = clock_now() - wall;
    waited = clock_cpu() - waited;
    busy[1] = stopwatch_busy(&all[1]);
    par_max(r->P, &wall, 1);
    par_sum(r->P, &cpu, 1);
    par_sum(r->P, &waited, 1);
    double others = busy[1] - busy[0] - waited;
    return (struct rate){ updates / wall, updates / cpu, others > DISTURBED * (all[1] - all[0]) };
}

static void say(const struct run *r, struct json *list, enum bench_graph which,
                const struct rate *alone, const struct rate *all)
{
    struct json *one = json_new();
    double cpu = all->cpu / alone->cpu * r->P->size;

    json_put_text(one, "name", "scaling");
    json_put_text(one, "kernel", kern_best()->name);
    json_put_text(one, "topology", benchgraph_name[which]);
    json_put_text(one, "precision", "float32");
    json_put_int(one, "ranks", r->P->size);
    json_put_real(one, "updates_per_ns", all->wall * 1e-9);
    json_put_real(one, "times_one_rank", all->wall / alone->wall);
    json_put_real(one, "times_one_rank_cpu", cpu);
    json_put_flag(one, "disturbed", alone->disturbed || all->disturbed);
    json_add(list, one);
    log_say((struct log *)&r->log,
            "scaling %-5s %-17s %d ranks: %.4g updates_per_ns, %.3f times one rank, %.3f by "
            "processor time%s",
            kern_best()->name, benchgraph_name[which], r->P->size, all->wall * 1e-9,
            all->wall / alone->wall, cpu, alone->disturbed || all->disturbed ? "  disturbed" : "");
}

void scalebench_gibbs(const struct run *r, struct json *list, double seconds)
{
    const enum bench_graph which[] = { BENCH_COMPLETE, BENCH_ZEPHYR };

    for (int i = 0; i < 2 && r->P->size > 1; i++) {
        struct rbm m;
        struct chains c;
        benchgraph_init(&m, which[i]);
        chains_init(&c, (struct block){ (int64_t)r->P->rank * TILES, TILES },
                    (int64_t)CHAINS * r->P->size, &m, r->seed);
        double sweep = (double)m.T.N * CHAINS * r->P->size / draw(r, &m, &c, 1, r->P->size).wall;
        int n = (int)fmax(3.0, seconds / sweep);
        par_bcast(r->P, &n, sizeof n, 0);
        struct rate alone = draw(r, &m, &c, n, 1), all = draw(r, &m, &c, n, r->P->size);
        say(r, list, which[i], &alone, &all);
        chains_free(&c);
        rbm_free(&m);
    }
}
