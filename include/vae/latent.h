/*
 * latent.h - bits that can be differentiated: the Gumbel (binary concrete) relaxation.
 *
 *   zeta = sigma(beta (l + ln r - ln(1 - r))),   r uniform in (0, 1)
 *
 * (Maddison, Mnih and Teh 2017; Jang, Gu and Poole 2017.) The bit is zeta > 1/2, exactly a
 * Bernoulli variable of probability sigma(l) for any beta. The noise is a function of (seed,
 * RNG_GUMBEL, global number of the shower, step), unit after unit: it knows no ranks.
 */
#ifndef VAE_LATENT_H
#define VAE_LATENT_H

#include <stdint.h>

enum latent_mode {
    LATENT_RELAXED,  /* z = zeta */
    LATENT_STRAIGHT, /* z = bit forward, gradient of zeta backward (straight-through) */
    LATENT_BITS      /* z = bit, no gradient: evaluation */
};

enum { LATENT_CLAMP = 88 }; /* logits are clamped to +-88 before anything else */

/* Logistic noise of one shower, [n]. `stream` is an enum rng_stream. */
void latent_noise(float *noise, int n, uint64_t seed, int stream, int64_t item, int64_t step);

/* z [n] from clamped logits [n]; zeta [n] keeps the relaxed value for backward. */
void latent_forward(float *z, float *zeta, const float *logit, const float *noise, int64_t n,
                    double beta, enum latent_mode mode);

/* dlogit += dz beta zeta (1 - zeta); nothing in mode LATENT_BITS. */
void latent_backward(float *dlogit, const float *dz, const float *zeta, int64_t n, double beta,
                     enum latent_mode mode);

/* A value that goes linearly from `first` at step 0 to `last` at `steps` and stays there: beta 1 to
 * 100, the slope of the output's LeakyReLU .05 to 0. */
double latent_ramp(double first, double last, int64_t step, int64_t steps);

#endif
