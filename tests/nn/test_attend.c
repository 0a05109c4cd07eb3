#include "nn/bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Layers held to their definitions, place by place and in double. Two rows of a [4] x 3 x 2 x 3 and
 * one of b [6] x 130: more keys than a tile of queries, and a tile that is not full. */
enum { ROWS = 2, C = 4, D = 3, H = 2, W = 3, PLACES = D * H * W, CB = 6, M = 130 };

static const struct graph_input inputs[2] = { { "a", { C, D, H, W }, 1 },
                                              { "b", { CB, M, 1, 1 }, 1 } };

static const struct graph_wish wish = { .input = inputs, .inputs = 2, .batch = ROWS };

static int build(struct bench *t, const char *text, struct err *e)
{
    return bench_build(t, wish, text, e);
}

static struct bench built(const char *text)
{
    return bench_built(wish, text);
}

/* One number of softmax(q k^T / sqrt d) v: query row q, channel c of head h, from rows of b. */
static double attended(const float *q, const float *b, int d, int h, int c)
{
    double sum = 0.0, mean = 0.0;

    for (int j = 0; j < M; j++) {
        double fit = 0.0;
        for (int k = 0; k < d; k++) fit += (double)q[h * d + k] * (double)b[j * CB + h * d + k];
        double weight = exp(fit / sqrt(d));
        sum += weight;
        mean += weight * (double)b[j * CB + c];
    }
    return mean / sum;
}

/* The fit of a query with a key is below 3 * 4 / sqrt 3 = 7, its float sum wrong by some 2^-22: so
 * is the weight's logarithm, and the mean of values below 2 by less than 1e-5. */
static void attention_is_the_mean_that_its_weights_say(void **state)
{
    (void)state;
    for (int heads = 1; heads <= 3; heads++) {
        char text[96];
        snprintf(text, sizeof text, "- {name: out, input: b, kind: attention, heads: %d}", heads);
        struct bench t = built(text);
        int d = CB / heads;
        graph_forward(&t.g, t.params, ROWS, 1);
        const float *y = graph_output(&t.g, 0);
        for (int b = 0; b < ROWS; b++)
            for (int i = 0; i < M; i += 13)
                for (int c = 0; c < CB; c++) {
                    const float *rows = t.x[1] + b * M * CB;
                    double want = attended(rows + i * CB, rows, d, c / d, c);
                    assert_near((double)y[(b * M + i) * CB + c], want, 1e-5);
                }
        bench_drop(&t);
    }
}

/* Values that are the same everywhere come back, whatever the weights: they sum to 1. */
static void weights_sum_to_one(void **state)
{
    (void)state;
    struct bench t = built("- {name: one, input: b, kind: scale, factor: 0, shift: 1}\n"
                           "- {name: out, inputs: [b, b, one], kind: attention, heads: 2}");

    graph_forward(&t.g, t.params, ROWS, 1);
    for (int i = 0; i < ROWS * M * CB; i++)
        assert_near((double)graph_output(&t.g, 0)[i], 1.0, 1e-5);
    bench_drop(&t);
}

static float at(const float *x, int b, int z, int p, int r, int c)
{
    return x[(((b * D + z) * H + p) * W + r) * C + c];
}

/* x between its places, held at the ends or around the circle. */
static double line(double x, int n, int around, int at_two[2])
{
    double low = floor(x);

    for (int k = 0; k < 2; k++) {
        int i = (int)low + k;
        at_two[k] = around ? (i + n) % n : i < 0 ? 0 : i >= n ? n - 1 : i;
    }
    return x - low;
}

static void trilinear_is_linear_in_each_coordinate(void **state)
{
    (void)state;
    for (int around = 0; around < 2; around++) {
        struct bench t = built(around ? "- {name: out, input: a, kind: up_sample, mode: trilinear, "
                                        "size: [5, 6, 4], periodic: true}"
                                      : "- {name: out, input: a, kind: up_sample, mode: trilinear, "
                                        "size: [5, 6, 4]}");
        graph_forward(&t.g, t.params, ROWS, 1);
        const float *y = graph_output(&t.g, 0);
        for (int i = 0; i < ROWS * 5 * 6 * 4 * C; i++) {
            int c = i % C, r = i / C % 4, p = i / C / 4 % 6, z = i / C / 24 % 5, b = i / C / 120;
            int tz[2], tp[2], tr[2];
            double s[3] = { line((z + 0.5) * 3 / 5 - 0.5, D, 0, tz),
                            line((p + 0.5) * 2 / 6 - 0.5, H, around, tp),
                            line((r + 0.5) * 3 / 4 - 0.5, W, 0, tr) };
            double want = 0.0;
            for (int k = 0; k < 8; k++)
                want += (k & 1 ? s[0] : 1 - s[0]) * (k & 2 ? s[1] : 1 - s[1]) *
                        (k & 4 ? s[2] : 1 - s[2]) *
                        (double)at(t.x[0], b, tz[k & 1], tp[k >> 1 & 1], tr[k >> 2], c);
            assert_near((double)y[i], want, 1e-6);
        }
        bench_drop(&t);
    }
}

static void nearest_repeats(void **state)
{
    (void)state;
    struct bench t = built("- {name: out, input: a, kind: up_sample, factor: [1, 3, 2]}");

    graph_forward(&t.g, t.params, ROWS, 1);
    const float *y = graph_output(&t.g, 0);
    for (int i = 0; i < ROWS * D * 3 * H * 2 * W * C; i++) {
        int c = i % C, r = i / C % 6, p = i / C / 6 % 6, z = i / C / 36 % D, b = i / C / 36 / D;
        assert_true(y[i] == at(t.x[0], b, z, p / 3, r / 2, c));
    }
    bench_drop(&t);
}

/* Twice turned is as before; once turned, place p of channel c is place c of channel p. */
static void a_transpose_exchanges_places_and_channels(void **state)
{
    (void)state;
    struct bench t = built("- {name: out, input: b, kind: transpose}");

    graph_forward(&t.g, t.params, ROWS, 1);
    assert_int_equal(t.g.value[t.g.output[0]].shape.c, M);
    for (int b = 0; b < ROWS; b++)
        for (int p = 0; p < M; p++)
            for (int c = 0; c < CB; c++)
                assert_true(graph_output(&t.g, 0)[(b * CB + c) * M + p] ==
                            t.x[1][(b * M + p) * CB + c]);
    bench_drop(&t);
}

/* Mean and deviation of 1560 normal numbers: 0 and .5 within 4 errors, .5 / sqrt 1560 = .013 and
 * .5 / sqrt 3120 = .009. Evaluation adds none unless it is asked for; a step draws anew, and the
 * same step the same again. */
static void noise_is_normal_and_stays_out_of_evaluation(void **state)
{
    (void)state;
    const char *text[2] = { "- {name: out, input: b, kind: noise, deviation: 0.5}",
                            "- {name: out, input: b, kind: noise, deviation: 0.5, when: always}" };
    enum { N = ROWS * M * CB };

    for (int always = 0; always < 2; always++) {
        struct bench t = built(text[always]);
        double sum = 0.0, square = 0.0, moved = 0.0;
        float first[N];
        graph_forward(&t.g, t.params, ROWS, 1);
        memcpy(first, graph_output(&t.g, 0), sizeof first);
        for (int i = 0; i < N; i++) {
            double n = (double)first[i] - (double)t.x[1][i];
            sum += n;
            square += n * n;
        }
        assert_near(sum / N, 0.0, 0.052);
        assert_near(sqrt(square / N), 0.5, 0.036);
        graph_forward(&t.g, t.params, ROWS, 1);
        assert_memory_equal(first, graph_output(&t.g, 0), sizeof first);
        graph_forward(&t.g, t.params, ROWS, 0);
        for (int i = 0; i < N; i++)
            moved += fabs((double)graph_output(&t.g, 0)[i] - (double)t.x[1][i]);
        assert_true(always ? moved > 0.3 * N : moved == 0.0);
        graph_draw(&t.g, 5, NULL, 3);
        graph_forward(&t.g, t.params, ROWS, 1);
        assert_memory_not_equal(first, graph_output(&t.g, 0), sizeof first);
        bench_drop(&t);
    }
}

/* Both layers read one tensor, which is counted once. */
static void shared_weights_are_one_tensor(void **state)
{
    (void)state;
    struct bench t = built("- {name: p, input: b, kind: conv3d, units: 6, kernel: 1}\n"
                           "- {kind: silu}\n"
                           "- {name: out, kind: conv3d, units: 6, kernel: 1, weights: p}");

    assert_int_equal(t.T.n, 2);
    assert_int_equal(graph_parameters(&t.g, &t.T), 6 * 6 + 6);
    assert_int_equal(t.g.layer[2].at[0], t.g.layer[0].at[0]);
    bench_drop(&t);
}

static const struct {
    const char *text, *sentence;
} wrong[] = {
    { "- {name: out, inputs: [a, b], kind: attention}",
      "net.yaml:1: attention: 2 inputs, expected queries, keys and values, or one" },
    { "- {name: out, inputs: [a, b, b], kind: attention}",
      "net.yaml:1: attention: the channels of queries 4 x 3 x 2 x 3 and keys 6 x 130 x 1 x 1 "
      "differ" },
    { "- {name: out, inputs: [a, a, b], kind: attention}",
      "net.yaml:1: attention: the places of keys 4 x 3 x 2 x 3 and values 6 x 130 x 1 x 1 differ" },
    { "- {name: out, input: a, kind: attention, heads: 3}",
      "net.yaml:1: attention: 3 heads do not divide the channels of 4 x 3 x 2 x 3 and 4 x 3 x 2 x "
      "3" },
    { "- {name: out, input: a, kind: up_sample, size: [3, 1, 3]}",
      "net.yaml:1: up_sample: 3 x 1 x 3 places are fewer than those of 4 x 3 x 2 x 3" },
    { "- {name: out, input: a, kind: up_sample, size: 4, factor: 2}",
      "net.yaml:1: up_sample: one of factor and size, not both" },
    { "- {name: out, input: a, kind: noise, deviation: -1}",
      "net.yaml:1: deviation: -1: expected 0 or more" },
    { "- {name: p, input: a, kind: gain}\n- {name: out, kind: prelu, weights: p}",
      "net.yaml:2: weights: expected the name of an earlier layer of kind 'prelu'" },
    { "- {name: p, input: a, kind: conv3d, units: 5, kernel: 1}\n"
      "- {name: out, kind: conv3d, units: 5, kernel: 1, weights: p}",
      "net.yaml:2: conv3d: its weights would not have the shapes of those of 'p'" },
};

static void what_does_not_fit_is_refused_by_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct bench t;
        struct err e = { "" };
        assert_int_equal(build(&t, wrong[i].text, &e), -1);
        assert_string_equal(e.text, wrong[i].sentence);
    }
}

TEST_MAIN(cmocka_unit_test(attention_is_the_mean_that_its_weights_say),
          cmocka_unit_test(weights_sum_to_one),
          cmocka_unit_test(trilinear_is_linear_in_each_coordinate),
          cmocka_unit_test(nearest_repeats),
          cmocka_unit_test(a_transpose_exchanges_places_and_channels),
          cmocka_unit_test(noise_is_normal_and_stays_out_of_evaluation),
          cmocka_unit_test(shared_weights_are_one_tensor),
          cmocka_unit_test(what_does_not_fit_is_refused_by_line))
