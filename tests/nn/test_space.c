#include "nn/bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Layers on z x phi x r. Inputs: s and t of 3 channels on 4 x 5 x 3, one of 1 channel there, e of 2
 * units, b of 7 bits. */
enum { ROWS = 3, INPUTS = 5, C = 3, D = 4, H = 5, W = 3, S = C * D * H * W };

static const struct graph_input inputs[INPUTS] = { { "s", { C, D, H, W }, 1 },
                                                   { "t", { C, D, H, W }, 1 },
                                                   { "one", { 1, D, H, W }, 1 },
                                                   { "e", { 2, 1, 1, 1 }, 1 },
                                                   { "b", { 7, 1, 1, 1 }, 1 } };

static const struct layer_size sizes[] = { { "p0", 3 }, { "p1", 4 } };
static const struct graph_wish wish = {
    .input = inputs, .inputs = INPUTS, .size = sizes, .sizes = 2, .batch = ROWS
};

static int build(struct bench *t, const char *text, struct err *e)
{
    return bench_build(t, wish, text, e);
}

static struct bench built(const char *text)
{
    return bench_built(wish, text);
}

static const char *const graphs[] = {
    "- {name: out, input: s, kind: conv3d, units: 5, kernel: [3, 3, 2], stride: [1, 2, 1]}",
    "- {name: out, concat: [s, e], kind: conv3d, units: 129, kernel: [2, 1, 3], bias: false}",
    "- {name: out, input: s, kind: conv3d, units: 4, kernel: 1}",
    "- {name: out, input: s, kind: conv_transpose3d, units: 2, kernel: [3, 2, 2], stride: [2, 1, "
    "1]}",
    "- {name: out, input: e, kind: conv_transpose3d, units: 5, kernel: [3, 3, 2], stride: [2, 1, "
    "1]}",
    "- {name: p, input: s, kind: tanh}\n- {name: u, kind: conv_transpose3d, units: 3, kernel: 1}\n"
    "- {name: v, input: p, kind: conv3d, units: 3, kernel: 1}\n"
    "- {name: out, inputs: [u, v, p], kind: add}",
    "- {name: out, input: s, kind: pad_cylinder}",
    "- {name: out, input: s, kind: pad_cylinder, phi: 2, centre: 3}",
    "- {name: out, input: s, kind: fold_cylinder}",
    "- {name: out, input: s, kind: fold_cylinder, phi: 1, centre: 0}",
    "- {name: out, input: s, kind: pad_zeros}",
    "- {name: p, input: s, kind: tanh}\n- {kind: pad_zeros, size: [0, 1, 2]}\n"
    "- {name: q, kind: conv3d, units: 3, kernel: [1, 3, 5]}\n- {name: out, inputs: [p, q], kind: "
    "add}",
    "- {name: out, input: s, kind: mean_pool}",
    "- {name: p, input: s, kind: tanh}\n- {name: q, kind: mean_pool}\n"
    "- {name: out, inputs: [p, q], kind: multiply}",
    "- {input: s, kind: pad_cylinder}\n- {kind: conv3d, units: 4, kernel: 3}\n"
    "- {kind: batch_norm}\n- {name: out, kind: gelu}",
    "- {name: out, input: s, kind: batch_norm}",
    "- {name: out, input: s, kind: batch_norm, local: true, epsilon: 0.1}",
    "- {name: p, input: s, kind: tanh}\n- {kind: batch_norm}\n- {kind: silu}\n"
    "- {name: q, kind: batch_norm}\n- {name: out, inputs: [p, q], kind: add}",
    "- {name: out, input: s, kind: group_norm}",
    "- {name: out, input: s, kind: group_norm, groups: 3}",
    "- {name: p, input: s, kind: tanh}\n- {name: q, kind: group_norm}\n"
    "- {name: out, inputs: [p, q, p], kind: add}",
    "- {name: out, input: s, kind: softmax}",
    "- {name: p, input: s, kind: tanh}\n- {name: q, kind: softmax}\n"
    "- {name: out, inputs: [p, q], kind: add}",
    "- {name: out, input: s, kind: linear_attention, dim: 4}",
    "- {name: p, input: s, kind: tanh}\n- {name: q, kind: linear_attention, dim: 2}\n"
    "- {name: out, inputs: [q, p], kind: add}",
    "- {name: out, input: s, kind: attention}",
    "- {name: out, input: s, kind: attention, heads: 3}",
    "- {name: out, inputs: [s, t, one], kind: attention}",
    /* queries, keys and values of 7, 60 and 60 places, the keys read again */
    "- {name: q, input: b, kind: reshape, shape: [1, 7, 1, 1]}\n"
    "- {kind: conv3d, units: 6, kernel: 1, bias: false}\n- {name: p, kind: tanh}\n"
    "- {name: k, input: t, kind: conv3d, units: 6, kernel: 1}\n"
    "- {name: v, inputs: [p, k, k], kind: attention, heads: 2}\n"
    "- {name: w, inputs: [p, k, s], kind: attention, heads: 3}\n"
    "- {name: out, inputs: [v, w], kind: concat}",
    "- {name: p, input: s, kind: tanh}\n- {name: q, kind: attention, heads: 3}\n"
    "- {name: out, inputs: [q, p], kind: add}",
    "- {name: out, input: s, kind: up_sample}",
    "- {name: out, input: s, kind: up_sample, mode: trilinear, periodic: true}",
    "- {name: p, input: s, kind: tanh}\n"
    "- {name: q, kind: up_sample, mode: trilinear, size: [5, 13, 3]}\n"
    "- {name: r, kind: up_sample, input: p, size: [5, 13, 3]}\n- {name: out, inputs: [q, r], kind: "
    "add}",
    "- {name: out, input: s, kind: layer_norm}",
    "- {name: out, input: s, kind: layer_norm, over: channels}",
    "- {name: p, input: s, kind: tanh}\n- {name: q, kind: layer_norm, over: channels}\n"
    "- {name: out, inputs: [p, q], kind: add}",
    "- {name: out, input: s, kind: gain, init: 0.1}",
    "- {name: p, input: s, kind: tanh}\n- {name: q, kind: gain}\n"
    "- {name: out, inputs: [p, q], kind: add}",
    "- {name: out, input: s, kind: noise, deviation: 0.3}",
    "- {name: out, input: s, kind: transpose}",
    "- {name: p, input: s, kind: tanh}\n- {kind: transpose}\n"
    "- {kind: conv3d, units: 7, kernel: 1}\n- {name: q, kind: transpose}\n"
    "- {kind: reshape, shape: [21, 1, 1, 1]}\n- {name: r, kind: linear, units: 3}\n"
    "- {name: out, inputs: [p, r], kind: add}",
    "- {name: out, input: s, kind: pad_cylinder, outer: 2}",
    /* one convolution and one number in two places each */
    "- {name: p, input: s, kind: conv3d, units: 3, kernel: 1}\n- {name: g, kind: gain}\n"
    "- {kind: tanh}\n- {kind: conv3d, units: 3, kernel: 1, weights: p}\n"
    "- {name: q, kind: gain, weights: g}\n- {name: out, inputs: [p, q], kind: add}",
    "- {name: out, input: s, kind: prelu}",
    "- {name: out, input: s, kind: bias}",
    "- {name: out, input: s, kind: dropout, rate: 0.4}",
    "- {name: out, input: s, kind: slice, first: 1, units: 2}",
    "- {name: out, input: b, kind: slice, partition: 1}",
    "- {name: out, input: e, kind: broadcast, places: [2, 1, 3]}",
    "- {input: s, kind: reshape, shape: [15, 1, 4, 3]}\n- {name: out, kind: silu}",
    "- {name: out, inputs: [s, e, one], kind: concat}",
    "- {name: f, input: e, kind: linear, units: 3}\n- {name: g, kind: tanh}\n"
    "- {name: m, inputs: [s, f], kind: multiply}\n- {name: out, inputs: [m, g, one], kind: add}",
    "- {name: out, inputs: [one, s], kind: multiply}",
    "- {name: out, inputs: [one, e], kind: multiply}",
    "- {name: out, input: e, kind: sinusoids, units: 5, longest: 4}",
    "- {name: out, input: b, kind: latent_encoding, units: 3}",
    "- {name: out, input: s, kind: voxel_encoding, modes: 3}",
    /* a block twice, with a size of its own, one reading a layer of the other */
    "list:\n"
    "  - {block: stage, name: first, input: s, with: {wide: 4}}\n"
    "  - {block: stage, name: second, concat: [first, s], with: {wide: 2}}\n"
    "  - {name: out, concat: [first.inner, second, s], kind: conv3d, units: 1, kernel: [3, 5, 2]}\n"
    "blocks:\n"
    "  stage:\n"
    "    - {name: inner, kind: conv3d, units: wide, kernel: 1}\n"
    "    - {name: t, kind: tanh}\n"
    "    - {inputs: [input, t], kind: concat}\n",
};

/* Difference quotients see float rounding of layers up to 129 channels wide and of norms over 60
 * numbers; the tolerance of check() covers both. */
/* The loss reads some `most` numbers of the output alone: the tolerance grows with those it reads,
 * and what one of them owes to all others must not hide in it. */
static void check_gradients(const char *text, int most)
{
    struct bench t = built(text);
    int every = ROWS * t.out / most | 1;

    for (int i = 0; i < ROWS * t.out; i++)
        if (i % every != 0) t.r[i] = 0.0f;
    bench_backward(&t);
    for (int i = 0; i < t.T.n; i++) {
        const struct tensor *p = &t.T.t[i];
        if (p->fixed) continue;
        slope_check(&(struct slope){ bench_loss, &t }, text, p->name, t.params + p->first,
                    t.grad + p->first, p->count, i);
    }
    for (int i = 0; i < INPUTS; i++)
        slope_check(&(struct slope){ bench_loss, &t }, text, inputs[i].name, t.x[i], t.dx[i],
                    ROWS * bench_size(&t, i), 100 + i);
    bench_drop(&t);
}

static void backward_is_the_derivative_of_forward(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof graphs / sizeof graphs[0]; k++)
        check_gradients(graphs[k], 1 << 20);
}

/* What a layer makes of the channels that u has on 1 x 2 x 2 places: no width is a multiple of
 * what a vector holds. */
static const char *const wide[] = {
    "kind: conv3d, units: 5, kernel: [1, 2, 1]",
    "kind: conv3d, units: 129, kernel: 1",
    "kind: conv_transpose3d, units: 3, kernel: [2, 1, 2], stride: 2",
    "kind: linear, units: 7",
    "kind: linear_attention, dim: 3",
    "kind: batch_norm",
    "kind: group_norm",
    "kind: layer_norm",
    "kind: layer_norm, over: channels",
    "kind: scale, factor: 0.2, shift: -1}\n  - {name: out, kind: prelu", /* beside their kinks */
    "kind: scale, factor: 0.2, shift: -1}\n  - {name: out, kind: leaky_relu",
    "kind: silu",
    "kind: gelu",
    "kind: sigmoid",
    "kind: softplus",
    "kind: softmax",
    "kind: bias",
    "kind: dropout, rate: 0.3",
    "kind: pad_cylinder",
    "kind: fold_cylinder, phi: 0, centre: 1",
    "kind: mean_pool",
    "kind: latent_encoding, units: 3",
    "kind: concat, inputs: [u, e, p]",
    "kind: add, inputs: [u, p, u]",
    "kind: multiply, inputs: [u, q]",
};

static void backward_is_the_derivative_at_odd_widths(void **state)
{
    (void)state;
    static const int channels[] = { 1, 129, 302 };

    for (size_t k = 0; k < 3 * sizeof wide / sizeof wide[0]; k++) {
        char text[512];
        int n = channels[k % 3];
        snprintf(text, sizeof text,
                 "list:\n  - {block: made, name: p, input: s, with: {wide: %d}}\n"
                 "  - {block: made, name: q, input: t, with: {wide: %d}}\n"
                 "  - {name: u, inputs: [p, q], kind: add}\n"
                 "  - {%s%s%s}\n"
                 "blocks:\n  made:\n"
                 "    - {kind: conv3d, units: wide, kernel: [4, 4, 2]}\n    - {kind: tanh}\n",
                 n, n, strstr(wide[k / 3], "name: out") != NULL ? "" : "name: out, ",
                 strstr(wide[k / 3], "inputs") != NULL ? "" : "input: u, ", wide[k / 3]);
        check_gradients(text, 40);
    }
}

/* Number of place (z, p, r), channel c. */
static float at(const float *x, int b, int z, int p, int r, int c)
{
    return x[(((b * D + z) * H + p) * W + r) * C + c];
}

/* The ring within r = 0 is that ring half a turn on; then phi goes around. */
static void padding_goes_around_and_across_the_axis(void **state)
{
    (void)state;
    struct bench t = built("- {name: out, input: s, kind: pad_cylinder}");
    const float *y;
    double size;

    bench_loss(&t, &size);
    y = graph_output(&t.g, 0);
    assert_int_equal(t.out, C * D * (H + 2) * (W + 1));
    for (int b = 0; b < ROWS; b++)
        for (int z = 0; z < D; z++)
            for (int p = -1; p <= H; p++)
                for (int r = -1; r < W; r++)
                    for (int c = 0; c < C; c++, y++) {
                        int turn = (p + H) % H;
                        if (r < 0) turn = (turn + H / 2) % H;
                        assert_true(*y == at(t.x[0], b, z, turn, r < 0 ? 0 : r, c));
                    }
    bench_drop(&t);
}

/* Windows of 2 x 3 x 2 in steps of 1 x 2 x 2, one place padded all around: the definition, place by
 * place, forward and back. */
static void the_largest_wins(void **state)
{
    (void)state;
    struct bench t = built(
        "- {name: out, input: s, kind: max_pool, kernel: [2, 3, 2], stride: [1, 2, 2], pad: 1}");
    const int out[3] = { D + 1, 3, 2 };
    float want[ROWS * S] = { 0 };
    int good = 1;

    bench_backward(&t);
    assert_int_equal(t.out, C * out[0] * out[1] * out[2]);
    const float *y = graph_output(&t.g, 0), *r = t.r;
    for (int b = 0; b < ROWS; b++)
        for (int z = 0; z < out[0]; z++)
            for (int p = 0; p < out[1]; p++)
                for (int q = 0; q < out[2]; q++)
                    for (int c = 0; c < C; c++, y++, r++) {
                        float most = -INFINITY;
                        int place = 0;
                        for (int i = z - 1; i < z + 1; i++)
                            for (int j = 2 * p - 1; j < 2 * p + 2; j++)
                                for (int k = 2 * q - 1; k < 2 * q + 1; k++) {
                                    if (i < 0 || i >= D || j < 0 || j >= H || k < 0 || k >= W)
                                        continue;
                                    if (!(at(t.x[0], b, i, j, k, c) > most)) continue;
                                    most = at(t.x[0], b, i, j, k, c);
                                    place = (((b * D + i) * H + j) * W + k) * C + c;
                                }
                        good &= *y == most;
                        want[place] += *r;
                    }
    for (int i = 0; i < ROWS * S; i++) good &= fabsf(t.dx[0][i] - want[i]) < 1e-5f;
    bench_drop(&t);
    assert_true(good);
}

/* <pad x, y> = <x, fold y>: the two are adjoint. */
static void folding_is_the_adjoint_of_padding(void **state)
{
    (void)state;
    struct bench pad = built("- {name: out, input: s, kind: pad_cylinder, phi: 1, centre: 2}");
    struct bench fold = built("- {input: s, kind: pad_cylinder, phi: 1, centre: 2}\n"
                              "- {name: out, kind: fold_cylinder, phi: 1, centre: 2}");
    double size, left = 0.0, right = 0.0;

    bench_loss(&pad, &size);
    bench_loss(&fold, &size);
    const float *y = graph_output(&pad.g, 0), *folded = graph_output(&fold.g, 0);
    for (int i = 0; i < ROWS * pad.out; i++) left += (double)y[i] * (double)y[i];
    for (int i = 0; i < ROWS * S; i++) right += (double)pad.x[0][i] * (double)folded[i];
    assert_near(left, right, 1e-4);
    bench_drop(&pad);
    bench_drop(&fold);
}

/* A turn of the shower turns what periodic layers make of it. */
static void a_turned_shower_gives_a_turned_output(void **state)
{
    (void)state;
    struct bench t = built("- {input: s, kind: pad_cylinder, centre: 0}\n"
                           "- {kind: conv3d, units: 3, kernel: 3}\n- {kind: silu}\n"
                           "- {kind: conv_transpose3d, units: 3, kernel: 3}\n"
                           "- {name: out, kind: fold_cylinder, centre: 0}");
    float before[ROWS * S], x[ROWS * S];
    double size;

    bench_loss(&t, &size);
    assert_int_equal(t.out, S);
    memcpy(before, graph_output(&t.g, 0), sizeof before);
    memcpy(x, t.x[0], sizeof x);
    for (int i = 0; i < ROWS * S; i++) {
        int r = i % (W * C), p = i / (W * C) % H, row = i / (W * C * H);
        t.x[0][i] = x[(row * H + (p + 2) % H) * W * C + r];
    }
    bench_loss(&t, &size);
    for (int i = 0; i < ROWS * S; i++) {
        int r = i % (W * C), p = i / (W * C) % H, row = i / (W * C * H);
        assert_near((double)graph_output(&t.g, 0)[i],
                    (double)before[(row * H + (p + 2) % H) * W * C + r], 1e-5);
    }
    bench_drop(&t);
}

/* Mean 0 and variance 1 of each channel over places and rows; the moving averages move by a tenth;
 * evaluation uses them. */
static void batch_norm_is_its_definition(void **state)
{
    (void)state;
    struct bench t = built("- {name: out, input: s, kind: batch_norm}");
    double n = ROWS * D * H * W, size;

    for (int c = 0; c < C; c++) t.params[t.g.layer[0].at[0] + c] = 0.5f + (float)c;
    bench_loss(&t, &size);
    for (int c = 0; c < C; c++) {
        double sum = 0.0, square = 0.0;
        for (int i = c; i < ROWS * S; i += C) sum += (double)t.x[0][i];
        for (int i = c; i < ROWS * S; i += C) square += pow((double)t.x[0][i] - sum / n, 2.0);
        double mean = 0.1 * sum / n, variance = 0.9 + 0.1 * square / (n - 1.0);
        assert_near((double)t.params[t.g.layer[0].at[2] + c], mean, 1e-6);
        assert_near((double)t.params[t.g.layer[0].at[3] + c], variance, 1e-6);
        for (int i = c; i < ROWS * S; i += C)
            assert_near((double)graph_output(&t.g, 0)[i],
                        (0.5 + c) * ((double)t.x[0][i] - sum / n) / sqrt(square / n + 1e-5), 2e-5);
        graph_forward(&t.g, t.params, 1, 0);
        assert_near((double)graph_output(&t.g, 0)[c],
                    (0.5 + c) * ((double)t.x[0][c] - mean) / sqrt(variance + 1e-5), 2e-5);
        graph_forward(&t.g, t.params, ROWS, 1);
        for (int k = 0; k < C; k++) { /* the step before is undone for the next channel */
            t.params[t.g.layer[0].at[2] + k] = 0.0f;
            t.params[t.g.layer[0].at[3] + k] = 1.0f;
        }
        graph_forward(&t.g, t.params, ROWS, 1);
    }
    bench_drop(&t);
}

/* Rows shared out over the ranks give what one rank makes of all of them, one rank being without
 * any when there are three. */
static void batch_norm_counts_the_rows_of_all_ranks(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct bench all = built("- {input: s, kind: batch_norm}\n- {name: out, kind: silu}");
    struct bench mine = built("- {input: s, kind: batch_norm}\n- {name: out, kind: silu}");
    struct reducer r = par_reducer(P);
    int first = P->rank == 0 ? 0 : P->rank == 1 ? 2 : 3, ok = 1;

    bench_backward(&all);
    mine.B = P->size == 1 ? 3 : P->rank == 0 ? 2 : P->rank == 1 ? 1 : 0;
    graph_reducer(&mine.g, &r);
    memmove(mine.x[0], mine.x[0] + first * S, (size_t)(mine.B * S) * sizeof(float));
    memmove(mine.r, mine.r + first * S, (size_t)(mine.B * S) * sizeof(float));
    bench_backward(&mine);
    for (int i = 0; i < mine.B * S; i++)
        ok &= fabsf(mine.dx[0][i] - all.dx[0][first * S + i]) < 1e-5f &&
              fabsf(graph_output(&mine.g, 0)[i] - graph_output(&all.g, 0)[first * S + i]) < 1e-5f;
    for (int k = 2; k < 4; k++)
        for (int c = 0; c < C; c++)
            ok &= fabsf(mine.params[mine.g.layer[0].at[k] + c] -
                        all.params[all.g.layer[0].at[k] + c]) < 1e-6f;
    assert_true(test_agree(ok));
    bench_drop(&all);
    bench_drop(&mine);
}

/* With `local` a rank normalises by its own rows, whatever the reducer: as one rank alone does.
 * Rank r has rows r % 2 and 2. */
static void a_local_batch_norm_counts_its_own_rows(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct bench alone = built("- {name: out, input: s, kind: batch_norm}");
    struct bench local = built("- {name: out, input: s, kind: batch_norm, local: true}");
    struct reducer r = par_reducer(P);
    int ok = 1;

    graph_reducer(&local.g, &r);
    for (struct bench *t = &alone;; t = &local) {
        t->B = 2;
        memcpy(t->x[0], t->x[0] + P->rank % 2 * S, S * sizeof(float));
        memcpy(t->x[0] + S, t->x[0] + 2 * S, S * sizeof(float));
        bench_backward(t);
        if (t == &local) break;
    }
    for (int i = 0; i < 2 * S; i++)
        ok &= local.dx[0][i] == alone.dx[0][i] &&
              graph_output(&local.g, 0)[i] == graph_output(&alone.g, 0)[i];
    assert_true(test_agree(ok));
    bench_drop(&alone);
    bench_drop(&local);
}

static void group_norm_is_its_definition(void **state)
{
    (void)state;
    struct bench t = built("- {name: out, input: s, kind: group_norm, groups: 3}");
    struct bench one = built("- {name: out, input: s, kind: group_norm}");
    double size;

    bench_loss(&t, &size);
    bench_loss(&one, &size);
    for (int b = 0; b < ROWS; b++) {
        double all = 0.0, all2 = 0.0;
        for (int i = 0; i < S; i++) all += (double)t.x[0][b * S + i] / S;
        for (int i = 0; i < S; i++) all2 += pow((double)t.x[0][b * S + i] - all, 2.0) / S;
        for (int c = 0; c < C; c++) {
            double mean = 0.0, square = 0.0, n = D * H * W;
            for (int i = c; i < S; i += C) mean += (double)t.x[0][b * S + i] / n;
            for (int i = c; i < S; i += C) square += pow((double)t.x[0][b * S + i] - mean, 2.0) / n;
            for (int i = c; i < S; i += C) {
                double x = (double)t.x[0][b * S + i];
                assert_near((double)graph_output(&t.g, 0)[b * S + i],
                            (x - mean) / sqrt(square + 1e-5), 1e-5);
                assert_near((double)graph_output(&one.g, 0)[b * S + i],
                            (x - all) / sqrt(all2 + 1e-5), 1e-5);
            }
        }
    }
    bench_drop(&t);
    bench_drop(&one);
}

/* One row in double, by the sums of attention.c's head. */
static double attention(const float *x, const float *params, const struct layer *l, int place,
                        int channel)
{
    enum { N = D * H * W, DIM = 4 };
    static double q[N][DIM], k[N][DIM], v[N][DIM];
    const float *w = params + l->at[0], *out = params + l->at[1];
    double y = (double)params[l->at[2] + channel];

    for (int i = 0; i < N; i++) {
        double sum = 0.0;
        for (int j = 0; j < DIM; j++) {
            q[i][j] = k[i][j] = v[i][j] = 0.0;
            for (int c = 0; c < C; c++) {
                q[i][j] += (double)x[i * C + c] * (double)w[j * C + c];
                k[i][j] += (double)x[i * C + c] * (double)w[(DIM + j) * C + c];
                v[i][j] += (double)x[i * C + c] * (double)w[(2 * DIM + j) * C + c];
            }
            sum += exp(q[i][j]);
        }
        for (int j = 0; j < DIM; j++) q[i][j] = exp(q[i][j]) / sum / sqrt((double)DIM);
    }
    for (int j = 0; j < DIM; j++) {
        double sum = 0.0;
        for (int i = 0; i < N; i++) sum += exp(k[i][j]);
        for (int i = 0; i < N; i++) k[i][j] = exp(k[i][j]) / sum;
    }
    for (int d = 0; d < DIM; d++)
        for (int j = 0; j < DIM; j++)
            for (int i = 0; i < N; i++)
                y += q[place][j] * k[i][j] * v[i][d] * (double)out[channel * DIM + d];
    return y;
}

static void attention_is_its_definition(void **state)
{
    (void)state;
    struct bench t = built("- {name: out, input: s, kind: linear_attention, dim: 4}");
    double size;

    slope_fill(t.params + t.g.layer[0].at[2], C, 55);
    bench_loss(&t, &size);
    for (int i = 0; i < 12; i++) {
        int b = i % ROWS, place = 5 * i, c = i % C;
        assert_near((double)graph_output(&t.g, 0)[b * S + place * C + c],
                    attention(t.x[0] + b * S, t.params, &t.g.layer[0], place, c), 2e-6);
    }
    bench_drop(&t);
}

/* A third of the numbers are 0, the mean stays, other steps draw others, evaluation drops none. */
static void dropout_drops_its_share_and_keeps_the_mean(void **state)
{
    (void)state;
    struct bench t = built("- {name: out, input: s, kind: dropout, rate: 0.3}");
    int zeros = 0, same = 0;
    double size;
    float before[ROWS * S];

    bench_loss(&t, &size);
    memcpy(before, graph_output(&t.g, 0), sizeof before);
    for (int i = 0; i < ROWS * S; i++) {
        float y = before[i], x = t.x[0][i];
        assert_true(y == 0.0f || fabsf(y - x / 0.7f) < 1e-6f);
        zeros += y == 0.0f;
    }
    assert_near((double)zeros / (ROWS * S), 0.3, 0.1); /* 5 sigma of 540 numbers */
    bench_loss(&t, &size);
    assert_memory_equal(before, graph_output(&t.g, 0), sizeof before);
    graph_draw(&t.g, 5, NULL, 3);
    bench_loss(&t, &size);
    for (int i = 0; i < ROWS * S; i++) same += graph_output(&t.g, 0)[i] == before[i];
    assert_true(same < ROWS * S - 50);
    graph_forward(&t.g, t.params, ROWS, 0);
    assert_memory_equal(t.x[0], graph_output(&t.g, 0), sizeof before);
    bench_drop(&t);
}

/* The first number is the reference's: K / ((M - 1) sqrt M) (cos(pi m / M) c + sin |1 - c|) with
 * K near M / 4. */
static void latent_encoding_is_its_definition(void **state)
{
    (void)state;
    struct bench t = built("- {name: out, input: b, kind: latent_encoding, units: 2}");
    double size;

    bench_loss(&t, &size);
    for (int b = 0; b < ROWS; b++)
        for (int i = 1; i <= 2; i++) {
            double sum = 0.0;
            for (int m = 0; m < 7; m++) {
                double a = 3.14159265358979 * i * m / 7.0, c = (double)t.x[4][b * 7 + m];
                sum += (cos(a) * c + sin(a) * (1.0 - c)) / (4.0 * sqrt(7.0));
            }
            assert_near((double)graph_output(&t.g, 0)[b * 2 + i - 1], sum, 1e-6);
        }
    bench_drop(&t);
}

static void shapes_that_do_not_fit_are_named_with_their_line(void **state)
{
    (void)state;
    const char *cases[][2] = {
        { "- {name: out, input: s, kind: conv3d, units: 2, kernel: [3, 3, 4]}",
          "net.yaml:1: conv3d: a kernel of 3 x 3 x 4 does not fit into 3 x 4 x 5 x 3" },
        { "- {name: out, input: s, kind: conv3d, units: 2}", "this layer needs 'kernel'" },
        { "- {name: out, input: s, kind: conv3d, units: 2, kernel: [3, 3]}", "three numbers" },
        { "- {input: s, kind: conv3d, units: 2, kernel: 3}\n- {name: out, inputs: [s, s], kind: "
          "conv3d, units: 1, kernel: 1}",
          "net.yaml:2: a layer of kind 'conv3d' takes 1 to 1 inputs, not 2" },
        { "- {name: c, input: s, kind: conv3d, units: 2, kernel: 3}\n- {name: out, inputs: [s, c], "
          "kind: concat}",
          "net.yaml:2: concat of inputs 0 and 1: the places of 3 x 4 x 5 x 3 and 2 x 2 x 3 x 1" },
        { "- {name: out, inputs: [s, e], kind: add}", "the channels of 3 x 4 x 5 x 3 and 2 x 1" },
        { "- {name: out, input: s, kind: reshape, shape: [4, 4, 5, 3]}",
          "net.yaml:1: reshape: 3 x 4 x 5 x 3 has 180 numbers, 4 x 4 x 5 x 3 has 240" },
        { "- {name: out, input: s, kind: slice, first: 2, units: 2}",
          "slice: channels 2 to 3 of 3 x 4 x 5 x 3" },
        { "- {name: out, input: b, kind: slice, partition: 2}", "there is no partition 2" },
        { "- {name: out, input: s, kind: group_norm, groups: 2}", "2 does not divide 3" },
        { "- {name: out, input: s, kind: fold_cylinder, phi: 3}", "do not fit 3 x 4 x 5 x 3" },
        { "- {name: out, input: s, kind: broadcast, places: 2}", "has more than one place" },
        { "- {name: out, input: s, kind: dropout, rate: 1}", "expected 0 to below 1" },
        { "- {block: none, input: s}", "net.yaml:1: the file has no block 'none'" },
        { "list: [{block: a, kind: tanh}]\nblocks: {a: [{kind: tanh}]}",
          "a block has no key 'kind'" },
        { "list: [{block: a, name: out}]\nblocks: {a: [{block: a}]}", "blocks more than 8 deep" },
        { "list:\n  - {name: c, input: s, kind: silu}\n  - {block: a, name: out}\nblocks:\n"
          "  a:\n    - {kind: add, inputs: [input, d]}",
          "net.yaml:6: no input or earlier layer named 'd'" },
    };

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct bench t;
        struct err e = { "" };
        assert_int_equal(build(&t, cases[k][0], &e), -1);
        if (strstr(e.text, cases[k][1]) == NULL) print_error("%s\n", e.text);
        assert_non_null(strstr(e.text, cases[k][1]));
    }
}

/* Names inside a block are its own; the tensors' names tell where they are. */
static void blocks_stand_for_their_layers(void **state)
{
    (void)state;
    struct bench t = built("list:\n"
                           "  - {block: stage, name: up, input: s, with: {wide: 4}}\n"
                           "  - {block: stage, name: on, with: {wide: 2}}\n"
                           "  - {name: out, inputs: [up.inner, on.inner, on], kind: concat}\n"
                           "blocks:\n"
                           "  stage:\n"
                           "    - {name: inner, kind: conv3d, units: wide, kernel: 1}\n"
                           "    - {concat: [inner, input], kind: conv3d, units: 1, kernel: 1}\n");
    struct bench last = built("list:\n  - {block: stage, name: out, input: s}\n"
                              "blocks: {stage: [{kind: silu}, {kind: tanh}]}");

    assert_int_equal(t.out, 7 * D * H * W);
    assert_true(tensors_find(&t.T, "net/0/0/weight") >= 0);
    assert_true(tensors_find(&t.T, "net/1/1/bias") >= 0);
    assert_int_equal(t.T.t[tensors_find(&t.T, "net/1/1/weight")].count, 3);
    assert_int_equal(graph_parameters(&t.g, &t.T), 3 * 4 + 4 + 7 + 1 + 1 * 2 + 2 + 3 + 1);
    assert_int_equal(last.out, S);
    struct bench twice =
        built("list:\n  - {block: stage, input: s}\n  - {block: stage}\n"
              "  - {name: out, kind: silu}\n"
              "blocks: {stage: [{name: a, kind: tanh}, {inputs: [a, input], kind: add}]}");
    assert_int_equal(twice.out, S);
    bench_drop(&twice);
    struct bench nested = /* the inner `wide` is 5, the outer one stays 2 */
        built("list: [{name: out, block: outer, input: s, with: {wide: 2}}]\n"
              "blocks:\n"
              "  outer:\n"
              "    - {name: a, block: inner, input: input, with: {wide: 5}}\n"
              "    - {name: b, input: input, kind: conv3d, units: wide, kernel: 1}\n"
              "    - {inputs: [a, b], kind: concat}\n"
              "  inner: [{kind: conv3d, units: wide, kernel: 1}]");
    assert_int_equal(nested.out, (5 + 2) * D * H * W);
    bench_drop(&nested);
    bench_drop(&t);
    bench_drop(&last);
}

TEST_MAIN(cmocka_unit_test(backward_is_the_derivative_of_forward),
          cmocka_unit_test(backward_is_the_derivative_at_odd_widths),
          cmocka_unit_test(padding_goes_around_and_across_the_axis),
          cmocka_unit_test(the_largest_wins), cmocka_unit_test(folding_is_the_adjoint_of_padding),
          cmocka_unit_test(a_turned_shower_gives_a_turned_output),
          cmocka_unit_test(batch_norm_is_its_definition),
          cmocka_unit_test(batch_norm_counts_the_rows_of_all_ranks),
          cmocka_unit_test(a_local_batch_norm_counts_its_own_rows),
          cmocka_unit_test(group_norm_is_its_definition),
          cmocka_unit_test(attention_is_its_definition),
          cmocka_unit_test(dropout_drops_its_share_and_keeps_the_mean),
          cmocka_unit_test(latent_encoding_is_its_definition),
          cmocka_unit_test(shapes_that_do_not_fit_are_named_with_their_line),
          cmocka_unit_test(blocks_stand_for_their_layers))
