#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "nn/average.h"

#include <math.h>
#include <string.h>

enum { N = 37, STEPS = 400 };

static const double decays[] = { 0.5, 0.9, 0.999 };

/* The weight of the parameters of step k in the average after n steps, from the definition. */
static double weight_of(double decay, int k, int n)
{
    double w = 1.0;

    for (int i = n; i > k; i--) w *= fmin(decay, (1.0 + i) / (10.0 + i));
    return k > 0 ? w * (1.0 - fmin(decay, (1.0 + k) / (10.0 + k))) : w;
}

/* Against the sum over all steps, in double. An update rounds to 2^-24 of numbers below 2; with
 * weights that add up to 1 / (1 - decay) at most 1e3 such roundings survive: 1e3 * 2^-23 = 1.2e-4.
 */
static void it_is_the_weighted_mean_of_all_steps(void **state)
{
    float *p = mem_take((int64_t)(STEPS + 1) * N, sizeof *p);
    struct rng r = rng_at(4, RNG_TEST, 0, 0);

    (void)state;
    for (int i = 0; i < (STEPS + 1) * N; i++) p[i] = 2.0f * rng_float(&r) - 1.0f;
    for (int d = 0; d < 3; d++) {
        struct average a;
        average_init(&a, decays[d], N);
        average_start(&a, p);
        for (int k = 1; k <= STEPS; k++) average_step(&a, p + k * N);
        for (int i = 0; i < N; i++) {
            double sum = 0.0;
            for (int k = 0; k <= STEPS; k++)
                sum += weight_of(decays[d], k, STEPS) * (double)p[k * N + i];
            assert_near((double)a.x[i], sum, 1.2e-4);
        }
        assert_int_equal(a.step, STEPS);
        average_free(&a);
    }
    mem_free(p);
}

static void what_stands_still_stays_to_the_bit(void **state)
{
    float p[N], *now = p;
    struct average a;

    (void)state;
    for (int i = 0; i < N; i++) p[i] = 1.0f / (float)(i + 3);
    average_init(&a, 0.99, N);
    average_start(&a, p);
    for (int k = 0; k < STEPS; k++) average_step(&a, p);
    float *mine = a.x;
    assert_memory_equal(a.x, p, sizeof p);
    average_swap(&a, &now);
    assert_ptr_equal(now, mine);
    average_swap(&a, &now);
    assert_ptr_equal(now, p);
    average_free(&a);
}

static void without_a_decay_nothing_is_kept(void **state)
{
    float p[N] = { 1.0f }, *now = p;
    struct average a;

    (void)state;
    average_init(&a, 0.0, N);
    average_start(&a, p);
    average_step(&a, p);
    average_swap(&a, &now);
    assert_ptr_equal(now, p);
    assert_int_equal(a.n, 0);
    average_free(&a);
}

TEST_MAIN(cmocka_unit_test(it_is_the_weighted_mean_of_all_steps),
          cmocka_unit_test(what_stands_still_stays_to_the_bit),
          cmocka_unit_test(without_a_decay_nothing_is_kept))
