/*
 * vae.h - the model: encoder, relaxed bits, decoder, losses, as one struct.
 *
 * One flat buffer of parameters, one of gradients, one table of names: "encoder/0/3/weight",
 * "decoder/5/bias". An architecture file is a mapping:
 *   encoder: [layers]      see vae/encoder.h
 *   decoder: [layers]      see vae/decoder.h
 *   blocks: {name: [layers]}                lists that both may use, see nn/graph.h
 *   energy: {low: 6, high: 14, scale: 1}    t(E) = (ln E - low) / (high - low) scale, E in MeV
 *   levels: 3                               of the encoder; default: partitions - 1
 *   width: 0.125                            channels given as numbers, times this; default: 1
 * Named sizes for its layers: see vae/site.h.
 *
 * Whatever is random is a function of (seed, global number of the shower, step): the same on any
 * number of ranks, and at any place of a batch up to the rounding of matrix products.
 */
#ifndef VAE_VAE_H
#define VAE_VAE_H

#include "rbm/rbm.h"
#include "vae/conditions.h"
#include "vae/decoder.h"
#include "vae/encoder.h"
#include "vae/energycode.h"
#include "vae/loss.h"

struct vae_sizes {
    int voxels;       /* V */
    int partitions;   /* K: partition 0 is the energy code, K - 1 levels */
    const int *nodes; /* [K]; copied */
    int batch;        /* most rows of a call */
    enum energycode code;
    int others;                           /* numbers of the condition beside the energy */
    const struct conditions_range *other; /* [others]; copied */
};

struct vae;
struct vae_batch;

/* One more loss of what the decoder makes: adds its gradient by the activations to da [B, V]. */
struct vae_extra {
    void (*add)(void *ctx, const struct vae *v, const struct vae_batch *b, float *da);
    void *ctx; /* borrowed */
};

struct vae {
    int V, L, F, K, batch; /* voxels, all bits, free bits, partitions, most rows */
    int *nodes;            /* [K]; owned */
    enum energycode code;  /* of partition 0 */
    struct conditions condition;
    uint64_t seed;
    struct tensors T;
    float *params, *grad; /* [T.total]; owned, grad unless vae_gradient */
    int lent;             /* grad is borrowed */
    struct encoder encoder;
    struct decoder decoder;
    struct encoder_rows rows; /* the buffers below, as the encoder wants them */
    float *t, *z, *dz, *zeta, *logit, *dlogit, *noise; /* owned */
    float *c;                                          /* [batch, 1 + others], or NULL; owned */
    float *hit_noise;                                  /* [batch, V]; owned */
    float *mean;                                       /* [batch, L]: means of bits; owned */
    double *energy;                                    /* [batch] of the RBM; owned */
    float *field;                                      /* [batch, L]: its gradient; owned */
    int B;                                             /* rows of the last forward */
    enum latent_mode mode;                             /* of the last forward */
    int frozen;                                        /* the encoder */
    double beta, slope;
    struct vae_extra extra; /* called by losses with backward; add NULL: none, as at first */
};

/* Rows that go through the model. */
struct vae_batch {
    int B;
    const float *u;      /* [B, V] network units */
    const double *E;     /* [B] MeV, 1 MeV .. 10 TeV */
    const int64_t *item; /* [B] global numbers */
    int64_t step;        /* noise of (item, step) */
    const double *other; /* [B, others] of the condition, within their ranges; NULL for none */
};

/* Means over the training data that start the network near it (all [V]). */
struct vae_data {
    const float *mean, *deviation; /* of u, zeros included */
    const float *occupancy;        /* P(u > 0) */
    const float *hit_mean;         /* of u where u > 0 */
};

/* `tree` is the architecture (borrowed during the call); `file` names it in sentences. Weights
 * start from (seed, tensor name). */
int vae_init(struct vae *v, const struct yaml *tree, const char *file, const struct vae_sizes *s,
             uint64_t seed, struct err *e);
void vae_free(struct vae *v); /* accepts { 0 } */

/* Sums over ranks for layers that need them (batch norms): forward other than by LATENT_BITS, and
 * losses with backward, are then collective. Before that call each rank is alone. */
void vae_reducer(struct vae *v, const struct reducer *r);

/* Products of the networks in bfloat16 from now on: see graph_half. */
void vae_half(struct vae *v);

/* Gradients go to grad [T.total] from now on, borrowed, in place of memory of its own. */
void vae_gradient(struct vae *v, float *grad);

/* What backward tells of gradients that are ready; borrowed. */
void vae_buckets(struct vae *v, struct buckets *b);

/* A frozen network's batch norms keep their moving averages, and a frozen encoder gets no
 * gradients. As at first: neither is. */
void vae_freeze(struct vae *v, int encoder, int decoder);

/* Start from the data: layers with `data: showers` (normalise), `data: hits` and `data:
 * activations` (the decoder's last biases). Before the first step. */
void vae_start(struct vae *v, const struct vae_data *d);

/* Encoder, bits, decoder. beta: of the relaxation (mode BITS: no effect); slope: of the output. */
void vae_forward(struct vae *v, const struct vae_batch *b, enum latent_mode mode, double beta,
                 double slope);

/* Losses of the last forward, added to sum[] (sums over its rows); with backward != 0 also their
 * gradients, added to grad. m may be NULL (no prior: positive and negative energy are 0); negative:
 * minus the mean energy of the chains, times the rows it stands for is added. */
void vae_losses(struct vae *v, const struct vae_batch *b, const struct rbm *m, double negative,
                const struct loss_options *o, int backward, double sum[LOSS_TERMS]);

/* Bits [B, L] (0.0f or 1.0f; may be v->z) and logits [B, F] (may be NULL), a draw of q(z | u). */
void vae_encode(struct vae *v, const struct vae_batch *b, float *bits, float *logits);

/* Showers u [B, V] from bits [B, L] at energies E: hit masks drawn with (seed, RNG_HIT, item,
 * step), activations through ReLU. When the decoder has the output `spread`, the energy of each
 * hit, e^u - 1, is multiplied by a gamma variate of mean 1 and the learned variance (RNG_NOISE).
 * b's u is not read.
 */
void vae_decode(struct vae *v, const struct vae_batch *b, const float *bits, float *u);

/* Bits of the condition, [B, n_0], from E. */
void vae_condition(const struct vae *v, int B, const double *E, float *bits, int stride);

/* Layers of all networks, counted through encoder levels and decoder; the first one whose value was
 * not finite in the last forward (-1: none); its name, "encoder level 1, layer 3 (...)". */
int vae_layers(const struct vae *v);
int vae_bad_layer(const struct vae *v);
void vae_layer_name(const struct vae *v, int layer, char *text, size_t n);

/* Bytes of values, gradients and buffers for so many rows (parameters and scratch left out). */
int64_t vae_bytes(const struct vae *v, int batch);

/* Multiplications and additions in the products of one shower: a training step, its way forward,
 * or generation. */
double vae_flops_training(const struct vae *v);
double vae_flops_forward(const struct vae *v);
double vae_flops_decoder(const struct vae *v);

#endif
