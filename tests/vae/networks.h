/*
 * networks.h - the architectures of the project: which there are, and small models made of them.
 */
#ifndef VAE_NETWORKS_H
#define VAE_NETWORKS_H

#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/yaml.h"
#include "num/dnn.h"
#include "vae/architecture.h"
#include "vae/vae.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NETWORK_ROWS = 4, NETWORK_PARTITIONS = 4 };

/* Each file of configs/architectures that is a model, the voxels of its showers (0: any) and the
 * partitions it is for; full: at its own width the file is small already. */
static const struct network {
    const char *name;
    int voxels, partitions, full;
} networks[] = {
    { "fcn", 368, 4, 0 },
    { "fcn-small", 192, 4, 1 },
    { "fcn-calochallenge1", 533, 4, 0 },
    { "depth", 6480, 4, 1 },
    { "cnn-flat", 6480, 4, 0 },
    { "cnn-flat-small", 6480, 4, 1 },
    { "cnn-attention", 6480, 4, 0 },
    { "cnn-attention-small", 6480, 4, 1 },
    { "cnn-small", 6480, 4, 1 },
    { "cnn-modulated-small", 6480, 4, 1 },
    { "cnn-hierarchy", 6480, 4, 0 },
    { "cnn-hierarchy-small", 6480, 4, 1 },
    { "cnn-skip", 6480, 4, 0 },
    { "cnn-hidden", 6480, 3, 0 },
    { "cnn-hidden-reference", 6480, 3, 0 },
    { "cnn-cross", 6480, 4, 0 },
    { "cnn-cross-reference", 6480, 4, 0 },
    { "cnn-transformer", 6480, 4, 0 },
    { "cnn-transformer-reference", 6480, 4, 0 },
    { "cnn-transformer2", 6480, 4, 0 },
    { "cnn-transformer2-reference", 6480, 4, 0 },
    { "cnn-nine", 6480, 4, 0 },
    { "cnn-mirror", 6480, 4, 0 },
    { "cnn-atlas", 2352, 4, 0 },
    { "cnn-calochallenge3", 40500, 4, 0 },
    { "decoder-attention", 6480, 4, 0 },
    { "decoder-attention-reference", 6480, 4, 0 },
    { "decoder-noise", 6480, 4, 0 },
    { "decoder-noise-reference", 6480, 4, 0 },
    { "encoder-2dv2", 6480, 4, 0 },
    { "encoder-2dv2-narrow", 6480, 4, 0 },
    { "encoder-2dv3", 6480, 4, 0 },
    { "encoder-2dv4", 6480, 4, 0 },
    { "encoder-3dv1", 6480, 4, 0 },
    { "encoder-3dv2", 6480, 4, 0 },
    { "encoder-3dv5", 6480, 4, 0 },
    { "unet-decoder", 6480, 4, 0 },
    { "unet-encoder", 6480, 4, 0 },
};

enum { NETWORKS = sizeof networks / sizeof networks[0] };

static inline char *network_text(const void *ctx, const char *path, struct err *e)
{
    (void)ctx;
    return file_slurp(path, 1 << 20, NULL, e);
}

/* The tree of a file, whole; width: of its channels. */
static inline struct yaml *network_tree(const char *name, double width)
{
    char path[128];
    struct err e = { "" };

    snprintf(path, sizeof path, "configs/architectures/%s.yaml", name);
    char *text =
        architecture_read(path, width, &(struct architecture_reader){ network_text, NULL }, &e);
    struct yaml *tree = text != NULL ? yaml_parse(text, path, &e) : NULL;
    if (tree == NULL) print_error("%s\n", e.text);
    assert_non_null(tree);
    mem_free(text);
    return tree;
}

/* A model at an eighth of the width, with a few units, and four showers for it. */
struct model {
    struct vae v;
    struct rbm m;
    int V, K;
    float *u;
    double E[NETWORK_ROWS];
    int64_t item[NETWORK_ROWS];
    struct vae_batch batch;
};

static const int network_nodes[NETWORK_PARTITIONS] = { 57, 10, 9, 8 };

/* Showers whose energy falls off from the middle, one in three voxels hit. */
static inline void network_showers(struct model *x)
{
    struct rng r = rng_at(2, RNG_TEST, 0, 0);
    int V = x->V;

    x->u = mem_take((int64_t)NETWORK_ROWS * V, sizeof *x->u);
    for (int b = 0; b < NETWORK_ROWS; b++) {
        x->E[b] = 2000.0 * pow(8.0, b);
        x->item[b] = 10 + b;
        for (int i = 0; i < V; i++) {
            int z = 45 * i / V, ring = i % 9;
            float size = 8.0f - 0.2f * fabsf((float)z - 15.0f) - 0.5f * (float)ring;
            x->u[b * V + i] = rng_float(&r) < 0.67f || size < 0.5f ? 0.0f : size;
        }
    }
}

static inline void network_build(struct model *x, const struct network *n)
{
    struct yaml *tree = network_tree(n->name, n->full ? 1.0 : 0.125);
    struct err e = { "" };
    struct topology T = { 0 };
    struct vae_sizes s = { n->voxels, n->partitions, network_nodes, NETWORK_ROWS, ENERGYCODE_CALOQ,
                           0,         NULL };

    dnn_init(1);
    *x = (struct model){ .V = n->voxels, .K = n->partitions };
    if (vae_init(&x->v, tree, n->name, &s, 5, &e)) print_error("%s\n", e.text);
    assert_false(err_is(&e));
    yaml_drop(tree);
    assert_int_equal(topology_complete(&T, x->K, network_nodes, &e), 0);
    rbm_init(&x->m, &T, 0);
    rbm_random(&x->m, 0.1, 4);
    network_showers(x);
    x->batch =
        (struct vae_batch){ .B = NETWORK_ROWS, .u = x->u, .E = x->E, .item = x->item, .step = 1 };
}

static inline void network_drop(struct model *x)
{
    vae_free(&x->v);
    rbm_free(&x->m);
    mem_free(x->u);
}

#endif
