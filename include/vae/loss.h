/*
 * loss.h - the terms of the objective, sums over showers.
 *
 *   ae        c sum_i (u_i - v_i)^2 e^{w u_i}
 *   hit       sum_i BCE(h_i, 1[u_i > 0])
 *   entropy   E_q ln q: sum_j zeta_j l_j - softplus(l_j) on the relaxed sample (gradient through l
 *             and zeta), or exactly, sum_j sigma(l_j) l_j - softplus(l_j)
 *   positive  E(z): energy of the RBM, partition 0 detached (rbm_relaxed)
 *   negative  - E(chains): a number from the caller, no gradient
 *   spread    1/2 sum_{u_i > 0} (r_i - 1)^2 / q_i + ln q_i,  r = (e^u - 1) / (e^v - 1), v detached
 *   logit     mean_j (l_j - f_j)^2, f_j the machine's field on unit j where all free units have
 *             their means sigma(l), detached: the residual of the stationarity condition (23)
 *   layer     sum_l (ln(1 + X_l) - ln(1 + Y_l))^2, X_l = sum e^u - 1 over the layer's voxels, Y_l
 *             the same of max(v, 0) under the true mask: energies of layers
 *
 * v = LeakyReLU(a) 1[u > 0] (teacher-forced mask), or without it v = LeakyReLU(a) sigma(60 (h +
 * n)), n logistic noise. With w = 1/2 the minimum over log-normal voxels is ln of their mean
 * energy, not of their median: total energies come out unbiased.
 *
 * u is a logarithm of the voxel's energy x (e^u - 1 ~ x), so r is the energy over the decoder's
 * expectation, and the minimum of spread is q = the variance of r: a hit's fluctuation that the
 * bits do not explain. It teaches an output of its own (an extension: decoders without it lack this
 * noise) and leaves the five terms of the reference alone.
 */
#ifndef VAE_LOSS_H
#define VAE_LOSS_H

#include <stdint.h>

enum loss_term {
    LOSS_AE,
    LOSS_HIT,
    LOSS_ENTROPY,
    LOSS_POSITIVE,
    LOSS_NEGATIVE,
    LOSS_SPREAD,
    LOSS_LOGIT,
    LOSS_LAYER,
    LOSS_TERMS
};

struct loss_options {
    double weight[LOSS_TERMS]; /* 1 each; logit and layer: 0, and then they are not worked out */
    double c, w;               /* .01, .5 */
    int mask;                  /* teacher-forced true mask, else the smooth one */
    const int *layer_of;       /* [V] ascending, for the term layer; borrowed */
    int exact_entropy;         /* of the Bernoulli variables instead of the sampled one */
};

struct loss_options loss_default(void);

/* "ae", "hit", "entropy", "positive", "negative", "spread", "logit_distance", "layer_energy". */
const char *loss_name(int term);

/* Sums over B rows of ae and hit; gradients of the weighted sum are written to da and dh (may be
 * NULL together: no gradients). slope: of the LeakyReLU. noise [B, V] is read when mask = 0. */
void loss_showers(double sum[LOSS_TERMS], float *da, float *dh, const float *u, const float *a,
                  const float *h, const float *noise, int B, int V, double slope,
                  const struct loss_options *o);

/* Sum over B rows of spread; s [B, V] holds ln q (kept within -8 .. 2 here and in generation); the
 * weighted gradient is written to ds (may be NULL). */
void loss_spread(double sum[LOSS_TERMS], float *ds, const float *u, const float *a, const float *s,
                 int B, int V, const struct loss_options *o);

/* The relative variance that a number s of the spread output stands for. */
float loss_variance(float s);

/* Sum over B rows of layer; the weighted gradient is added to da [B, V] (may be NULL). */
void loss_layers(double sum[LOSS_TERMS], float *da, const float *u, const float *a, int B, int V,
                 const struct loss_options *o);

/* Sum over B rows of logit; slope [B, L] holds dE/dz = -f at the means; the weighted gradient is
 * added to dlogit [B, F] (may be NULL). */
void loss_logit(double sum[LOSS_TERMS], float *dlogit, const float *logit, const float *slope,
                int B, int F, int L, const struct loss_options *o);

/* Sum over B rows of the entropy; weighted gradients are added to dlogit [B, F] and to the free
 * part of dz [B, L] (may be NULL together). z [B, L], partition 0 = the first L - F. */
void loss_entropy(double sum[LOSS_TERMS], float *dlogit, float *dz, const float *logit,
                  const float *z, int B, int F, int L, const struct loss_options *o);

#endif
