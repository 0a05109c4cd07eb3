/*
 * site.h - where the networks of a model are built: what encoder and decoder have in common.
 *
 * Named sizes for their layers: voxels, bits (what the network reads), logits (encoder: of this
 * level), conditions, partitions, and p0, p1, ... of the partitions.
 */
#ifndef VAE_SITE_H
#define VAE_SITE_H

#include "nn/graph.h"

enum { SITE_PARTITIONS = 64 };

struct site {
    const char *file;          /* for sentences; borrowed, as the rest */
    const struct yaml *blocks; /* of the architecture, or NULL */
    int voxels, partitions, batch;
    const int *nodes; /* [partitions] */
    struct tensors *T;
    int others;   /* numbers of the condition beside the energy */
    double width; /* of channels given as numbers; 0 means 1 */
};

struct site_sizes {
    struct layer_size size[SITE_PARTITIONS + 5];
    char name[SITE_PARTITIONS][4];
    int n;
};

/* The sizes of a network that reads so many bits and, an encoder's level, gives so many logits (0:
 * a decoder). */
void site_sizes(struct site_sizes *s, const struct site *site, int bits, int logits);

#endif
