#include "vae/latent.h"

#include "base/rng.h"
#include "num/vec.h"

void latent_noise(float *noise, int n, uint64_t seed, int stream, int64_t item, int64_t step)
{
    struct rng r = rng_at(seed, (enum rng_stream)stream, item, step);

    for (int i = 0; i < n; i++) noise[i] = rng_float(&r) + 0x1p-25f; /* in (0, 1) */
    for (int i = 0; i < n; i++) noise[i] = vec_log(noise[i]) - vec_log(1.0f - noise[i]);
}

/* The bit is l + noise > 0, which is zeta > 1/2 for any beta. */
void latent_forward(float *z, float *zeta, const float *logit, const float *noise, int64_t n,
                    double beta, enum latent_mode mode)
{
    float scale = (float)beta;

    for (int64_t i = 0; i < n; i++) zeta[i] = vec_sigmoid(scale * (logit[i] + noise[i]));
    if (mode == LATENT_RELAXED)
        for (int64_t i = 0; i < n; i++) z[i] = zeta[i];
    else
        for (int64_t i = 0; i < n; i++) z[i] = logit[i] + noise[i] > 0.0f ? 1.0f : 0.0f;
}

void latent_backward(float *dlogit, const float *dz, const float *zeta, int64_t n, double beta,
                     enum latent_mode mode)
{
    float scale = (float)beta;

    if (mode == LATENT_BITS) return;
    for (int64_t i = 0; i < n; i++) dlogit[i] += scale * dz[i] * zeta[i] * (1.0f - zeta[i]);
}

double latent_ramp(double first, double last, int64_t step, int64_t steps)
{
    if (steps <= 0 || step >= steps) return last;
    return first + (last - first) * (double)step / (double)steps;
}
