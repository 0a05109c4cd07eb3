/*
 * gradients MODEL OUT.h5 [WIDTH PARTITIONS GEOMETRY] - what a model makes of six showers, for an
 * independent program to check (tests/peers/torch_check.py): outputs, losses and the gradient of
 * every parameter.
 *
 * MODEL is a checkpoint or run folder, or ARCHITECTURE.yaml: that network of WIDTH (1) for data set
 * 2 or another GEOMETRY, with random parameters (moving averages and zeros too) and the first
 * PARTITIONS (4) of 57 + 10 + 9 + 8 bits. OUT.h5 has a checkpoint's /model, /rbm, /architecture and
 * /geometry; /batch, the showers with all that is random; /evaluate and, for each way to train,
 * /case0, /case1, /case2.
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cmd/modelfile.h"
#include "num/dnn.h"
#include "vae/architecture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 6, K = 4 };

static const int nodes[K] = { 57, 10, 9, 8 };

struct ask {
    const char *model, *geometry;
    double width;
    int partitions, smooth;
};

struct work {
    struct par P;
    struct model m;
    struct h5 f;
    float *u;
    double *other; /* [ROWS, others] of the condition, or NULL */
    double E[ROWS];
    int64_t item[ROWS];
};

/* Every tensor moves: nothing that starts at 0 or 1 may hide a mistake. In networks with millions
 * of PReLUs some number is so near 0 that float and double see it on different sides, which in a
 * layer of few places is a percent of the gradient: there (smooth) slopes are 1 to a thousandth. */
static void shake(struct vae *v, int smooth)
{
    for (int i = 0; i < v->T.n; i++) {
        const struct tensor *t = &v->T.t[i];
        struct rng r = rng_at(11, RNG_TEST, i, 0);
        /* attention's products as a linear layer's: near 0 it gives all places alike, and the
         * norm behind it divides by next to nothing */
        int flat = !smooth && t->dims == 5 && t->n[1] * t->n[2] * t->n[3] == 1;
        float most = 0.2f / (float)(flat ? 2 : t->dims);
        for (int64_t k = 0; k < t->count; k++) {
            float *x = &v->params[t->first + k], a = rng_float(&r) - 0.5f;
            *x = *x * (1.0f + 0.4f * a) + most * (rng_float(&r) - 0.5f);
            if (strstr(t->name, "/variance") != NULL) *x = 0.5f + rng_float(&r);
            if (smooth && strstr(t->name, "/slope") != NULL) *x = 1.0f + 2e-3f * a;
        }
    }
}

static char *slurp(const void *ctx, const char *path, struct err *e)
{
    (void)ctx;
    return file_slurp(path, 1 << 20, NULL, e);
}

static int build(struct model *m, const struct ask *k, struct err *e)
{
    const char *path = k->model, *geometry = k->geometry;
    struct topology T = { 0 };
    char *a = architecture_read(path, k->width, &(struct architecture_reader){ slurp, NULL }, e);
    char *g = NULL;

    *m = (struct model){ .transform = transform_logit() };
    if (a == NULL || (g = file_slurp(geometry, 1 << 20, NULL, e)) == NULL ||
        topology_complete(&T, k->partitions, nodes, e))
        return -1;
    rbm_init(&m->rbm, &T, 0);
    rbm_random(&m->rbm, 0.3, 4);
    if (model_networks(m, a, path, g, geometry, ROWS, 5, e)) return -1;
    shake(&m->vae, k->smooth);
    return 0;
}

/* One voxel in three is hit; energies over three decades. */
static void fill(struct work *w)
{
    int V = w->m.vae.V, C = w->m.others;
    struct rng r = rng_at(2, RNG_TEST, 0, 0);

    if (C > 0) w->other = mem_take(ROWS * C, sizeof *w->other);
    for (int i = 0; i < ROWS * C; i++) {
        const struct conditions_range *x = &w->m.other[i % C];
        w->other[i] = x->low + (x->high - x->low) * rng_uniform(&r);
    }

    w->u = mem_take((int64_t)ROWS * V, sizeof *w->u);
    for (int b = 0; b < ROWS; b++) {
        w->E[b] = 1500.0 * pow(4.0, b);
        w->item[b] = 10 + b;
        for (int i = 0; i < V; i++)
            w->u[b * V + i] = rng_float(&r) < 0.67f ? 0.0f : 0.2f + 9.0f * rng_float(&r);
    }
}

static int put(struct h5 *f, const char *group, const char *name, const float *x, int64_t rows,
               int64_t n, struct err *e)
{
    struct h5_shape s = { 2, { rows, n }, H5_FLOAT };
    char *path = mem_print("/%s/%s", group, name);
    int bad = h5_write_all(f, path, &s, x, "1", "see tests/peers/gradients.c", e);

    mem_free(path);
    return bad;
}

static int write_batch(struct work *w, struct err *e)
{
    const struct vae *v = &w->m.vae;
    struct h5_shape s = { 1, { ROWS }, H5_DOUBLE };

    struct h5_shape c = { 2, { ROWS, w->m.others }, H5_DOUBLE };

    if (w->m.others > 0 && h5_write_all(&w->f, "/batch/other", &c, w->other, "1",
                                        "of the condition beside the energy", e))
        return -1;
    return h5_write_all(&w->f, "/batch/energy", &s, w->E, "MeV", "incident", e) ||
           put(&w->f, "batch", "u", w->u, ROWS, v->V, e) ||
           put(&w->f, "batch", "code", v->z, ROWS, v->L, e) ||
           put(&w->f, "batch", "noise", v->noise, ROWS, v->F, e) ||
           put(&w->f, "batch", "hit_noise", v->hit_noise, ROWS, v->V, e);
}

/* Logits, bits and outputs of the last forward. */
static int write_outputs(struct work *w, const char *group, struct err *e)
{
    const struct vae *v = &w->m.vae;
    const float *spread = decoder_spread(&v->decoder);

    return put(&w->f, group, "logits", v->logit, ROWS, v->F, e) ||
           put(&w->f, group, "z", v->z, ROWS, v->L, e) ||
           put(&w->f, group, "hits", decoder_hits(&v->decoder), ROWS, v->V, e) ||
           put(&w->f, group, "activations", decoder_activations(&v->decoder), ROWS, v->V, e) ||
           (spread != NULL && put(&w->f, group, "spread", spread, ROWS, v->V, e));
}

static int write_tensors(struct work *w, const char *group, struct err *e)
{
    const struct vae *v = &w->m.vae;
    int bad = 0;

    for (int i = 0; i < v->T.n && !bad; i++) { /* of a fixed tensor what it has become */
        const struct tensor *t = &v->T.t[i];
        char *name = mem_print("%s/%s", t->fixed ? "moved" : "gradient", t->name);
        bad = put(&w->f, group, name, (t->fixed ? v->params : v->grad) + t->first, 1, t->count, e);
        mem_free(name);
    }
    return bad;
}

/* One way to train: forward, losses and backward of the six showers. */
static int train(struct work *w, const char *group, const struct loss_options *o,
                 enum latent_mode mode, double beta, double slope, struct err *e)
{
    struct vae *v = &w->m.vae;
    struct vae_batch b = { ROWS, w->u, w->E, w->item, 1, w->other };
    double sum[LOSS_TERMS] = { 0.0 };
    float *before = mem_take(v->T.total, sizeof *before);
    struct h5_shape s = { 1, { LOSS_TERMS }, H5_DOUBLE };

    memcpy(before, v->params, (size_t)v->T.total * sizeof *before);
    memset(v->grad, 0, (size_t)v->T.total * sizeof *v->grad);
    vae_forward(v, &b, mode, beta, slope);
    vae_losses(v, &b, &w->m.rbm, 0.0, o, 1, sum);
    char *losses = mem_print("/%s/losses", group), *weights = mem_print("/%s/weights", group);
    int bad = h5_write_all(&w->f, losses, &s, sum, "1", "by enum loss_term", e) ||
              h5_write_all(&w->f, weights, &s, o->weight, "1", "of the terms", e) ||
              h5_put_int(&w->f, group, "mask", o->mask, e) ||
              h5_put_int(&w->f, group, "exact_entropy", o->exact_entropy, e) ||
              h5_put_int(&w->f, group, "straight", mode == LATENT_STRAIGHT, e) ||
              h5_put_real(&w->f, group, "beta", beta, e) ||
              h5_put_real(&w->f, group, "slope", slope, e) ||
              h5_put_real(&w->f, group, "c", o->c, e) || h5_put_real(&w->f, group, "w", o->w, e) ||
              write_outputs(w, group, e) || write_tensors(w, group, e);
    memcpy(v->params, before, (size_t)v->T.total * sizeof *before);
    mem_free(before);
    mem_free(losses);
    mem_free(weights);
    return bad;
}

static int act(struct work *w, const struct ask *k, const char *path, struct err *e)
{
    const char *model = k->model;
    struct vae *v = &w->m.vae;
    struct vae_batch b = { ROWS, NULL, w->E, w->item, 1, NULL };
    const char *end = strrchr(model, '.');

    if (end != NULL && strcmp(end, ".yaml") == 0
            ? build(&w->m, k, e)
            : modelfile_load(&w->m, &w->P, model, ROWS, MODELFILE_PLAIN, e))
        return -1;
    if (!w->m.networks) return err_set(e, "%s: holds no networks", model);
    fill(w);
    b.u = w->u;
    b.other = w->other;
    struct loss_options one = loss_default(), two = one, three = one;
    three.mask = 0;
    two.exact_entropy = 1;
    two.layer_of = w->m.geom.layer_of;
    two.weight[LOSS_LOGIT] = 0.3;
    two.weight[LOSS_LAYER] = 2.0;
    two.weight[LOSS_POSITIVE] = 0.7;
    if (h5_create(&w->f, &w->P, path, 0, e) || modelfile_write(&w->f, &w->m, e)) return -1;
    vae_forward(v, &b, LATENT_BITS, 1.0, 0.0);
    if (write_outputs(w, "evaluate", e) || train(w, "case0", &one, LATENT_RELAXED, 2.0, 0.05, e) ||
        train(w, "case1", &two, LATENT_STRAIGHT, 1.5, 0.02, e) ||
        train(w, "case2", &three, LATENT_RELAXED, 1.0, 0.05, e))
        return -1;
    return write_batch(w, e) || h5_commit(&w->f, e) ? -1 : 0;
}

int main(int argc, char **argv)
{
    struct work w = { .u = NULL };
    struct err e = { "" };

    par_init(&w.P, &argc, &argv);
    dnn_init(1);
    if (argc != 3 && argc != 6) die("expected: gradients MODEL OUT.h5 [WIDTH PARTITIONS GEOMETRY]");
    struct ask k = { argv[1], "configs/geometries/calochallenge2.yaml", 1.0, K, argc == 6 };
    if (argc == 6) k.width = atof(argv[3]), k.partitions = atoi(argv[4]), k.geometry = argv[5];
    if (k.partitions < 2 || k.partitions > K) die("%d partitions, expected 2 to 4", k.partitions);
    int bad = act(&w, &k, argv[2], &e);
    if (bad) fprintf(stderr, "gradients: %s\n", e.text);
    h5_close(&w.f);
    model_free(&w.m);
    mem_free(w.u);
    mem_free(w.other);
    par_free(&w.P);
    return bad ? 1 : 0;
}
