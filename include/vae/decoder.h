/*
 * decoder.h - bits and energy to voxels: one graph with two outputs.
 *
 * The architecture's `decoder` list has inputs `bits` (all partitions), `energy`, `conditions` (the
 * whole vector, vae/conditions.h) and outputs named
 * `hits` (logits) and `activations`, each of `voxels` units. A third output named `spread` may be
 * there: ln q, the relative variance of a hit's energy that the bits do not explain.
 */
#ifndef VAE_DECODER_H
#define VAE_DECODER_H

#include "vae/site.h"

struct decoder {
    struct graph net;
};

/* `units`: bits of all partitions. */
int decoder_init(struct decoder *d, const struct yaml *list, int units, const struct site *site,
                 struct err *e);
void decoder_free(struct decoder *d); /* accepts { 0 } */

/* Does a layer read the whole condition? */
int decoder_reads_conditions(const struct decoder *d);

/* z [B, L], t [B, 1], c [B, conditions]; dz [B, L] gets gradients added by backward, may be NULL
 * when there is none.
 */
void decoder_forward(struct decoder *d, const float *z, const float *t, const float *c, float *dz,
                     const float *params, int B, int training);

const float *decoder_hits(const struct decoder *d);        /* [B, V] logits */
const float *decoder_activations(const struct decoder *d); /* [B, V] */
float *decoder_hits_gradient(const struct decoder *d);
float *decoder_activations_gradient(const struct decoder *d);

/* [B, V], NULL when the architecture has no such output. */
const float *decoder_spread(const struct decoder *d);
float *decoder_spread_gradient(const struct decoder *d);

void decoder_backward(struct decoder *d, const float *params, float *grad, int B);

#endif
