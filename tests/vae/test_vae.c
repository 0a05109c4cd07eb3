#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "nn/fit.h"
#include "vae/vae.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { V = 18, K = 4, L = 57 + 5 + 4 + 3, F = L - 57, B = 6 };

static const int nodes[K] = { 57, 5, 4, 3 };

/* Smooth everywhere, so that quotients converge. */
static const char *const smooth =
    "encoder:\n"
    "  - {name: s, kind: normalise, input: showers, data: showers}\n"
    "  - {concat: [s, energy, bits], kind: linear, units: 8, gain: 0.5}\n"
    "  - {kind: tanh}\n"
    "  - {name: logits, kind: linear, units: logits}\n"
    "decoder:\n"
    "  - {concat: [bits, energy], kind: linear, units: 9}\n"
    "  - {name: trunk, kind: silu}\n"
    "  - {name: hits, kind: linear, units: voxels, data: hits}\n"
    "  - {name: activations, concat: [trunk, energy], kind: linear, units: voxels, data: "
    "activations}\n";

struct model {
    struct vae v;
    struct rbm m;
    float u[B * V];
    double E[B];
    int64_t item[B];
    struct vae_batch batch;
};

static int try_to_build(struct vae *v, const char *text, const int *sizes, struct err *e)
{
    struct yaml *y = yaml_parse(text, "arch.yaml", e);
    struct vae_sizes s = { .voxels = V, .partitions = K, .nodes = sizes, .batch = B };

    if (y == NULL) return -1;
    int wrong = vae_init(v, y, "arch.yaml", &s, 5, e);
    yaml_drop(y);
    return wrong;
}

static void build(struct model *x, const char *text)
{
    struct err e = { "" };
    struct topology T = { 0 };
    struct rng r = rng_at(2, RNG_TEST, 0, 0);

    if (try_to_build(&x->v, text, nodes, &e)) print_error("%s\n", e.text);
    assert_false(err_is(&e));
    assert_int_equal(topology_complete(&T, K, nodes, &e), 0);
    rbm_init(&x->m, &T, 0);
    rbm_random(&x->m, 0.3, 4);
    for (int b = 0; b < B; b++) {
        x->E[b] = 1000.0 * exp(6.9 * rng_uniform(&r));
        x->item[b] = 100 + 17 * b;
        for (int i = 0; i < V; i++)
            x->u[b * V + i] = rng_float(&r) < 0.4f ? 0.0f : 0.5f + 4.0f * rng_float(&r);
    }
    x->batch = (struct vae_batch){ .B = B, .u = x->u, .E = x->E, .item = x->item, .step = 7 };
}

static void drop(struct model *x)
{
    vae_free(&x->v);
    rbm_free(&x->m);
}

/* The weighted sum of all terms; *size is the scale of its rounding. */
static double objective(struct model *x, enum latent_mode mode, const struct loss_options *o,
                        int backward, double *size)
{
    double sum[LOSS_TERMS] = { 0.0 }, total = 0.0;

    vae_forward(&x->v, &x->batch, mode, 0.8, 1.0);
    vae_losses(&x->v, &x->batch, &x->m, -3.0, o, backward, sum);
    *size = 0.0;
    for (int t = 0; t < LOSS_TERMS; t++) {
        total += o->weight[t] * sum[t];
        *size += fabs(o->weight[t] * sum[t]);
    }
    return total;
}

/*
 * Along a random direction in each tensor: g . d against (4 D(h/2) - D(h)) / 3. Truncation is less
 * than a quarter of the correction; rounding: each of some 300 terms is known to about 16 roundings
 * of 2^-24 of its own size, so at most 3 * 16 * 2^-24 size / h in all.
 */
static void check(struct model *x, const struct tensor *t, const struct loss_options *o)
{
    const double h = 1.0 / 16.0;
    float *p = x->v.params + t->first, *start = mem_take(t->count, sizeof *start);
    double *d = mem_take(t->count, sizeof *d), along = 0.0, norm = 0.0, D[2], size = 0.0;
    struct rng r = rng_at(3, RNG_TEST, t->first, 0);

    for (int64_t i = 0; i < t->count; i++) {
        d[i] = rng_normal(&r);
        norm += d[i] * d[i];
        start[i] = p[i];
    }
    for (int64_t i = 0; i < t->count; i++)
        along += (double)x->v.grad[t->first + i] * (d[i] /= sqrt(norm));
    for (int k = 0; k < 2; k++) {
        double step = k == 0 ? h : h / 2.0, value[2];
        for (int s = 0; s < 2; s++) {
            for (int64_t i = 0; i < t->count; i++)
                p[i] = start[i] + (float)((s == 0 ? step : -step) * d[i]);
            value[s] = objective(x, LATENT_RELAXED, o, 0, &size);
        }
        D[k] = (value[0] - value[1]) / (2.0 * step);
    }
    memcpy(p, start, (size_t)t->count * sizeof *p);
    double best = (4.0 * D[1] - D[0]) / 3.0;
    double tolerance = 0.25 * fabs(D[1] - D[0]) + 48.0 * 0x1p-24 * size / h;
    if (!(fabs(best - along) <= tolerance)) print_error("gradient of %s:\n", t->name);
    assert_near(along, best, tolerance);
    mem_free(start);
    mem_free(d);
}

static void backward_of_the_whole_objective_is_its_derivative(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct model x;
        struct loss_options o = loss_default();
        double size;
        build(&x, smooth);
        o.exact_entropy = k == 1;
        o.weight[LOSS_POSITIVE] = k == 2 ? 0.0 : 1.0;
        o.weight[LOSS_ENTROPY] = 0.7;
        objective(&x, LATENT_RELAXED, &o, 1, &size);
        for (int t = 0; t < x.v.T.n; t++)
            if (strstr(x.v.T.t[t].name, "/0/centre") == NULL &&
                strstr(x.v.T.t[t].name, "/0/scale") == NULL)
                check(&x, &x.v.T.t[t], &o);
        drop(&x);
    }
}

/* Twice the showers' gradient is the gradient of the shower twice: sums, not means. */
static void gradients_and_losses_are_sums_over_showers(void **state)
{
    (void)state;
    struct model x;
    struct loss_options o = loss_default();
    double whole[LOSS_TERMS] = { 0.0 }, parts[LOSS_TERMS] = { 0.0 }, most = 0.0;

    build(&x, smooth);
    vae_forward(&x.v, &x.batch, LATENT_RELAXED, 1.0, 0.05);
    vae_losses(&x.v, &x.batch, &x.m, -3.0, &o, 1, whole);
    float *all = mem_take(x.v.T.total, sizeof *all);
    for (int64_t i = 0; i < x.v.T.total; i++) {
        all[i] = x.v.grad[i];
        x.v.grad[i] = 0.0f;
        most = fmax(most, fabs((double)all[i]));
    }
    for (int b = 0; b < B; b++) {
        struct vae_batch one = { .B = 1, .u = x.u + b * V, .E = x.E + b, .item = x.item + b };
        one.step = 7;
        vae_forward(&x.v, &one, LATENT_RELAXED, 1.0, 0.05);
        vae_losses(&x.v, &one, &x.m, -3.0, &o, 1, parts);
    }
    for (int t = 0; t < LOSS_TERMS; t++) assert_near(parts[t], whole[t], 1e-5 * fabs(whole[t]));
    for (int64_t i = 0; i < x.v.T.total; i++)
        assert_near((double)x.v.grad[i], (double)all[i], 1e-5 * most);
    mem_free(all);
    drop(&x);
}

/* Alone or among others, first or last: equal up to the rounding of the matrix products (sums of
 * some 100 products of order one). */
static void a_shower_does_not_know_its_place_in_the_batch(void **state)
{
    (void)state;
    struct model x;
    float bits[B * L], logits[B * F], made[B * V], bit[L], logit[F], shower[V];

    build(&x, smooth);
    vae_encode(&x.v, &x.batch, bits, logits);
    vae_decode(&x.v, &x.batch, bits, made);
    for (int b = 0; b < B; b++) {
        struct vae_batch one = x.batch;
        one.B = 1;
        one.u += b * V;
        one.E += b;
        one.item += b;
        vae_encode(&x.v, &one, bit, logit);
        assert_memory_equal(bit, bits + b * L, sizeof bit);
        for (int j = 0; j < F; j++) assert_near((double)logit[j], (double)logits[b * F + j], 2e-5);
        vae_decode(&x.v, &one, bit, shower);
        for (int i = 0; i < V; i++) assert_near((double)shower[i], (double)made[b * V + i], 2e-5);
    }
    drop(&x);
}

static void another_step_or_shower_number_draws_other_bits(void **state)
{
    (void)state;
    struct model x;
    float a[B * L], b[B * L];

    build(&x, smooth);
    vae_encode(&x.v, &x.batch, a, NULL);
    vae_encode(&x.v, &x.batch, b, NULL);
    assert_memory_equal(a, b, sizeof a);
    x.batch.step++;
    vae_encode(&x.v, &x.batch, b, NULL);
    assert_true(memcmp(a, b, sizeof a) != 0);
    x.batch.step--;
    x.item[2]++;
    vae_encode(&x.v, &x.batch, b, NULL);
    for (int i = 0; i < B; i++) {
        int same = memcmp(a + i * L, b + i * L, 57 * sizeof *a) == 0;
        assert_true(same); /* the energy code holds no chance */
        if (i != 2) assert_memory_equal(a + i * L, b + i * L, L * sizeof *a);
    }
    drop(&x);
}

/* Every input reaches the outputs: each voxel and the energy the logits, each bit the voxels. */
static void outputs_change_with_every_input(void **state)
{
    (void)state;
    struct model x;
    float bits[B * L], logits[B * F], other[B * F];

    build(&x, smooth);
    vae_encode(&x.v, &x.batch, bits, logits);
    for (int i = 0; i < V; i++) {
        x.u[i] += 1.0f;
        vae_encode(&x.v, &x.batch, bits, other);
        assert_true(memcmp(logits, other, F * sizeof(float)) != 0);
        x.u[i] -= 1.0f;
    }
    x.E[0] *= 1.5;
    vae_encode(&x.v, &x.batch, bits, other);
    assert_true(memcmp(logits, other, F * sizeof(float)) != 0);

    float t[1] = { 0.5f }, z[L] = { 0.0f }, hits[V], activations[V];
    decoder_forward(&x.v.decoder, z, t, t, NULL, x.v.params, 1, 0);
    memcpy(hits, decoder_hits(&x.v.decoder), sizeof hits);
    memcpy(activations, decoder_activations(&x.v.decoder), sizeof activations);
    for (int j = 0; j <= L; j++) {
        if (j < L) z[j] = 1.0f;
        if (j == L) t[0] = 0.7f;
        decoder_forward(&x.v.decoder, z, t, t, NULL, x.v.params, 1, 0);
        assert_true(memcmp(hits, decoder_hits(&x.v.decoder), sizeof hits) != 0);
        assert_true(memcmp(activations, decoder_activations(&x.v.decoder), sizeof hits) != 0);
        if (j < L) z[j] = 0.0f;
    }
    drop(&x);
}

/* The second level must see the bits of the first: flip one by hand, through its noise. */
static void later_levels_read_the_bits_of_earlier_ones(void **state)
{
    (void)state;
    struct model x;
    float bits[B * L], first[B * F], second[B * F];

    build(&x, smooth);
    vae_encode(&x.v, &x.batch, bits, first);
    int differ = 0, agree = 0;
    float old[L];
    memcpy(old, bits, sizeof old);
    for (int64_t step = 8; step < 40; step++) {
        x.batch.step = step;
        vae_encode(&x.v, &x.batch, bits, second);
        assert_memory_equal(second, first, 5 * sizeof(float)); /* level 0 has no random input */
        int same = memcmp(bits, old, (57 + 5) * sizeof(float)) == 0;
        int logits = memcmp(second + 5, first + 5, 4 * sizeof(float)) == 0;
        assert_int_equal(same, logits);
        differ += !same;
        agree += same;
    }
    assert_true(differ > 0);
    (void)agree;
    drop(&x);
}

/* P(hit) = sigma(h) over many showers of one condition; 5 sigma. Without a hit: exactly 0. */
static void hits_are_drawn_with_the_probability_of_their_logits(void **state)
{
    (void)state;
    enum { TIMES = 3000 };
    struct model x;
    float bits[B * L], made[B * V];
    int count[V] = { 0 };

    build(&x, smooth);
    float high[V];
    for (int i = 0; i < V; i++) high[i] = 20.0f; /* activations stay positive */
    graph_data(&x.v.decoder.net, x.v.params, "activations", high, NULL, V);
    vae_encode(&x.v, &x.batch, bits, NULL);
    for (int b = 1; b < B; b++) {
        memcpy(bits + b * L, bits, L * sizeof *bits);
        x.E[b] = x.E[0];
    }
    for (int k = 0; k < TIMES; k++) {
        for (int b = 0; b < B; b++) x.item[b] = k * B + b;
        vae_decode(&x.v, &x.batch, bits, made);
        for (int i = 0; i < B * V; i++) {
            assert_true(made[i] == 0.0f || made[i] > 1.0f);
            count[i % V] += made[i] > 0.0f;
        }
    }
    for (int i = 0; i < V; i++) {
        double p = 1.0 / (1.0 + exp(-(double)decoder_hits(&x.v.decoder)[i])), n = TIMES * B;
        assert_near(count[i] / n, p, 5.0 * sqrt(p * (1.0 - p) / n));
    }
    drop(&x);
}

/* Over many draws of one condition: the hits' energies have mean 1 and variance q in units of the
 * expectation. 5 sigma; the fourth moment of a gamma variate about its mean is 3 q^2 + 6 q^3. */
static void energies_of_hits_spread_as_the_decoder_says(void **state)
{
    (void)state;
    enum { TIMES = 3000 };
    struct model x;
    char text[2048];
    float bits[B * L], made[B * V], high[V];
    double sum[V] = { 0.0 }, square[V] = { 0.0 };
    int count[V] = { 0 };

    snprintf(
        text, sizeof text,
        "%s  - {kind: detach, input: trunk}\n  - {name: spread, kind: linear, units: voxels}\n",
        smooth);
    build(&x, text);
    for (int i = 0; i < V; i++) high[i] = 9.0f;
    graph_data(&x.v.decoder.net, x.v.params, "activations", high, NULL, V);
    vae_encode(&x.v, &x.batch, bits, NULL);
    for (int b = 1; b < B; b++) {
        memcpy(bits + b * L, bits, L * sizeof *bits);
        x.E[b] = x.E[0];
    }
    for (int k = 0; k < TIMES; k++) {
        for (int b = 0; b < B; b++) x.item[b] = k * B + b;
        vae_decode(&x.v, &x.batch, bits, made);
        const float *a = decoder_activations(&x.v.decoder);
        for (int i = 0; i < B * V; i++) {
            if (made[i] <= 0.0f) continue;
            double r = expm1((double)made[i]) / expm1((double)a[i]);
            count[i % V]++;
            sum[i % V] += r;
            square[i % V] += (r - 1.0) * (r - 1.0);
        }
    }
    for (int i = 0; i < V; i++) {
        double q = (double)loss_variance(decoder_spread(&x.v.decoder)[i]), n = count[i];
        assert_near(sum[i] / n, 1.0, 5.0 * sqrt(q / n) + 1e-5);
        assert_near(square[i] / n, q, 5.0 * sqrt((2.0 * q * q + 6.0 * q * q * q) / n));
    }
    drop(&x);
}

static void the_spread_teaches_its_own_layers_alone(void **state)
{
    (void)state;
    struct model x;
    struct loss_options o = loss_default();
    char text[2048];
    double size;

    snprintf(
        text, sizeof text,
        "%s  - {kind: detach, input: trunk}\n  - {name: spread, kind: linear, units: voxels}\n",
        smooth);
    build(&x, text);
    for (int t = 0; t < LOSS_SPREAD; t++) o.weight[t] = 0.0;
    objective(&x, LATENT_RELAXED, &o, 1, &size);
    for (int t = 0; t < x.v.T.n; t++) {
        const struct tensor *p = &x.v.T.t[t];
        if (strncmp(p->name, "decoder/5/", 10) == 0) {
            check(&x, p, &o);
            continue;
        }
        for (int64_t i = 0; i < p->count; i++) assert_true(x.v.grad[p->first + i] == 0.0f);
    }
    drop(&x);
}

static void the_data_start_the_outputs(void **state)
{
    (void)state;
    struct model x;
    float mean[V], deviation[V], occupancy[V], hit[V];

    build(&x, smooth);
    for (int i = 0; i < V; i++) {
        mean[i] = 1.0f + (float)i;
        deviation[i] = 2.0f;
        occupancy[i] = (float)i / (V - 1); /* 0 and 1 among them */
        hit[i] = 3.0f + (float)i;
    }
    struct vae_data d = { mean, deviation, occupancy, hit };
    vae_start(&x.v, &d);
    const struct tensors *T = &x.v.T;
    const float *bias = x.v.params + T->t[tensors_find(T, "decoder/2/bias")].first;
    for (int i = 1; i < V - 1; i++)
        assert_near(1.0 / (1.0 + exp(-(double)bias[i])), (double)occupancy[i], 1e-6);
    assert_true(isfinite(bias[0]) && isfinite(bias[V - 1]));
    assert_memory_equal(x.v.params + T->t[tensors_find(T, "decoder/3/bias")].first, hit,
                        sizeof hit);
    for (int l = 0; l < K - 1; l++) {
        char name[TENSOR_NAME] = "encoder/0/0/centre";
        name[8] = (char)('0' + l);
        assert_memory_equal(x.v.params + T->t[tensors_find(T, name)].first, mean, sizeof mean);
    }
    drop(&x);
}

/* 200 steps of Adam on these showers bring reconstruction and hits below half. */
static void training_halves_the_losses(void **state)
{
    (void)state;
    struct model x;
    struct optim p;
    struct optim_options a = optim_default();
    struct loss_options o = loss_default();
    double first = 0.0, last = 0.0;

    build(&x, smooth);
    a.rate = 0.02;
    optim_init(&p, &a, &x.v.T);
    for (int step = 0; step < 200; step++) {
        double sum[LOSS_TERMS] = { 0.0 };
        memset(x.v.grad, 0, (size_t)x.v.T.total * sizeof(float));
        x.batch.step = step;
        vae_forward(&x.v, &x.batch, LATENT_RELAXED, 1.0, 0.05);
        vae_losses(&x.v, &x.batch, &x.m, 0.0, &o, 1, sum);
        optim_step(&p, x.v.params, x.v.grad, 1.0 / B);
        last = sum[LOSS_AE] + sum[LOSS_HIT];
        if (step == 0) first = last;
    }
    assert_true(last < 0.5 * first);
    optim_free(&p);
    drop(&x);
}

static void architectures_of_the_project_build_at_their_sizes(void **state)
{
    (void)state;
    const char *files[] = { "configs/architectures/fcn-small.yaml",
                            "configs/architectures/fcn.yaml" };

    for (int k = 0; k < 2; k++) {
        struct err e = { "" };
        struct vae v;
        char *text = file_slurp(files[k], 1 << 20, NULL, &e);
        assert_non_null(text);
        assert_int_equal(try_to_build(&v, text, nodes, &e), 0);
        assert_int_equal(v.T.parameters > 1000, 1);
        vae_free(&v);
        mem_free(text);
    }
}

static void bad_architectures_are_refused(void **state)
{
    (void)state;
    const char *cases[][2] = {
        { "encoder: []\ndecoder: []", "encoder/0: expected a list of layers" },
        { "encoder: []", "an architecture needs 'decoder'" },
        { "[1]", "expected a mapping with encoder and decoder" },
        { "encodr: []", "unknown key 'encodr'" },
        { "levels: 4\nencoder: []\ndecoder: []", "levels is 4, expected 1 to 3" },
        { "levels: 0\nencoder: []\ndecoder: []", "levels is 0, expected 1 to 3" },
        { "energy: {lo: 1}\nencoder: []\ndecoder: []", "energy: no key 'lo'" },
        { "energy: {low: 15}\nencoder: []\ndecoder: []", "high = 14 must be above low = 15" },
        { "encoder: [{name: logits, kind: linear, units: 4}]\ndecoder: []",
          "'logits' of encoder level 0 is 4 x 1 x 1 x 1, expected 5 units" },
        { "encoder: [{name: logits, kind: linear, units: logits}]\n"
          "decoder:\n- {name: hits, kind: linear, units: 4}\n- {name: activations, input: bits, "
          "kind: linear, units: voxels}",
          "arch.yaml:3: 'hits' is 4 x 1 x 1 x 1, a shower has 18 voxels" },
    };

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct err e = { "" };
        struct vae v;
        assert_int_equal(try_to_build(&v, cases[k][0], nodes, &e), -1);
        if (strstr(e.text, cases[k][1]) == NULL) print_error("%s\n", e.text);
        assert_non_null(strstr(e.text, cases[k][1]));
    }
    struct err e = { "" };
    struct vae v;
    const int few[K] = { 56, 5, 4, 3 };
    assert_int_equal(try_to_build(&v, smooth, few, &e), -1);
    assert_non_null(strstr(e.text, "partition 0 has 56 units"));
}

TEST_MAIN(cmocka_unit_test(backward_of_the_whole_objective_is_its_derivative),
          cmocka_unit_test(gradients_and_losses_are_sums_over_showers),
          cmocka_unit_test(a_shower_does_not_know_its_place_in_the_batch),
          cmocka_unit_test(another_step_or_shower_number_draws_other_bits),
          cmocka_unit_test(outputs_change_with_every_input),
          cmocka_unit_test(later_levels_read_the_bits_of_earlier_ones),
          cmocka_unit_test(hits_are_drawn_with_the_probability_of_their_logits),
          cmocka_unit_test(energies_of_hits_spread_as_the_decoder_says),
          cmocka_unit_test(the_spread_teaches_its_own_layers_alone),
          cmocka_unit_test(the_data_start_the_outputs),
          cmocka_unit_test(training_halves_the_losses),
          cmocka_unit_test(architectures_of_the_project_build_at_their_sizes),
          cmocka_unit_test(bad_architectures_are_refused))
