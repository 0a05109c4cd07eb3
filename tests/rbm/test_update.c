/* Updates against the formulas of their papers. */
#include "test.h"

#include "rbm/small.h"
#include "rbm/update.h"

static const int SIZE[4] = { 3, 3, 3, 3 };

static void updates_are_those_of_the_papers(void **state)
{
    (void)state;
    struct rbm m;
    struct update u;
    float g[256] = { 0 };
    double p = 0.0, v = 0.0, s = 0.0;

    small_machine(&m, 4, SIZE, -1, 1.0, 45);
    int64_t at = m.weight - m.param + 5;
    for (enum update_kind kind = UPDATE_SGD; kind <= UPDATE_ADAM; kind++) {
        update_init(&u, kind, &m);
        u.decay = 0.1;
        p = (double)m.param[at];
        v = s = 0.0;
        for (int t = 1; t <= 4; t++) {
            double move, slope = 0.5 * t - 1.2;
            g[at] = (float)slope;
            assert_near(update_step(&u, &m, g), fabs(slope), 1e-6);
            v = kind == UPDATE_ADAM ? 0.9 * v + 0.1 * slope : 0.9 * v + slope;
            s = 0.999 * s + 0.001 * slope * slope;
            move = kind == UPDATE_SGD ? slope : v;
            if (kind == UPDATE_ADAM)
                move = v / (1 - pow(0.9, t)) / (sqrt(s / (1 - pow(0.999, t))) + 1e-8);
            p += 0.01 * (move - 0.1 * p);
            assert_near((double)m.param[at], p, 2e-6); /* floats of size one */
            assert_true(m.near_weight[m.near_first[0] + 5] == m.weight[5]);
        }
        update_free(&u);
    }
    rbm_free(&m);
}

static void rates_follow_their_schedules(void **state)
{
    (void)state;
    struct update u = { .rate = 4.0, .share = 0.5, .factor = 0.1, .steps = 11, .every = 3 };

    for (u.step = 0; u.step < 11; u.step++) {
        u.schedule = UPDATE_CONSTANT;
        assert_near(update_rate(&u), 2.0, 0.0);
        u.schedule = UPDATE_COSINE;
        assert_near(update_rate(&u),
                    0.2 + 0.9 * (1.0 + cos(3.14159265358979 * (double)u.step / 10)), 1e-12);
        u.schedule = UPDATE_STEPPED;
        assert_near(update_rate(&u),
                    u.step < 3   ? 2.0
                    : u.step < 6 ? 0.2
                    : u.step < 9 ? 0.02
                                 : 0.002,
                    1e-12);
    }
}

/* L1: towards 0 by rate * lasso, and no further; |w| <= most; biases are left alone. */
static void weights_shrink_and_stay_within_bounds(void **state)
{
    (void)state;
    struct rbm m;
    struct update u;
    const float g[256] = { 0 };

    small_machine(&m, 4, SIZE, -1, 0.0, 46);
    update_init(&u, UPDATE_SGD, &m);
    float bias = m.bias[0] = 7.0f;
    m.weight[0] = 1.0f;
    m.weight[1] = -0.04f;
    m.weight[2] = -1.0f;
    m.weight[3] = 0.25f;
    u.rate = 0.5;
    u.lasso = 0.2;
    u.most = 0.8;
    update_step(&u, &m, g);
    assert_near((double)m.weight[0], 0.8, 1e-7);
    assert_true(m.weight[1] == 0.0f);
    assert_near((double)m.weight[2], -0.8, 1e-7);
    assert_near((double)m.weight[3], 0.15, 1e-7);
    assert_true(m.bias[0] == bias);
    update_free(&u);
    rbm_free(&m);
}

static void steps_are_clipped_and_never_poisoned(void **state)
{
    (void)state;
    struct rbm m;
    struct update u;
    float g[256] = { 0 };

    small_machine(&m, 4, SIZE, -1, 1.0, 46);
    update_init(&u, UPDATE_SGD, &m);
    u.rate = 1.0;
    u.clip = 0.5;
    g[0] = 3.0f;
    g[1] = -4.0f;
    float was = m.bias[0];
    assert_near(update_step(&u, &m, g), 5.0, 1e-6);
    assert_near((double)(m.bias[0] - was), 0.3, 1e-6);
    was = m.bias[0];
    g[1] = NAN;
    assert_true(isnan(update_step(&u, &m, g)));
    assert_true(m.bias[0] == was && u.step == 1);
    update_free(&u);
    update_free(&u);
    rbm_free(&m);
}

TEST_MAIN(cmocka_unit_test(updates_are_those_of_the_papers),
          cmocka_unit_test(rates_follow_their_schedules),
          cmocka_unit_test(weights_shrink_and_stay_within_bounds),
          cmocka_unit_test(steps_are_clipped_and_never_poisoned))
