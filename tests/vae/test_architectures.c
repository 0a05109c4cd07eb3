#include "vae/networks.h"

#include "nn/optim.h"

enum { K = NETWORK_PARTITIONS };

struct counts {
    int64_t level[K], decoder;
    double flops;
};

/* Parameters of each encoder level and of the decoder, by inference of shapes alone. */
static struct counts count(const char *name, int voxels, int partitions, int units)
{
    struct yaml *tree = network_tree(name, 1.0);
    int nodes[K] = { units, units, units, units };
    struct counts c = { { 0 }, 0, 0.0 };
    struct tensors T = { 0 };
    struct encoder n;
    struct decoder d;
    struct err e = { "" };
    struct site site = { .file = name,
                         .blocks = yaml_get(tree, "blocks"),
                         .voxels = voxels,
                         .partitions = partitions,
                         .nodes = nodes,
                         .T = &T };

    if (encoder_init(&n, yaml_get(tree, "encoder"), partitions - 1, &site, &e) ||
        decoder_init(&d, yaml_get(tree, "decoder"), partitions * units, &site, &e))
        print_error("%s\n", e.text);
    assert_false(err_is(&e));
    c.flops = graph_flops(&d.net, 0);
    c.decoder = graph_parameters(&d.net, &T);
    int64_t sum = c.decoder;
    for (int l = 0; l < partitions - 1; l++) {
        c.level[l] = graph_parameters(&n.level[l], &T);
        c.flops += graph_flops(&n.level[l], 0);
        sum += c.level[l];
    }
    assert_int_equal(sum, T.parameters);
    encoder_free(&n);
    decoder_free(&d);
    tensors_free(&T);
    yaml_drop(tree);
    return c;
}

/* The sums of spec/model.md 2.2, 3.3 and 3.4. A mended file has as many as the reference, and the
 * three factors that are trained. */
static void published_models_have_their_numbers_of_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int partitions;
        int64_t decoder;
    } published[] = {
        { "cnn-flat", 4, 14568836 },
        { "cnn-hierarchy", 4, 122605416 },
        { "cnn-skip", 4, 121423854 },
        { "cnn-hidden", 3, 110924358 },
        { "cnn-hidden-reference", 3, 110924358 },
        { "cnn-cross", 4, 80178884 + 3 },
        { "cnn-cross-reference", 4, 80178884 },
        { "cnn-transformer", 4, 72372420 },
        { "cnn-transformer-reference", 4, 72372420 },
        { "cnn-transformer2", 4, 99370212 },
        { "cnn-transformer2-reference", 4, 99370212 },
    };

    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        struct counts c = count(published[i].name, 6480, published[i].partitions, 302);
        if (c.decoder != published[i].decoder) print_error("%s:\n", published[i].name);
        assert_int_equal(c.decoder, published[i].decoder);
        for (int l = 0; l + 1 < published[i].partitions; l++) assert_int_equal(c.level[l], 3258940);
    }
    struct counts pegasus = count("cnn-flat", 6480, 4, 512);
    for (int l = 0; l < K - 1; l++) assert_int_equal(pegasus.level[l], 4710880);
    /* 0.550 and 1.143 GMAC, and what their table leaves out: the skips (6 M) */
    assert_near(count("cnn-hierarchy", 6480, 4, 302).flops, 2.0 * (0.550e9 + 1.143e9), 0.02e9);
}

/* Convolution with bias; batch norm and PReLU; group norm, attention of 32, group norm. */
static int64_t conv(int64_t in, int64_t out, int taps)
{
    return in * out * taps + out;
}

static int64_t norm(int64_t channels)
{
    return 3 * channels;
}

static int64_t attention(int64_t channels)
{
    return channels * (2 + 96 + 33 + 2);
}

/* A sub-decoder of CaloQVAE's v3 shape: `in` numbers, a kernel of `select` at the end of each head
 * (0: none), hits and activations both by batch norm, or activations by linear attention. */
static int64_t sub_decoder(int64_t in, int select, int attentive)
{
    int64_t trunk = conv(in, 512, 18) + norm(512) + conv(512, 128, 45) + norm(128);
    int64_t head = conv(129, 64, 18) + conv(64, 32, 45) + conv(32, 1, 30);
    int64_t last = select > 0 ? select + 1 : 0;
    int64_t hits = norm(64) + norm(32) + 1;

    return trunk + 2 * (head + last) + hits + (attentive ? attention(64) + attention(32) : hits);
}

/* What the spec gives no sum for, layer by layer. */
static void other_models_have_the_parameters_of_their_layers(void **state)
{
    (void)state;
    int64_t flat = conv(1, 32, 27) + norm(32) + conv(32, 64, 27) + norm(64) + conv(64, 128, 27) +
                   norm(128) + conv(129, 256, 27) + norm(256) + conv(256, 302, 27) + 302;
    int64_t channels = 32 + 64 + 128 + 256, nine = 0, narrow, wide;
    struct counts c = count("cnn-attention", 6480, 4, 302);

    assert_int_equal(flat, 3258940);
    for (int l = 0; l < K - 1; l++)
        assert_int_equal(c.level[l], flat - 3 * channels + channels * (2 + 96 + 33 + 2));
    assert_int_equal(c.decoder, sub_decoder(1208, 0, 1));
    for (int i = 0; i < 9; i++) nine += sub_decoder(1208 + 720 * i, 41, 0);
    assert_int_equal(count("cnn-nine", 6480, 4, 302).decoder, nine);
    assert_int_equal(count("cnn-mirror", 6480, 4, 302).decoder,
                     sub_decoder(1208, 31, 1) + 2 * sub_decoder(3368, 31, 1) +
                         sub_decoder(3368, 1, 1) + 3 * conv(604, 3368, 1));
    assert_int_equal(count("encoder-3dv1", 6480, 4, 302).level[0],
                     conv(1, 64, 75) + norm(64) + conv(64, 128, 45) + norm(128) +
                         conv(129, 256, 45) + norm(256) + conv(256, 302, 45) + 302);
    assert_int_equal(count("encoder-3dv2", 6480, 4, 302).level[0], flat);
    assert_int_equal(count("encoder-3dv5", 6480, 4, 302).level[0], flat - 256 * 27);
    narrow = conv(45, 64, 15) + norm(64) + conv(64, 128, 15) + norm(128) + conv(129, 256, 15) +
             norm(256) + conv(256, 302, 12) + 302;
    wide = conv(45, 128, 15) + norm(128) + conv(128, 512, 15) + norm(512) + conv(513, 1024, 15) +
           norm(1024) + conv(1024, 302, 12) + 302;
    assert_int_equal(count("encoder-2dv3", 6480, 4, 302).level[1], narrow);
    assert_int_equal(count("encoder-2dv2", 6480, 4, 302).level[1],
                     wide + conv(3 * 302, 4 * 302, 1) + conv(4 * 302, 302, 1));
    assert_int_equal(count("encoder-2dv2-narrow", 6480, 4, 302).level[1],
                     narrow + conv(3 * 302, 4 * 302, 1) + conv(4 * 302, 302, 1));
    assert_int_equal(count("encoder-2dv4", 6480, 4, 302).level[0],
                     conv(45, 64, 12) + norm(64) + conv(64, 128, 9) + norm(128) +
                         conv(129, 256, 9) + norm(256) + conv(256, 302, 12) + 302);
    assert_int_equal(count("decoder-noise", 6480, 4, 302).decoder, sub_decoder(1208, 0, 0) - 1);
    assert_int_equal(count("decoder-attention", 6480, 4, 302).decoder,
                     sub_decoder(1208, 0, 0) - conv(129, 64, 18) - conv(64, 32, 45) - norm(32) - 1 +
                         conv(129, 64, 12) + conv(64, 32, 27) + 2 * 2 * 32 + 3 * 32 * 32);
}

/* Each .yaml of the folder is in the list of networks, but those of classifiers and critics. */
static void every_file_is_tested(void **state)
{
    (void)state;
    char **name;
    int n = file_list("configs/architectures", "", ".yaml", &name);

    for (int i = 0; i < n; i++) {
        int found = strncmp(name[i], "classifier-", 11) == 0 || strncmp(name[i], "critic-", 7) == 0;
        for (int k = 0; k < NETWORKS; k++) {
            size_t length = strlen(networks[k].name);
            found |=
                strlen(name[i]) == length + 5 && strncmp(name[i], networks[k].name, length) == 0;
        }
        if (!found) print_error("%s is in no test\n", name[i]);
        mem_free(name[i]);
        assert_true(found);
    }
    mem_free(name);
    assert_int_equal(n, NETWORKS + 5);
}

/* The network's share of this rank: no network needs another. */
static const struct network *next_network(int *at)
{
    const struct par *P = test_par();

    for (*at = *at < 0 ? P->rank : *at + P->size; *at < NETWORKS; *at += P->size)
        return &networks[*at];
    return NULL;
}

static double loss(struct model *x, int backward)
{
    struct loss_options o = loss_default();
    double sum[LOSS_TERMS] = { 0.0 };

    o.weight[LOSS_POSITIVE] = o.weight[LOSS_SPREAD] = 0.0;
    vae_forward(&x->v, &x->batch, LATENT_RELAXED, 1.0, 0.05);
    vae_losses(&x->v, &x->batch, &x->m, 0.0, &o, backward, sum);
    return sum[LOSS_AE] + sum[LOSS_HIT] + sum[LOSS_ENTROPY];
}

/* Factors start at 1 and shifts and last layers at 0: a step of size .1 in the weights that make
 * them lets through what is in front of them. */
static void let_through(struct model *x)
{
    for (int i = 0; i < x->v.T.n; i++) {
        const struct tensor *t = &x->v.T.t[i];
        float most = 0.0f;
        for (int64_t k = 0; k < t->count; k++) most = fmaxf(most, fabsf(x->v.params[t->first + k]));
        for (int64_t k = 0; k < t->count && most == 0.0f && t->dims >= 2; k++)
            x->v.params[t->first + k] = 0.1f;
    }
}

/* g . d along d = g / |g| against the loss at +-h d and +-h / 2 d. */
static double along_gradient(struct model *x, double h)
{
    int64_t n = x->v.T.total;
    float *start = mem_take(n, sizeof *start);
    double norm = 0.0, value[2];

    memcpy(start, x->v.params, (size_t)n * sizeof *start);
    for (int64_t i = 0; i < n; i++) norm += (double)x->v.grad[i] * (double)x->v.grad[i];
    for (int k = 0; k < 2; k++) {
        double step = (k == 0 ? h : -h) / sqrt(norm);
        for (int64_t i = 0; i < n; i++)
            x->v.params[i] = start[i] + (float)(step * (double)x->v.grad[i]);
        value[k] = loss(x, 0);
    }
    memcpy(x->v.params, start, (size_t)n * sizeof *start);
    mem_free(start);
    return (value[0] - value[1]) / (2.0 * h);
}

/* Along the gradient the slope of the loss is the gradient's length: an error in any layer's share
 * makes it another, and a layer without a share is found by name (but those of the spread, which
 * has no part in this loss). Kinks of thousands of PReLUs are crossed on the way and the loss is a
 * float's sum: 2%; the quotients of single layers in tests/nn are the sharp ones. */
static void backward_is_the_derivative_of_the_loss(void **state)
{
    (void)state;
    const struct network *n;
    for (int at = -1; (n = next_network(&at)) != NULL;) {
        struct model x;
        double norm = 0.0;
        int silent = 0;
        network_build(&x, n);
        let_through(&x);
        loss(&x, 1);
        for (int i = 0; i < x.v.T.n; i++) {
            const struct tensor *t = &x.v.T.t[i];
            double size = 0.0;
            for (int64_t k = 0; k < t->count; k++)
                size += (double)x.v.grad[t->first + k] * (double)x.v.grad[t->first + k];
            norm += size;
            if (size > 0.0 || t->fixed || decoder_spread(&x.v.decoder) != NULL) continue;
            print_error("%s: %s gets no gradient\n", n->name, t->name);
            silent++;
        }
        norm = sqrt(norm);
        double slope = along_gradient(&x, 1.0 / 2048);
        if (!(fabs(slope / norm - 1.0) < 0.02))
            print_error("%s: %g, not %g\n", n->name, norm, slope);
        network_drop(&x);
        assert_int_equal(silent, 0);
        assert_true(fabs(slope / norm - 1.0) < 0.02);
    }
}

/* Adam on four showers: 100 steps, or the fewer after which a fifth of the loss is gone; half of it
 * where the file itself is small. */
static void a_hundred_steps_lower_the_loss(void **state)
{
    (void)state;
    const struct network *n;
    for (int at = -1; (n = next_network(&at)) != NULL;) {
        struct model x;
        struct optim_options how = optim_default();
        struct optim p;
        double first, last, share = n->full ? 0.5 : 0.8;
        how.rate = 3e-3;
        network_build(&x, n);
        optim_init(&p, &how, &x.v.T);
        last = first = loss(&x, 0);
        for (int i = 0; i < 100 && last > share * first; i++) {
            memset(x.v.grad, 0, (size_t)x.v.T.total * sizeof *x.v.grad);
            last = loss(&x, 1);
            optim_step(&p, x.v.params, x.v.grad, 1.0 / NETWORK_ROWS);
        }
        if (!(last <= share * first)) print_error("%s: %g to %g\n", n->name, first, last);
        optim_free(&p);
        network_drop(&x);
        assert_true(last <= share * first);
    }
}

static double moved(const float *a, const float *b, int n)
{
    double sum = 0.0;

    for (int i = 0; i < n; i++) sum += fabs((double)a[i] - (double)b[i]);
    return sum;
}

/* What is decoded from one row, both outputs, into out [2 V]. */
static void decode(struct model *x, const float *z, float t, float *out)
{
    size_t V = (size_t)x->V;

    decoder_forward(&x->v.decoder, z, &t, &t, NULL, x->v.params, 1, 1);
    memcpy(out, decoder_hits(&x->v.decoder), V * sizeof *out);
    memcpy(out + V, decoder_activations(&x->v.decoder), V * sizeof *out);
}

/* Hits and activations depend on each partition's bits and on the energy. */
static void check_decoder(struct model *x)
{
    int V = x->V, first = 0;
    float *before = mem_take(2 * V, sizeof *before), *after = mem_take(2 * V, sizeof *after);
    float *z = mem_take(x->v.L, sizeof *z);
    int good = 1;

    decode(x, z, 0.4f, before);
    for (int p = 0; p <= x->K; p++) {
        if (p < x->K) z[first + 1] = 1.0f;
        decode(x, z, p < x->K ? 0.4f : 0.5f, after);
        good &= moved(before, after, V) > 1e-3 && moved(before + V, after + V, V) > 1e-3;
        if (p < x->K) z[first + 1] = 0.0f;
        if (p < x->K) first += network_nodes[p];
    }
    mem_free(z);
    mem_free(before);
    mem_free(after);
    assert_true(good);
}

/* The logits of each level depend on the shower, on its energy and on the bits before. */
static void check_encoder(struct model *x)
{
    int F = x->v.F, good = 1, V = x->V, known = 0;
    float *before = mem_take(F, sizeof *before), *logit = mem_take(F, sizeof *logit);

    x->batch.B = 1;
    vae_encode(&x->v, &x->batch, x->v.z, before);
    x->u[15 * V / 45] += 1.0f;
    vae_encode(&x->v, &x->batch, x->v.z, logit);
    for (int l = 0, at = 0; l < x->K - 1; at += network_nodes[++l])
        good &= moved(before + at, logit + at, network_nodes[l + 1]) > 1e-6;
    for (int l = 0, at = 0; l < x->K - 1; at += network_nodes[++l]) {
        struct graph *g = &x->v.encoder.level[l];
        int n = network_nodes[l + 1], wide = known += network_nodes[l];
        float *bits = mem_take(wide, sizeof *bits), t = 0.4f;
        for (int k = 0; k < 3; k++) {
            bits[wide - 1] = k == 1;
            t = k == 2 ? 0.5f : 0.4f;
            graph_bind(g, 0, x->u, NULL);
            graph_bind(g, 1, &t, NULL);
            graph_bind(g, 2, bits, NULL);
            graph_bind(g, 3, &t, NULL); /* a condition of the energy alone */
            graph_forward(g, x->v.params, 1, 0);
            if (k == 0) memcpy(logit, graph_output(g, 0), (size_t)n * sizeof *logit);
            good &= k == 0 || moved(logit, graph_output(g, 0), n) > 1e-6;
        }
        mem_free(bits);
    }
    mem_free(before);
    mem_free(logit);
    assert_true(good);
}

static void outputs_depend_on_every_input(void **state)
{
    (void)state;
    const struct network *n;
    for (int at = -1; (n = next_network(&at)) != NULL;) {
        struct model x;
        network_build(&x, n);
        let_through(&x);
        check_decoder(&x);
        check_encoder(&x);
        network_drop(&x);
    }
}

TEST_MAIN(cmocka_unit_test(published_models_have_their_numbers_of_parameters),
          cmocka_unit_test(other_models_have_the_parameters_of_their_layers),
          cmocka_unit_test(every_file_is_tested),
          cmocka_unit_test(backward_is_the_derivative_of_the_loss),
          cmocka_unit_test(a_hundred_steps_lower_the_loss),
          cmocka_unit_test(outputs_depend_on_every_input))
