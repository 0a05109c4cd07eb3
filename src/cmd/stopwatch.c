#include "cmd/stopwatch.h"

#include "base/clock.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 10000 };

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double stopwatch_median(void (*work)(void *ctx), void *ctx, double seconds)
{
    double *time = mem_take(MOST, sizeof *time), begin;
    int n = 0;

    work(ctx);
    begin = clock_now();
    while (n < 3 || (n < MOST && clock_now() - begin < seconds)) {
        double start = clock_now();
        work(ctx);
        time[n++] = clock_now() - start;
    }
    qsort(time, (size_t)n, sizeof *time, rising);
    double median = time[n / 2];
    mem_free(time);
    return median;
}

double stopwatch_busy(double *total)
{
    double x[8] = { 0 }, all = 0.0, tick = (double)sysconf(_SC_CLK_TCK);
    FILE *f = fopen("/proc/stat", "r");
    int n = f == NULL ? 0
                      : fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &x[0], &x[1], &x[2], &x[3],
                               &x[4], &x[5], &x[6], &x[7]);

    if (f != NULL) fclose(f);
    for (int i = 0; i < n; i++) all += x[i] / tick;
    *total = all;
    return n < 4 ? NAN : all - (x[3] + x[4]) / tick;
}

void stopwatch_say(const struct run *r, struct json *list, const char *name, const char *unit,
                   double figure, double ratio, const char *against)
{
    struct json *one = json_new();

    json_put_text(one, "name", name);
    json_put_real(one, unit, figure);
    if (isfinite(ratio)) {
        json_put_real(one, "ratio", ratio);
        json_put_text(one, "against", against);
        log_say((struct log *)&r->log, "%-28s %10.4g %-22s %6.2f x %s", name, figure, unit, ratio,
                against);
    } else {
        log_say((struct log *)&r->log, "%-28s %10.4g %s", name, figure, unit);
    }
    json_add(list, one);
}
