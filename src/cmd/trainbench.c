#include "cmd/trainbench.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "cmd/model.h"
#include "cmd/genbench.h"
#include "cmd/stopwatch.h"
#include "nn/optim.h"
#include "num/dnn.h"
#include "num/dnnhalf.h"
#include "vae/vae.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PARTITIONS = 4, UNITS = 302, VOXELS = 6480, SIDE = 1024 };

struct product {
    float *a, *b, *c;
};

static void by_dnn(void *ctx)
{
    struct product *p = ctx;

    dnn_gemm('N', 'N', SIDE, SIDE, SIDE, 1.0f, p->a, SIDE, p->b, SIDE, 0.0f, p->c, SIDE);
}

/* Gigaflop a second by the clock, and by processor time. */
struct peak {
    double wall, cpu;
};

/* Processor seconds of one call, the least of two after one that warms up: what others on the
 * machine do hardly counts. */
static double cpu_of(void (*work)(void *ctx), void *ctx)
{
    double least = INFINITY;

    for (int i = 0; i < 3; i++) {
        double start = clock_cpu();
        work(ctx);
        if (i > 0) least = fmin(least, clock_cpu() - start);
    }
    return least;
}

static struct peak peak(struct run *r, struct json *list, double seconds)
{
    struct product p = { mem_take(SIDE * SIDE, sizeof(float)), mem_take(SIDE * SIDE, sizeof(float)),
                         mem_take(SIDE * SIDE, sizeof(float)) };
    double flop = 2e-9 * SIDE * SIDE * SIDE;
    struct peak rate = { flop / stopwatch_median(by_dnn, &p, seconds), flop / cpu_of(by_dnn, &p) };

    stopwatch_say(r, list, "sgemm 1024", "gflop_per_second", rate.wall, NAN, NULL);
    stopwatch_say(r, list, "sgemm 1024, processor time", "gflop_per_second", rate.cpu, NAN, NULL);
    mem_free(p.a);
    mem_free(p.b);
    mem_free(p.c);
    return rate;
}

struct learner {
    struct vae v;
    struct rbm m;
    struct optim optim;
    struct loss_options loss;
    double seconds; /* for a figure */
    int B, made;    /* showers of a step; of a call of the decoder */
    float *u;
    double *E;
    int64_t *item;
};

static struct vae_batch rows(const struct learner *l, int B)
{
    return (struct vae_batch){ B, l->u, l->E, l->item, 0, NULL };
}

static void learn(void *ctx)
{
    struct learner *l = ctx;
    struct vae_batch b = rows(l, l->B);
    double sum[LOSS_TERMS] = { 0 };

    memset(l->v.grad, 0, (size_t)l->v.T.total * sizeof *l->v.grad);
    vae_forward(&l->v, &b, LATENT_RELAXED, 1.0, 0.05);
    vae_losses(&l->v, &b, &l->m, 0.0, &l->loss, 1, sum);
    optim_step(&l->optim, l->v.params, l->v.grad, 1.0 / l->B);
}

static void decode(void *ctx)
{
    struct learner *l = ctx;
    struct vae_batch b = rows(l, l->made);

    vae_decode(&l->v, &b, l->v.z, l->u);
}

/* Bytes of a learner of so many rows: shapes are inferred without taking them. */
static double bytes_of(const struct yaml *tree, const char *file, int B, struct err *e)
{
    int size[PARTITIONS] = { UNITS, UNITS, UNITS, UNITS };
    struct vae_sizes sizes = { VOXELS, PARTITIONS, size, 0, ENERGYCODE_CALOQ, 0, NULL };
    struct vae v;

    if (vae_init(&v, tree, file, &sizes, 1, e)) return NAN;
    double bytes = 16.0 * (double)v.T.total + (double)vae_bytes(&v, B);
    vae_free(&v);
    return bytes;
}

static void forward(void *ctx)
{
    struct learner *l = ctx;
    struct vae_batch b = rows(l, l->B);

    vae_forward(&l->v, &b, LATENT_RELAXED, 1.0, 0.05);
}

/* Step and way forward by processor time, and the step in bfloat16 beside float32. */
static void measure_cpu(struct run *r, struct json *list, struct learner *l, const char *name,
                        double best)
{
    char text[112];
    double step = cpu_of(learn, l), ahead = cpu_of(forward, l), half;

    snprintf(text, sizeof text, "train step %s, batch %d, processor time", name, l->B);
    stopwatch_say(r, list, text, "showers_per_second", l->B / step,
                  vae_flops_training(&l->v) * l->B / step * 1e-9 / best, "the peak of sgemm");
    snprintf(text, sizeof text, "forward %s, batch %d, processor time", name, l->B);
    stopwatch_say(r, list, text, "showers_per_second", l->B / ahead,
                  vae_flops_forward(&l->v) * l->B / ahead * 1e-9 / best, "the peak of sgemm");
    if (!dnnhalf_here()) return;
    vae_half(&l->v);
    half = cpu_of(learn, l);
    snprintf(text, sizeof text, "train step %s, batch %d, bfloat16, processor time", name, l->B);
    stopwatch_say(r, list, text, "showers_per_second", l->B / half, step / half, "float32");
}

/* A second call would begin anew where the first one took longer than all the time there is. */
static double time_of(void (*work)(void *ctx), void *ctx, double seconds)
{
    double start = clock_now();

    work(ctx);
    if (clock_now() - start < seconds) return stopwatch_median(work, ctx, seconds);
    start = clock_now();
    work(ctx);
    return clock_now() - start;
}

/* Seconds in which the decoder makes n showers. */
static double decode_seconds(void *ctx, int n)
{
    struct learner *l = ctx;

    l->made = n;
    return time_of(decode, l, l->seconds);
}

static void measure(struct run *r, struct json *list, struct learner *l, const char *name,
                    double seconds, struct peak peaks)
{
    double best = peaks.wall;
    char text[96];
    double step = time_of(learn, l, seconds), ahead = time_of(forward, l, seconds), many, one;

    l->seconds = seconds;
    many = decode_seconds(l, l->B);
    one = decode_seconds(l, 1);

    snprintf(text, sizeof text, "train step %s, batch %d", name, l->B);
    stopwatch_say(r, list, text, "showers_per_second", l->B / step,
                  vae_flops_training(&l->v) * l->B / step * 1e-9 / best, "the peak of sgemm");
    snprintf(text, sizeof text, "forward %s, batch %d", name, l->B);
    stopwatch_say(r, list, text, "showers_per_second", l->B / ahead,
                  vae_flops_forward(&l->v) * l->B / ahead * 1e-9 / best, "the peak of sgemm");
    snprintf(text, sizeof text, "decode %s, batch %d", name, l->B);
    stopwatch_say(r, list, text, "showers_per_second", l->B / many,
                  vae_flops_decoder(&l->v) * l->B / many * 1e-9 / best, "the peak of sgemm");
    snprintf(text, sizeof text, "decode %s, batch 1", name);
    stopwatch_say(r, list, text, "showers_per_second", 1.0 / one,
                  vae_flops_decoder(&l->v) / one * 1e-9 / best, "the peak of sgemm");
    genbench(r, list, name, l->B, decode_seconds, l);
    measure_cpu(r, list, l, name, peaks.cpu);
}

static int init(struct learner *l, const struct yaml *tree, const char *file, int B, struct err *e)
{
    int size[PARTITIONS] = { UNITS, UNITS, UNITS, UNITS };
    struct vae_sizes sizes = { VOXELS, PARTITIONS, size, B, ENERGYCODE_CALOQ, 0, NULL };
    struct optim_options how = optim_default();
    struct topology T;

    *l = (struct learner){ .loss = loss_default(), .B = B };
    if (vae_init(&l->v, tree, file, &sizes, 1, e)) return -1;
    if (topology_complete(&T, PARTITIONS, size, e)) die("bench: %s", e->text);
    rbm_init(&l->m, &T, 0);
    rbm_random(&l->m, 0.05, 1);
    optim_init(&l->optim, &how, &l->v.T);
    l->u = mem_take((int64_t)B * VOXELS, sizeof *l->u);
    l->E = mem_take(B, sizeof *l->E);
    l->item = mem_take(B, sizeof *l->item);
    for (int64_t i = 0; i < (int64_t)B * VOXELS; i++) l->u[i] = i % 4 == 0 ? 6.0f : 0.0f;
    for (int i = 0; i < B; i++) l->E[i] = 1000.0 * (i + 1);
    return 0;
}

static void drop(struct learner *l)
{
    vae_free(&l->v);
    rbm_free(&l->m);
    optim_free(&l->optim);
    mem_free(l->u);
    mem_free(l->E);
    mem_free(l->item);
}

static int one(struct run *r, struct json *list, const char *file, double seconds, struct peak best,
               struct err *e)
{
    int B = (int)conf_int(r->conf, "bench.batch"), bad = 0;
    char *text = model_architecture(r, file, 1.0, e);
    struct yaml *tree = text != NULL ? yaml_parse(text, file, e) : NULL;
    double need = tree != NULL ? bytes_of(tree, file, B, e) : NAN;
    double room =
        (double)sysconf(_SC_AVPHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / r->P->node_size;
    const char *name = strrchr(file, '/') != NULL ? strrchr(file, '/') + 1 : file;
    struct learner l;

    par_min(r->P, &room, 1); /* all ranks measure, or none */
    if (!(need >= 0.0)) {
        bad = -1;
    } else if (need > 0.8 * room) {
        log_say(&r->log, "%s at batch %d needs %.1f GB a rank, there are %.1f: left out", name, B,
                need * 1e-9, room * 1e-9);
    } else if ((bad = init(&l, tree, file, B, e)) == 0) {
        measure(r, list, &l, name, seconds, best);
        drop(&l);
    }
    yaml_drop(tree);
    mem_free(text);
    return bad;
}

int trainbench(struct run *r, struct json *list, double seconds, struct err *e)
{
    struct peak best = peak(r, list, seconds);
    int n = conf_count(r->conf, "bench.architectures"), bad = 0;

    for (int i = 0; i < n && !bad; i++)
        bad = one(r, list, conf_text_at(r->conf, "bench.architectures", i), seconds, best, e);
    return bad;
}
