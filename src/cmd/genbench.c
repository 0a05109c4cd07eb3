#include "cmd/genbench.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/benchgraph.h"
#include "rbm/chains.h"
#include "rbm/spins.h"

#include <stdio.h>
#include <string.h>

enum { REQUESTS = 3, SWEEPS = 500, TILES = 16 };

static const int64_t request[REQUESTS] = { 1, 100, 10000 };

/* Seconds of the sweeps of so many tiles. */
static double sweep(const struct rbm *m, int64_t tiles)
{
    int64_t some = tiles < TILES ? tiles : TILES;
    struct chains c;

    chains_init(&c, (struct block){ 0, some }, some * 64, m, 1);
    chains_sweep(&c, m, kern_best(), 1); /* warms up */
    double start = clock_now();
    chains_sweep(&c, m, kern_best(), SWEEPS);
    double taken = clock_now() - start;
    chains_free(&c);
    return taken * (double)tiles / (double)some;
}

static void say(const struct run *r, struct json *list, const char *name, int64_t n,
                double sampling, double decoding)
{
    struct json *one = json_new();
    char text[96];

    snprintf(text, sizeof text, "generate %s, batch %lld", name, (long long)n);
    json_put_text(one, "name", text);
    json_put_real(one, "showers_per_second", (double)n / (sampling + decoding));
    json_put_real(one, "sampling_share", sampling / (sampling + decoding));
    json_put_real(one, "sampling_ms_per_shower", 1e3 * sampling / (double)n);
    json_put_real(one, "decoding_ms_per_shower", 1e3 * decoding / (double)n);
    json_add(list, one);
    log_say((struct log *)&r->log,
            "%s: %.4g showers_per_second, %.1f%% of the time for %d sweeps on Zephyr", text,
            (double)n / (sampling + decoding), 100.0 * sampling / (sampling + decoding), SWEEPS);
}

void genbench(const struct run *r, struct json *list, const char *name, int rows,
              double (*seconds)(void *ctx, int n), void *ctx)
{
    struct rbm m;

    benchgraph_init(&m, BENCH_ZEPHYR);
    uint8_t *held = mem_take(m.T.N, 1);
    memset(held, 1, (size_t)m.T.first[1]);
    rbm_hold(&m, held);
    mem_free(held);
    double whole = seconds(ctx, rows);
    for (int i = 0; i < REQUESTS; i++) {
        int64_t n = request[i], rest = n % rows;
        double decoding = (double)(n / rows) * whole + (rest > 0 ? seconds(ctx, (int)rest) : 0.0);
        say(r, list, name, n, sweep(&m, spins_tiles(n)), decoding);
    }
    rbm_free(&m);
}
