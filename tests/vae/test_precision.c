#include "vae/networks.h"

#include "nn/optim.h"
#include "num/dnnhalf.h"

enum { STEPS = 50 };

static const char *const some[] = { "fcn-small", "cnn-flat-small", "cnn-hierarchy-small" };

static const struct network *named(const char *name)
{
    for (int i = 0; i < NETWORKS; i++)
        if (strcmp(networks[i].name, name) == 0) return &networks[i];
    return NULL;
}

/* The gradient and the loss per shower of a step. */
static double step(struct model *x)
{
    struct loss_options o = loss_default();
    double sum[LOSS_TERMS] = { 0.0 };

    o.weight[LOSS_POSITIVE] = o.weight[LOSS_SPREAD] = 0.0;
    memset(x->v.grad, 0, (size_t)x->v.T.total * sizeof *x->v.grad);
    vae_forward(&x->v, &x->batch, LATENT_RELAXED, 1.0, 0.05);
    vae_losses(&x->v, &x->batch, &x->m, 0.0, &o, 1, sum);
    return (sum[LOSS_AE] + sum[LOSS_HIT] + sum[LOSS_ENTROPY]) / NETWORK_ROWS;
}

/* Layers that multiply in bfloat16, in one way through all networks. */
static int products(const struct vae *v)
{
    int n = 0;

    for (int l = 0; l <= v->encoder.levels; l++) {
        const struct graph *g = l < v->encoder.levels ? &v->encoder.level[l] : &v->decoder.net;
        for (int i = 0; i < g->layers; i++)
            n += g->layer[i].kind == &layer_linear || g->layer[i].kind == &layer_conv3d ||
                 g->layer[i].kind == &layer_conv_transpose3d;
    }
    return n;
}

/*
 * A product rounds two operands, each by at most 2^-8 of itself: 2^-7.5 of the product in the mean
 * square, if the errors of the two are independent. On its way through L products and back a number
 * meets 2 L of them: sqrt(2 L) 2^-7.5 = sqrt(L) 2^-7. That is more than it is in the mean (the
 * error is spread over its range: / sqrt 3); what norms and activations make larger comes out of
 * that. And it must not be float32, of which 2^-23 sqrt(L) is typical. Networks are shared out to
 * ranks.
 */
static void gradients_are_those_of_float32_to_rounding(void **state)
{
    (void)state;
    if (!dnnhalf_here()) test_skip("this processor has no bfloat16 arithmetic");
    for (int k = test_par()->rank; k < 3; k += test_par()->size) {
        struct model x;
        double off = 0.0, size = 0.0;
        network_build(&x, named(some[k]));
        double full = step(&x);
        float *g = mem_take(x.v.T.total, sizeof *g);
        memcpy(g, x.v.grad, (size_t)x.v.T.total * sizeof *g);
        vae_half(&x.v);
        double half = step(&x), bound = sqrt((double)products(&x.v)) * 0x1p-7;
        for (int64_t i = 0; i < x.v.T.total; i++) {
            double d = (double)x.v.grad[i] - (double)g[i];
            off += d * d;
            size += (double)g[i] * (double)g[i];
        }
        print_message(
            "%s: %d products, gradient off by %.3g of itself, bound %.3g; loss %g and %g\n",
            some[k], products(&x.v), sqrt(off / size), bound, full, half);
        mem_free(g);
        network_drop(&x);
        assert_true(sqrt(off / size) < bound && sqrt(off / size) > 0x1p-16);
        assert_near(half, full, bound * full);
    }
}

static void learn(const char *name, int half, double loss[STEPS])
{
    struct optim_options how = optim_default();
    struct model x;
    struct optim p;

    how.rate = 3e-3;
    network_build(&x, named(name));
    if (half) vae_half(&x.v);
    optim_init(&p, &how, &x.v.T);
    for (int i = 0; i < STEPS; i++) {
        loss[i] = step(&x);
        optim_step(&p, x.v.params, x.v.grad, 1.0 / NETWORK_ROWS);
    }
    optim_free(&p);
    network_drop(&x);
}

/* The two take the same way down: nowhere apart by more than a twentieth of the way that the loss
 * has gone, and at the end as far. */
static void fifty_steps_go_the_same_way_down(void **state)
{
    (void)state;
    if (!dnnhalf_here()) test_skip("this processor has no bfloat16 arithmetic");
    for (int k = test_par()->rank; k < 2; k += test_par()->size) {
        double full[STEPS], half[STEPS], worst = 0.0;
        learn(some[k], 0, full);
        learn(some[k], 1, half);
        for (int i = 0; i < STEPS; i++) worst = fmax(worst, fabs(half[i] - full[i]));
        print_message("%s: %g to %g in float32, %g in bfloat16; at most %g apart\n", some[k],
                      full[0], full[STEPS - 1], half[STEPS - 1], worst);
        assert_true(full[STEPS - 1] < 0.9 * full[0]);
        assert_true(worst < 0.05 * (full[0] - full[STEPS - 1]));
    }
}

TEST_MAIN(cmocka_unit_test(gradients_are_those_of_float32_to_rounding),
          cmocka_unit_test(fifty_steps_go_the_same_way_down))
