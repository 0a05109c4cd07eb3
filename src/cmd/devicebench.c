#include "cmd/devicebench.h"

#include "base/file.h"
#include "base/mem.h"
#include "cmd/benchgraph.h"
#include "cmd/benchline.h"
#include "qpu/device.h"
#include "qpu/freezeout.h"
#include "rbm/chains.h"

#include <math.h>
#include <string.h>

enum { READS = 1024, FEW = 16, SHEET_MOST = 1 << 20 };

/* A device with a problem of its chip. */
struct desk {
    struct rbm m;
    struct device d;
    struct ising g;
    struct device_call call;
    struct chains c; /* of the yardstick */
    uint8_t *states;
    double *energy;
    struct err failed;
};

static void draw(void *ctx)
{
    struct desk *k = ctx;
    struct block all = { 0, (k->call.reads + KERN_LANES - 1) / KERN_LANES };

    device_draw(&k->d, &k->g, &k->call, all, k->states, k->energy, NULL, &k->failed);
    k->call.number++;
}

static void sweep(void *ctx)
{
    struct desk *k = ctx;

    chains_sweep(&k->c, &k->m, k->d.kinetic.kern, 1);
}

/* Sweeps of a read, of 20 us. */
static double sweeps(const struct device *d, struct err *e)
{
    struct freezeout f;
    const struct kinetic *k = &d->kinetic;
    int bad = freezeout_init(&f, &k->sheet, NULL, 20.0, k->resolution, e);
    double n = f.n;

    freezeout_free(&f);
    return bad ? NAN : n;
}

static int open_desk(struct desk *k, const char *path, struct err *e)
{
    char *text = file_slurp(path, SHEET_MOST, NULL, e);
    struct device_keys keys = { .kind = DEVICE_KINETIC,
                                .text = text,
                                .file = path,
                                .noise = NOISE_ALL,
                                .seed = 1,
                                .kern = kern_best() };
    int bad = text == NULL || device_open(&k->d, &keys, e);

    mem_free(text);
    if (bad) return -1;
    int zephyr = strcmp(k->d.kinetic.sheet.topology, "zephyr") == 0;
    int pegasus = strcmp(k->d.kinetic.sheet.topology, "pegasus") == 0;
    benchgraph_init(&k->m, zephyr ? BENCH_ZEPHYR : pegasus ? BENCH_PEGASUS : BENCH_CHIMERA);
    ising_init(&k->g, &k->m, 0);
    ising_set(&k->g, &k->m, 1.0, NULL);
    return 0;
}

static void close_desk(struct desk *k)
{
    chains_free(&k->c);
    ising_free(&k->g);
    rbm_free(&k->m);
    device_free(&k->d);
    mem_free(k->states);
    mem_free(k->energy);
    *k = (struct desk){ 0 };
}

static int tell(const struct run *r, struct json *list, struct desk *k, double seconds,
                struct err *e)
{
    int slow = kinetic_remembers(&k->d.kinetic);
    double n = sweeps(&k->d, e);

    k->call = (struct device_call){ .reads = slow ? FEW : READS, .placed = 0 };
    k->states = mem_take((int64_t)READS * k->g.n, 1);
    k->energy = mem_take(READS, sizeof *k->energy);
    chains_init(&k->c, (struct block){ 0, READS / KERN_LANES }, READS, &k->m, 1);
    struct benchline_timing t = benchline_measure(r, draw, k, seconds);
    struct benchline_timing bare = benchline_measure(r, sweep, k, 0.2 * seconds);
    if (err_is(&k->failed)) *e = k->failed;
    if (par_agree(r->P, e)) return -1;
    double rate = k->g.n * n * (double)k->call.reads / t.seconds;
    struct benchline l = { .what = slow ? "device, reads that remember" : "device",
                           .kernel = k->d.kinetic.kern->name,
                           .topology = k->d.kinetic.sheet.topology,
                           .precision = "float32",
                           .sampler = k->d.name,
                           .unit = "spins_per_ns",
                           .figure = rate * 1e-9,
                           .fraction = rate / (k->g.n * (double)READS / bare.seconds) };
    benchline_say(r, list, &l, t.disturbed);
    return 0;
}

int devicebench(const struct run *r, struct json *list, double seconds, struct err *e)
{
    for (int i = 0; i < conf_count(r->conf, "bench.devices"); i++) {
        struct desk k = { 0 };
        open_desk(&k, conf_text_at(r->conf, "bench.devices", i), e);
        int bad = par_agree(r->P, e) || tell(r, list, &k, seconds, e);
        close_desk(&k);
        if (bad) return -1;
    }
    return 0;
}
