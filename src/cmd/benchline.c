#include "cmd/benchline.h"

#include "base/clock.h"
#include "cmd/stopwatch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1000 };

static const double DISTURBED = 0.05;

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct benchline_timing benchline_measure(const struct run *r, void (*work)(void *ctx), void *ctx,
                                          double seconds)
{
    double time[MOST], total[2], all[2], own, begin;
    int n = 0;

    work(ctx);
    par_barrier(r->P);
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
    double others = all[1] - all[0] - own * r->P->size;
    return (struct benchline_timing){ time[n / 2], others > DISTURBED * (total[1] - total[0]) };
}

/* Cycles per second, from a chain of products and sums: 3 and 1 cycles on processors of today. */
static void step_on(void *ctx)
{
    uint64_t *x = ctx;

    for (int i = 0; i < 1000000; i++) *x = *x * 6364136223846793005u + 1442695040888963407u;
}

double benchline_clock(const struct run *r)
{
    volatile uint64_t sink;
    uint64_t x = 1;
    double rate = 0.0;

    /* the best of ten: a processor that was idle starts slowly, and a limit must not be too low */
    for (int i = 0; i < 10; i++)
        rate = fmax(rate, 4e6 / benchline_measure(r, step_on, &x, 0.05).seconds);
    sink = x;
    (void)sink;
    log_say((struct log *)&r->log, "clock rate near %.2f GHz", rate * 1e-9);
    return rate;
}

void benchline_say(const struct run *r, struct json *list, const struct benchline *l, int disturbed)
{
    struct json *one = json_new();
    char share[32] = "", sum[48] = "";
    double all[3] = { l->figure, l->fraction, disturbed }, ranks = r->P->size;

    par_sum(r->P, all, 3);
    json_put_text(one, "name", l->what);
    json_put_text(one, "kernel", l->kernel);
    json_put_text(one, "topology", l->topology);
    json_put_text(one, "precision", l->precision);
    if (l->sampler != NULL) json_put_text(one, "sampler", l->sampler);
    json_put_real(one, l->unit, all[0] / ranks);
    if (isfinite(all[1])) {
        json_put_real(one, "fraction_of_limit", all[1] / ranks);
        snprintf(share, sizeof share, "%5.1f%% of the limit", 100.0 * all[1] / ranks);
    }
    json_put_int(one, "ranks", r->P->size);
    json_put_real(one, "all_ranks", all[0]);
    if (r->P->size > 1) snprintf(sum, sizeof sum, "  %9.4g by %d ranks", all[0], r->P->size);
    json_put_flag(one, "disturbed", all[2] > 0.0);
    json_add(list, one);
    log_say((struct log *)&r->log, "%-7s %-4s %-16s %-7s %-6s %9.4g %-16s %s%s%s", l->what,
            l->kernel, l->topology, l->precision, l->sampler != NULL ? l->sampler : "",
            all[0] / ranks, l->unit, share, sum, all[2] > 0.0 ? "  disturbed" : "");
}

double benchline_lanes(const struct kern *k)
{
    return k->name[0] == 'b' ? 4.0 : strcmp(k->name, "v3") == 0 ? 8.0 : 16.0;
}
