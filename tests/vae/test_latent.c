#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "vae/latent.h"

#include <math.h>
#include <string.h>

enum { DRAWS = 40000, UNITS = 5 };

static const float logits[UNITS] = { -3.0f, -0.5f, 0.0f, 1.0f, 4.0f };

/* Frequencies of DRAWS Bernoulli draws: 5 sigma. The same for any beta. */
static void a_bit_is_one_with_probability_sigmoid_of_its_logit(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        int count[UNITS] = { 0 };
        for (int64_t item = 0; item < DRAWS; item++) {
            float noise[UNITS], z[UNITS], zeta[UNITS];
            latent_noise(noise, UNITS, 11, RNG_GUMBEL, item, 3);
            latent_forward(z, zeta, logits, noise, UNITS, k == 0 ? 1.0 : 40.0, LATENT_BITS);
            for (int i = 0; i < UNITS; i++) {
                assert_true(z[i] == (zeta[i] > 0.5f ? 1.0f : 0.0f));
                count[i] += z[i] > 0.5f;
            }
        }
        for (int i = 0; i < UNITS; i++) {
            double p = 1.0 / (1.0 + exp(-(double)logits[i]));
            assert_near((double)count[i] / DRAWS, p, 5.0 * sqrt(p * (1.0 - p) / DRAWS));
        }
    }
}

/* At beta 1 and logit l, zeta / (1 - zeta) = e^l r / (1 - r): the mean of zeta is the integral of
 * e^l r / (e^l r + 1 - r) over r, here by Simpson's rule. (0.79 at logit 2, not sigma(2) = 0.88.)
 */
static void the_mean_of_a_relaxed_bit_is_the_integral_over_its_noise(void **state)
{
    (void)state;
    for (int i = 0; i < UNITS; i++) {
        double a = exp((double)logits[i]), sum = 0.0, square = 0.0, want = 0.0;
        for (int k = 0; k <= 2000; k++) {
            double r = k / 2000.0, w = k == 0 || k == 2000 ? 1.0 : k % 2 ? 4.0 : 2.0;
            want += w * a * r / (a * r + 1.0 - r) / 6000.0;
        }
        for (int64_t item = 0; item < DRAWS; item++) {
            float noise[UNITS], z[UNITS], zeta[UNITS];
            latent_noise(noise, UNITS, 12, RNG_GUMBEL, item, 0);
            latent_forward(z, zeta, logits, noise, UNITS, 1.0, LATENT_RELAXED);
            assert_true(z[i] == zeta[i]);
            sum += (double)z[i];
            square += (double)z[i] * (double)z[i];
        }
        double mean = sum / DRAWS, var = square / DRAWS - mean * mean;
        assert_near(mean, want, 5.0 * sqrt(var / DRAWS));
    }
}

static void noise_is_a_function_of_seed_item_step_and_unit(void **state)
{
    (void)state;
    float a[8], b[8], other[8];

    latent_noise(a, 8, 1, RNG_GUMBEL, 5, 9);
    latent_noise(b, 3, 1, RNG_GUMBEL, 5, 9);
    assert_memory_equal(a, b, 3 * sizeof(float));
    for (int k = 0; k < 4; k++) {
        latent_noise(other, 8, 1 + (k == 0), k == 1 ? RNG_HIT : RNG_GUMBEL, 5 + (k == 2),
                     9 + (k == 3));
        for (int i = 0; i < 8; i++) assert_true(a[i] != other[i]);
    }
}

/* d zeta / d l = beta zeta (1 - zeta), against a quotient of the formula in double. */
static void backward_is_the_derivative_in_relaxed_and_straight_mode(void **state)
{
    (void)state;
    const enum latent_mode modes[] = { LATENT_RELAXED, LATENT_STRAIGHT, LATENT_BITS };
    const double beta = 2.5, h = 1e-4;

    for (int m = 0; m < 3; m++) {
        float noise[UNITS], z[UNITS], zeta[UNITS], dz[UNITS], dl[UNITS];
        latent_noise(noise, UNITS, 1, RNG_GUMBEL, 1, 1);
        latent_forward(z, zeta, logits, noise, UNITS, beta, modes[m]);
        for (int i = 0; i < UNITS; i++) {
            dz[i] = (float)(i + 1);
            dl[i] = 10.0f;
        }
        latent_backward(dl, dz, zeta, UNITS, beta, modes[m]);
        for (int i = 0; i < UNITS; i++) {
            double x = (double)logits[i] + (double)noise[i];
            double up = 1.0 / (1.0 + exp(-beta * (x + h))),
                   down = 1.0 / (1.0 + exp(-beta * (x - h)));
            double want = m == 2 ? 0.0 : (i + 1) * (up - down) / (2.0 * h);
            /* truncation h^2 beta^3 / 6, float rounding of the sum with 10 */
            assert_near((double)dl[i] - 10.0, want, 1e-5);
            if (modes[m] != LATENT_RELAXED) assert_true(z[i] == 0.0f || z[i] == 1.0f);
        }
    }
}

static void a_ramp_goes_from_first_to_last_and_stays(void **state)
{
    (void)state;
    assert_near(latent_ramp(1.0, 100.0, 0, 10), 1.0, 0.0);
    assert_near(latent_ramp(1.0, 100.0, 5, 10), 50.5, 1e-12);
    assert_near(latent_ramp(1.0, 100.0, 10, 10), 100.0, 0.0);
    assert_near(latent_ramp(1.0, 100.0, 99, 10), 100.0, 0.0);
    assert_near(latent_ramp(1.0, 100.0, 0, 0), 100.0, 0.0);
}

TEST_MAIN(cmocka_unit_test(a_bit_is_one_with_probability_sigmoid_of_its_logit),
          cmocka_unit_test(the_mean_of_a_relaxed_bit_is_the_integral_over_its_noise),
          cmocka_unit_test(noise_is_a_function_of_seed_item_step_and_unit),
          cmocka_unit_test(backward_is_the_derivative_in_relaxed_and_straight_mode),
          cmocka_unit_test(a_ramp_goes_from_first_to_last_and_stays))
