#include "cmd/racebench.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "nn/optim.h"
#include "shower/dataset.h"
#include "shower/synth.h"
#include "shower/transform.h"
#include "vae/vae.h"

#include <math.h>
#include <string.h>

enum { BATCH = 128, HELD = 640, PARTITIONS = 4, CODE = 57, UNITS = 64, MARKS = 8, WARMUP = 50 };

static const char geometry[] = "configs/geometries/calochallenge2.yaml";

/* Showers in network units, HELD of them behind the n to train on. */
struct course {
    struct geom geom;
    int64_t n;
    float *u;  /* [n + HELD, V]; owned */
    double *E; /* [n + HELD]; owned */
    double seconds, rate;
    uint64_t seed;
};

struct racer {
    const struct course *c; /* borrowed */
    struct vae v;
    struct optim optim;
    struct loss_options loss;
    float *u; /* [BATCH, V] */
    double E[BATCH];
    int64_t item[BATCH];
    int64_t step;
    double used;           /* processor seconds */
    double mark[MARKS][3]; /* processor seconds, AE, hit on the showers held back */
};

static int course_init(struct course *c, struct run *r, struct err *e)
{
    struct synth_set set;
    struct synth s;
    struct transform t = transform_logit();

    *c = (struct course){ .n = conf_int(r->conf, "bench.race_showers"),
                          .seconds = conf_real(r->conf, "bench.race_seconds"),
                          .rate = conf_real(r->conf, "bench.race_rate"),
                          .seed = r->seed };
    if (geom_load(&c->geom, r->P, geometry, e) || synth_recipe(&set, &c->geom, e)) return -1;
    int V = c->geom.voxels;
    c->u = mem_take((c->n + HELD) * V, sizeof *c->u);
    c->E = mem_take(c->n + HELD, sizeof *c->E);
    synth_init(&s, &c->geom, &set);
    for (int64_t i = 0, number = 0; i < c->n + HELD; number++) {
        float *x = c->u + i * V;
        c->E[i] = synth_energy(c->seed, number, 1e3, 1e6);
        synth_shower(&s, c->seed, number, c->E[i], x);
        if (transform_judge(&t, V, c->E[i], x) != TRANSFORM_FINE) continue;
        transform_forward(&t, 1, V, c->E + i, x, x);
        i++;
    }
    synth_free(&s);
    return 0;
}

static void course_free(struct course *c)
{
    geom_free(&c->geom);
    mem_free(c->u);
    mem_free(c->E);
}

/* The means over the training showers that networks start near. */
static void start(struct vae *v, const struct course *c)
{
    int V = c->geom.voxels;
    double n = (double)c->n;
    float *row = mem_take(4 * V, sizeof *row);

    for (int k = 0; k < V; k++) {
        double sum = 0.0, square = 0.0, hits = 0.0;
        for (int64_t i = 0; i < c->n; i++) {
            double u = (double)c->u[i * V + k];
            sum += u;
            square += u * u;
            hits += u > 0.0;
        }
        double mean = sum / n;
        row[k] = (float)mean;
        row[V + k] = (float)sqrt(fmax(square / n - mean * mean, 0.0));
        row[2 * V + k] = (float)(hits / n);
        row[3 * V + k] = (float)(hits > 0.0 ? sum / hits : 0.0);
    }
    vae_start(v, &(struct vae_data){ row, row + V, row + 2 * V, row + 3 * V });
    mem_free(row);
}

static int racer_init(struct racer *q, const struct course *c, const struct yaml *tree,
                      const char *file, struct err *e)
{
    int size[PARTITIONS] = { CODE, UNITS, UNITS, UNITS };
    struct vae_sizes sizes = { c->geom.voxels, PARTITIONS, size, BATCH, ENERGYCODE_CALOQ, 0, NULL };
    struct optim_options how = optim_default();

    *q = (struct racer){ .c = c, .loss = loss_default() };
    q->loss.weight[LOSS_ENTROPY] = q->loss.weight[LOSS_SPREAD] = 0.0;
    if (vae_init(&q->v, tree, file, &sizes, c->seed, e)) return -1;
    start(&q->v, c);
    optim_init(&q->optim, &how, &q->v.T);
    q->u = mem_take((int64_t)BATCH * c->geom.voxels, sizeof *q->u);
    return 0;
}

static void racer_free(struct racer *q)
{
    vae_free(&q->v);
    optim_free(&q->optim);
    mem_free(q->u);
}

/* One step on the next BATCH showers of the endless shuffle. */
static void step(struct racer *q)
{
    const struct course *c = q->c;
    int V = c->geom.voxels;
    double part = fmin(q->used / c->seconds, 1.0), sum[LOSS_TERMS] = { 0 };
    struct dataset_part all = dataset_whole(c->n);
    int64_t steps = c->n / BATCH, epoch = q->step / steps, index = q->step % steps;
    struct vae_batch b = { BATCH, q->u, q->E, q->item, q->step, NULL };

    dataset_order(&all, c->seed, epoch, index * BATCH, BATCH, q->item);
    for (int i = 0; i < BATCH; i++) {
        memcpy(q->u + (int64_t)i * V, c->u + q->item[i] * V, (size_t)V * sizeof *q->u);
        q->E[i] = c->E[q->item[i]];
    }
    memset(q->v.grad, 0, (size_t)q->v.T.total * sizeof *q->v.grad);
    vae_forward(&q->v, &b, LATENT_RELAXED, 1.0 + 7.0 * part, 0.05 * (1.0 - part));
    vae_losses(&q->v, &b, NULL, 0.0, &q->loss, 1, sum);
    q->optim.o.rate = c->rate * fmin(1.0, (double)(q->step + 1) / WARMUP) *
                      (0.01 + 0.99 * 0.5 * (1.0 + cos(3.14159265358979324 * part)));
    optim_step(&q->optim, q->v.params, q->v.grad, 1.0 / BATCH);
    q->step++;
}

/* AE and hit, means over the showers held back. */
static void judge(struct racer *q, double mark[3])
{
    const struct course *c = q->c;
    double sum[LOSS_TERMS] = { 0 };

    for (int64_t at = c->n; at < c->n + HELD; at += BATCH) {
        struct vae_batch b = { BATCH, c->u + at * c->geom.voxels, c->E + at, q->item, 0, NULL };
        for (int i = 0; i < BATCH; i++) q->item[i] = at + i;
        vae_forward(&q->v, &b, LATENT_BITS, 1.0, 0.0);
        vae_losses(&q->v, &b, NULL, 0.0, &q->loss, 0, sum);
    }
    mark[0] = q->used;
    mark[1] = sum[LOSS_AE] / HELD;
    mark[2] = sum[LOSS_HIT] / HELD;
}

/* Until the time is used; judged at MARKS even times. */
static void run_race(struct racer *q)
{
    for (int m = 0; m < MARKS; m++) {
        while (q->used < q->c->seconds * (m + 1) / MARKS) {
            double before = clock_cpu();
            step(q);
            q->used += clock_cpu() - before;
        }
        judge(q, q->mark[m]);
    }
}

static double report(struct run *r, struct json *list, const struct racer *q, const char *name,
                     double first)
{
    const double *end = q->mark[MARKS - 1];
    struct json *one = json_new(), *course = json_list();
    double sum = end[1] + end[2];

    for (int m = 0; m < MARKS; m++) json_add_real(course, q->mark[m][1] + q->mark[m][2]);
    json_put_text(one, "name", "race");
    json_put_text(one, "architecture", name);
    json_put_real(one, "ae_plus_hit", sum);
    json_put_real(one, "ae", end[1]);
    json_put_real(one, "hit", end[2]);
    json_put(one, "course", course);
    json_put_real(one, "processor_seconds", q->used);
    json_put_real(one, "showers_per_second", (double)(q->step * BATCH) / q->used);
    json_put_int(one, "parameters", q->v.T.parameters);
    if (isfinite(first)) json_put_real(one, "below_first", first - sum);
    json_add(list, one);
    log_say(&r->log,
            "race: %s: AE %.2f + hit %.2f = %.2f after %.1f s of processor time, %lld steps of "
            "%d showers (%.0f a second), %lld parameters",
            name, end[1], end[2], sum, q->used, (long long)q->step, BATCH,
            (double)(q->step * BATCH) / q->used, (long long)q->v.T.parameters);
    if (isfinite(first))
        log_say(&r->log, "race: %s ends %.2f %s the first", name, fabs(first - sum),
                sum < first ? "below" : "above");
    return sum;
}

int racebench(struct run *r, struct json *list, struct err *e)
{
    struct course c;
    double first = NAN;
    int n = conf_count(r->conf, "bench.race"), bad = course_init(&c, r, e);

    for (int i = 0; i < n && !bad; i++) {
        const char *file = conf_text_at(r->conf, "bench.race", i);
        const char *name = strrchr(file, '/') != NULL ? strrchr(file, '/') + 1 : file;
        char *text = run_text(r->P, file, e);
        struct yaml *tree = text != NULL ? yaml_parse(text, file, e) : NULL;
        struct racer q;
        bad = tree == NULL || racer_init(&q, &c, tree, file, e);
        if (!bad) {
            run_race(&q);
            double sum = report(r, list, &q, name, first);
            if (i == 0) first = sum;
            racer_free(&q);
        }
        yaml_drop(tree);
        mem_free(text);
    }
    course_free(&c);
    return bad ? -1 : 0;
}
