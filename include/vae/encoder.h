/*
 * encoder.h - the hierarchical posterior: one graph a level.
 *
 *   logits of level l = graph_l(u, t(E), all bits before),  l = 0 .. levels - 1
 *
 * z_0 is the energy code; level l draws partition l + 1 from its logits, the last level all
 * partitions that are left: `levels` is 1 to partitions - 1. Each level is its own copy of the
 * architecture's `encoder` list, with inputs `showers`, `energy`, `bits` (all partitions before),
 * `conditions` (the whole vector, vae/conditions.h) and an output named `logits` of `logits` units.
 * Sizes: vae/site.h.
 */
#ifndef VAE_ENCODER_H
#define VAE_ENCODER_H

#include "vae/latent.h"
#include "vae/site.h"

struct encoder {
    int levels;
    int units;           /* L: bits of a row of z, all partitions */
    int known;           /* n_0: bits of partition 0 */
    int *count;          /* [levels] units that a level draws; owned */
    struct graph *level; /* [levels]; owned */
    float *bits;         /* [batch, L]: what a level reads; owned */
    float *dbits;        /* [batch, L]; owned */
};

/* What a call works on; F = L - n_0 free units. All [B, ...], borrowed. */
struct encoder_rows {
    const float *u;     /* [B, V] */
    const float *t;     /* [B, 1] */
    const float *c;     /* [B, conditions] */
    const float *noise; /* [B, F] */
    float *z;           /* [B, L]: partition 0 is given, the rest is written */
    float *zeta;        /* [B, F] relaxed values */
    float *logit;       /* [B, F] clamped */
    float *dz;          /* [B, L]: d loss / d z from the decoder and the loss; added to */
    float *dlogit;      /* [B, F]: d loss / d logit from the loss; added to */
};

int encoder_init(struct encoder *n, const struct yaml *list, int levels, const struct site *site,
                 struct err *e);
/* Does a layer of some level read the whole condition? */
int encoder_reads_conditions(const struct encoder *n);

void encoder_free(struct encoder *n); /* accepts { 0 } */

void encoder_forward(struct encoder *n, const struct encoder_rows *r, const float *params, int B,
                     double beta, enum latent_mode mode);

/* After forward; dz and dlogit hold the loss's share and are used up. */
void encoder_backward(struct encoder *n, const struct encoder_rows *r, const float *params,
                      float *grad, int B, double beta, enum latent_mode mode);

#endif
