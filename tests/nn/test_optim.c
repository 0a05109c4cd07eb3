#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "nn/optim.h"

#include <math.h>
#include <string.h>

enum { STEPS = 60 };

static struct tensors table(void)
{
    struct tensors T = { 0 };

    tensors_add(&T, "encoder/0/weight", 2, (int64_t[]){ 5, 7 });
    tensors_add(&T, "encoder/0/bias", 1, (int64_t[]){ 5 });
    tensors_add(&T, "decoder/0/weight", 2, (int64_t[]){ 3, 9 });
    return T;
}

static void fill(const struct tensors *T, float *x, int64_t item)
{
    struct rng r = rng_at(8, RNG_TEST, item, 0);

    for (int t = 0; t < T->n; t++)
        for (int64_t i = 0; i < T->t[t].count; i++)
            x[T->t[t].first + i] = 2.0f * rng_float(&r) - 1.0f;
}

/* One parameter by the textbook, in double; m, v: its moments. */
static double by_hand(double x, double g, double *m, double *v, int t, double rate, int matrix,
                      const struct optim_options *o)
{
    double decay = matrix ? o->decay : 0.0;

    if (o->kind == OPTIM_ADAMW)
        x -= rate * decay * x;
    else
        g += decay * x;
    if (o->kind == OPTIM_SGD) return x - rate * g;
    if (o->kind == OPTIM_MOMENTUM) {
        *m = o->momentum * *m + g;
        return x - rate * *m;
    }
    *m = o->beta1 * *m + (1.0 - o->beta1) * g;
    *v = o->beta2 * *v + (1.0 - o->beta2) * g * g;
    double mean = *m / (1.0 - pow(o->beta1, t)), square = *v / (1.0 - pow(o->beta2, t));
    return x - rate * mean / (sqrt(square) + o->epsilon);
}

/* STEPS steps with float moments: relative 2^-24 each, so 60 * 6e-8 of what was moved, and as much
 * of the parameter itself; 2e-5 in all. */
static void updates_are_those_of_the_papers(void **state)
{
    (void)state;
    struct tensors T = table();

    for (int k = 0; k < 8; k++) {
        struct optim_options o = optim_default();
        struct optim p;
        float *x = mem_take(T.total, sizeof *x), *g = mem_take(T.total, sizeof *g);
        double *y = mem_take(3 * T.total, sizeof *y), *m = y + T.total, *v = m + T.total;
        o.kind = (enum optim_kind)(k / 2);
        o.rate = 0.02;
        o.decay = k % 2 ? 0.1 : 0.0;
        optim_init(&p, &o, &T);
        fill(&T, x, 0);
        for (int64_t i = 0; i < T.total; i++) y[i] = (double)x[i];
        for (int t = 1; t <= STEPS; t++) {
            fill(&T, g, t);
            assert_near(optim_rate(&p), 0.02, 0.0);
            optim_step(&p, x, g, 0.25);
            for (int j = 0; j < T.n; j++)
                for (int64_t i = T.t[j].first; i < T.t[j].first + T.t[j].count; i++)
                    y[i] = by_hand(y[i], 0.25 * (double)g[i], &m[i], &v[i], t, 0.02,
                                   T.t[j].dims > 1, &o);
        }
        assert_int_equal(p.step, STEPS);
        for (int64_t i = 0; i < T.total; i++) assert_near((double)x[i], y[i], 2e-5);
        optim_free(&p);
        mem_free(x);
        mem_free(g);
        mem_free(y);
    }
    tensors_free(&T);
}

static void a_gradient_above_the_limit_is_scaled_to_it(void **state)
{
    (void)state;
    struct tensors T = table();
    struct optim_options o = optim_default();
    struct optim p;
    float *x = mem_take(T.total, sizeof *x), *g = mem_take(T.total, sizeof *g);
    double square = 0.0, moved = 0.0;

    o.kind = OPTIM_SGD;
    o.rate = 1.0;
    o.clip = 0.5;
    optim_init(&p, &o, &T);
    fill(&T, g, 1);
    for (int64_t i = 0; i < T.total; i++) square += (double)g[i] * (double)g[i];
    assert_near(optim_step(&p, x, g, 2.0), 2.0 * sqrt(square), 1e-6 * sqrt(square));
    for (int64_t i = 0; i < T.total; i++) moved += (double)x[i] * (double)x[i];
    assert_near(sqrt(moved), 0.5, 1e-6);
    /* below the limit nothing is scaled */
    memset(x, 0, (size_t)T.total * sizeof *x);
    optim_step(&p, x, g, 0.01);
    for (int64_t i = 0; i < T.total; i++) assert_near((double)x[i], -0.01 * (double)g[i], 1e-9);
    optim_free(&p);
    mem_free(x);
    mem_free(g);
    tensors_free(&T);
}

static void frozen_tensors_and_zero_gradients_stay(void **state)
{
    (void)state;
    struct tensors T = table();

    for (int kind = 0; kind < 4; kind++) {
        struct optim_options o = optim_default();
        struct optim p;
        float *x = mem_take(T.total, sizeof *x), *g = mem_take(T.total, sizeof *g);
        float *old = mem_take(T.total, sizeof *old);
        o.kind = (enum optim_kind)kind;
        optim_init(&p, &o, &T);
        assert_int_equal(optim_freeze(&p, "encoder/", 1), 2);
        assert_int_equal(optim_freeze(&p, "nothing", 1), 0);
        fill(&T, x, 0);
        fill(&T, g, 1);
        g[T.t[2].first] = 0.0f;
        memcpy(old, x, (size_t)T.total * sizeof *x);
        for (int t = 0; t < 3; t++) optim_step(&p, x, g, 1.0);
        for (int64_t i = 0; i < T.t[2].first + 1; i++) assert_true(x[i] == old[i]);
        assert_true(x[T.t[2].first + 1] != old[T.t[2].first + 1]);
        assert_int_equal(optim_freeze(&p, "encoder/0/b", 0), 1);
        optim_step(&p, x, g, 1.0);
        assert_true(x[T.t[1].first] != old[T.t[1].first]);
        optim_free(&p);
        mem_free(x);
        mem_free(g);
        mem_free(old);
    }
    tensors_free(&T);
}

static void a_gradient_that_is_not_finite_changes_nothing(void **state)
{
    (void)state;
    struct tensors T = table();
    struct optim_options o = optim_default();
    struct optim p;
    float *x = mem_take(T.total, sizeof *x), *g = mem_take(T.total, sizeof *g);

    optim_init(&p, &o, &T);
    g[3] = NAN;
    double norm = optim_step(&p, x, g, 1.0);
    assert_true(norm != norm); /* NaN */
    assert_int_equal(p.step, 0);
    for (int64_t i = 0; i < T.total; i++) assert_true(x[i] == 0.0f);
    optim_free(&p);
    mem_free(x);
    mem_free(g);
    tensors_free(&T);
}

static double rate_at(struct optim_options o, int64_t step)
{
    struct tensors T = table();
    struct optim p;

    optim_init(&p, &o, &T);
    p.step = step;
    double rate = optim_rate(&p);
    optim_free(&p);
    tensors_free(&T);
    return rate;
}

static void schedules_pass_through_the_points_that_define_them(void **state)
{
    (void)state;
    struct optim_options o = optim_default();

    o.rate = 2.0;
    o.warmup = 10;
    assert_near(rate_at(o, 0), 0.2, 1e-12);
    assert_near(rate_at(o, 4), 1.0, 1e-12);
    assert_near(rate_at(o, 9), 2.0, 1e-12);
    assert_near(rate_at(o, 1000), 2.0, 0.0);

    o.schedule = OPTIM_COSINE;
    o.steps = 110;
    o.factor = 0.1;
    assert_near(rate_at(o, 4), 1.0, 1e-12);
    assert_near(rate_at(o, 10), 2.0, 1e-12);
    assert_near(rate_at(o, 60), 1.1, 1e-12);
    assert_near(rate_at(o, 110), 0.2, 1e-12);
    assert_near(rate_at(o, 500), 0.2, 1e-12);

    o.schedule = OPTIM_STEP;
    o.warmup = 0;
    o.steps = 50;
    assert_near(rate_at(o, 49), 2.0, 1e-12);
    assert_near(rate_at(o, 50), 0.2, 1e-12);
    assert_near(rate_at(o, 149), 0.02, 1e-12);
}

TEST_MAIN(cmocka_unit_test(updates_are_those_of_the_papers),
          cmocka_unit_test(a_gradient_above_the_limit_is_scaled_to_it),
          cmocka_unit_test(frozen_tensors_and_zero_gradients_stay),
          cmocka_unit_test(a_gradient_that_is_not_finite_changes_nothing),
          cmocka_unit_test(schedules_pass_through_the_points_that_define_them))
