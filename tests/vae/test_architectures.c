#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "nn/optim.h"
#include "num/dnn.h"
#include "vae/vae.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { V = 6480, K = 4 };

static struct yaml *architecture(const char *name)
{
    char path[128];
    struct err e = { "" };

    snprintf(path, sizeof path, "configs/architectures/%s.yaml", name);
    char *text = file_slurp(path, 1 << 20, NULL, &e);
    struct yaml *tree = text != NULL ? yaml_parse(text, path, &e) : NULL;
    if (tree == NULL) print_error("%s\n", e.text);
    assert_non_null(tree);
    mem_free(text);
    return tree;
}

/* Parameters of each encoder level and of the decoder, by inference of shapes alone. */
static void count(const char *name, const int *nodes, int64_t level[K - 1], int64_t *decoder,
                  double *flops)
{
    struct yaml *tree = architecture(name);
    struct tensors T = { 0 };
    struct encoder n;
    struct decoder d;
    struct err e = { "" };
    struct site site = { .file = name,
                         .blocks = yaml_get(tree, "blocks"),
                         .voxels = V,
                         .partitions = K,
                         .nodes = nodes,
                         .T = &T };
    int units = 0;

    for (int k = 0; k < K; k++) units += nodes[k];
    if (encoder_init(&n, yaml_get(tree, "encoder"), K - 1, &site, &e) ||
        decoder_init(&d, yaml_get(tree, "decoder"), units, &site, &e))
        print_error("%s\n", e.text);
    assert_false(err_is(&e));
    *flops = graph_flops(&d.net, 0);
    for (int l = 0; l < K - 1; l++) {
        level[l] = graph_parameters(&n.level[l], &T);
        *flops += graph_flops(&n.level[l], 0);
    }
    *decoder = graph_parameters(&d.net, &T);
    assert_int_equal(level[0] + level[1] + level[2] + *decoder, T.parameters);
    encoder_free(&n);
    decoder_free(&d);
    tensors_free(&T);
    yaml_drop(tree);
}

/* Counts of the published models (the sums of spec/model.md 2.2, 3.3, 3.4). */
static void published_models_have_their_numbers_of_parameters(void **state)
{
    (void)state;
    const int nodes[K] = { 302, 302, 302, 302 }, pegasus[K] = { 512, 512, 512, 512 };
    int64_t level[K - 1], decoder;
    double flops;

    count("cnn-flat", nodes, level, &decoder, &flops);
    for (int l = 0; l < K - 1; l++) assert_int_equal(level[l], 3258940);
    assert_int_equal(decoder, 14568836);
    count("cnn-flat", pegasus, level, &decoder, &flops);
    for (int l = 0; l < K - 1; l++) assert_int_equal(level[l], 4710880);
    count("cnn-hierarchy", nodes, level, &decoder, &flops);
    for (int l = 0; l < K - 1; l++) assert_int_equal(level[l], 3258940);
    assert_int_equal(decoder, 122605416);
    /* 0.550 and 1.143 GMAC, and what their table leaves out: the skips (6 M) */
    assert_near(flops, 2.0 * (0.550e9 + 1.143e9), 0.02e9);
}

/* With linear attention: convolutions as before (a level: 3,258,940 less batch norms and PReLU, 960
 * + 480), and after each of 32, 64, 128, 256 channels two group norms and C 96 + 33 C. */
static void attention_adds_its_own_parameters(void **state)
{
    (void)state;
    const int nodes[K] = { 302, 302, 302, 302 };
    int64_t level[K - 1], decoder, channels = 32 + 64 + 128 + 256;
    double flops;

    count("cnn-attention", nodes, level, &decoder, &flops);
    for (int l = 0; l < K - 1; l++)
        assert_int_equal(level[l], 3258940 - 3 * channels + channels * (4 + 96 + 33));
    /* the activations' head: group norms for batch norms, attention for PReLU, SiLU at the end */
    assert_int_equal(decoder, 14568836 - 3 * 96 - 1 + 96 * (4 + 96 + 33));
}

struct model {
    struct vae v;
    struct rbm m;
    float *u;
    double E[4];
    int64_t item[4];
    struct vae_batch batch;
};

enum { ROWS = 4 };

static const int nodes_small[K] = { 57, 10, 9, 8 };

/* Showers whose energy falls off from the middle, one in three voxels hit. */
static void build(struct model *x, const char *name)
{
    struct yaml *tree = architecture(name);
    struct err e = { "" };
    struct topology T = { 0 };
    struct vae_sizes s = { V, K, nodes_small, ROWS };
    struct rng r = rng_at(2, RNG_TEST, 0, 0);

    dnn_init(1);
    if (vae_init(&x->v, tree, name, &s, 5, &e)) print_error("%s\n", e.text);
    assert_false(err_is(&e));
    yaml_drop(tree);
    assert_int_equal(topology_complete(&T, K, nodes_small, &e), 0);
    rbm_init(&x->m, &T, 0);
    rbm_random(&x->m, 0.1, 4);
    x->u = mem_take(ROWS * V, sizeof *x->u);
    for (int b = 0; b < ROWS; b++) {
        x->E[b] = 2000.0 * pow(8.0, b);
        x->item[b] = 10 + b;
        for (int i = 0; i < V; i++) {
            int z = i / 144, ring = i % 9;
            float size = 8.0f - 0.2f * fabsf((float)z - 15.0f) - 0.5f * (float)ring;
            x->u[b * V + i] = rng_float(&r) < 0.67f || size < 0.5f ? 0.0f : size;
        }
    }
    x->batch = (struct vae_batch){ .B = ROWS, .u = x->u, .E = x->E, .item = x->item, .step = 1 };
}

static void drop(struct model *x)
{
    vae_free(&x->v);
    rbm_free(&x->m);
    mem_free(x->u);
}

static double ae_and_hits(struct model *x, const struct loss_options *o, int backward)
{
    double sum[LOSS_TERMS] = { 0.0 };

    vae_forward(&x->v, &x->batch, LATENT_RELAXED, 2.0, 0.05);
    vae_losses(&x->v, &x->batch, &x->m, 0.0, o, backward, sum);
    return sum[LOSS_AE] + sum[LOSS_HIT];
}

static const char *const small[] = { "cnn-flat-small", "cnn-hierarchy-small", "cnn-attention-small",
                                     "cnn-modulated-small" };

/* Adam on four showers: any working gradient halves what it starts from within 200 steps. */
static void two_hundred_steps_halve_the_losses(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof small / sizeof small[0]; k++) {
        struct model x;
        struct loss_options o = loss_default();
        struct optim_options how = optim_default();
        struct optim p;
        o.weight[LOSS_ENTROPY] = o.weight[LOSS_POSITIVE] = 0.0;
        how.rate = 3e-3;
        build(&x, small[k]);
        optim_init(&p, &how, &x.v.T);
        double first = ae_and_hits(&x, &o, 0), last = first;
        for (int i = 0; i < 200 && last > 0.5 * first; i++) {
            memset(x.v.grad, 0, (size_t)x.v.T.total * sizeof *x.v.grad);
            last = ae_and_hits(&x, &o, 1);
            optim_step(&p, x.v.params, x.v.grad, 1.0 / ROWS);
        }
        if (!(last <= 0.5 * first)) print_error("%s: %g to %g\n", small[k], first, last);
        assert_true(last <= 0.5 * first);
        optim_free(&p);
        drop(&x);
    }
}

/* Factors start at 1 and shifts at 0: a step of size 1 in the weights that make them lets the
 * energy through. */
static void let_the_condition_through(struct model *x)
{
    for (int i = 0; i < x->v.T.n; i++) {
        const struct tensor *t = &x->v.T.t[i];
        float most = 0.0f;
        for (int64_t k = 0; k < t->count; k++) most = fmaxf(most, fabsf(x->v.params[t->first + k]));
        for (int64_t k = 0; k < t->count && most == 0.0f && t->dims == 2; k++)
            x->v.params[t->first + k] = 0.1f;
    }
}

static double moved(const float *a, const float *b, int n)
{
    double sum = 0.0;

    for (int i = 0; i < n; i++) sum += fabs((double)a[i] - (double)b[i]);
    return sum;
}

/* What is decoded depends on each partition's bits and on the energy; the logits of each level
 * depend on the shower and on the bits before. */
static void outputs_depend_on_every_input(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof small / sizeof small[0]; k++) {
        struct model x;
        int first = 0;
        float *before = mem_take(V, sizeof *before), *logit = mem_take(27, sizeof *logit);
        build(&x, small[k]);
        let_the_condition_through(&x);
        float *z = mem_take(x.v.L, sizeof *z);
        float t = 0.4f;
        decoder_forward(&x.v.decoder, z, &t, NULL, x.v.params, 1, 1);
        memcpy(before, decoder_hits(&x.v.decoder), V * sizeof *before);
        for (int p = 0; p < K; first += nodes_small[p++]) {
            z[first + 1] = 1.0f;
            decoder_forward(&x.v.decoder, z, &t, NULL, x.v.params, 1, 1);
            assert_true(moved(before, decoder_hits(&x.v.decoder), V) > 1e-3);
            z[first + 1] = 0.0f;
        }
        t = 0.5f;
        decoder_forward(&x.v.decoder, z, &t, NULL, x.v.params, 1, 1);
        assert_true(moved(before, decoder_hits(&x.v.decoder), V) > 1e-3);
        x.batch.B = 1;
        vae_encode(&x.v, &x.batch, x.v.z, logit);
        memcpy(before, logit, 27 * sizeof *before);
        x.u[15 * 144] += 1.0f;
        vae_encode(&x.v, &x.batch, x.v.z, logit);
        for (int l = 0, at = 0; l < K - 1; at += nodes_small[++l])
            assert_true(moved(before + at, logit + at, nodes_small[l + 1]) > 1e-6);
        mem_free(z);
        mem_free(before);
        mem_free(logit);
        drop(&x);
    }
}

TEST_MAIN(cmocka_unit_test(published_models_have_their_numbers_of_parameters),
          cmocka_unit_test(attention_adds_its_own_parameters),
          cmocka_unit_test(two_hundred_steps_halve_the_losses),
          cmocka_unit_test(outputs_depend_on_every_input))
