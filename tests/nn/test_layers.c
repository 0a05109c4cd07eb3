#include "nn/bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 5, A = 7, C = 6 }; /* inputs `a` and `b` of 7 units, `c` of 6 */

static const struct graph_input inputs[] = { { "a", { A, 1, 1, 1 }, 1 },
                                             { "b", { A, 1, 1, 1 }, 1 },
                                             { "c", { C, 1, 1, 1 }, 1 } };

static const struct layer_size sizes[] = { { "voxels", 9 }, { "logits", 4 } };
static const struct graph_wish wish = {
    .input = inputs, .inputs = 3, .size = sizes, .sizes = 2, .batch = ROWS
};

static int build(struct bench *t, const char *text, struct err *e)
{
    return bench_build(t, wish, text, e);
}

static const char *const graphs[] = {
    "- {name: out, input: a, kind: linear, units: 5}",
    "- {name: out, input: a, kind: linear, units: voxels, bias: false, init: glorot, gain: 2}",
    "- {name: out, concat: [a, b, c], kind: linear, units: logits}",
    "- {name: out, concat: [a, a], kind: linear, units: 3}",
    "- {name: out, input: a, kind: prelu, init: 0.1}",
    "- {name: out, input: a, kind: leaky_relu, slope: 0.3}",
    "- {name: out, input: a, kind: relu}",
    "- {name: out, input: a, kind: silu}",
    "- {name: out, input: a, kind: gelu}",
    "- {name: out, input: a, kind: sigmoid}",
    "- {name: out, input: a, kind: tanh}",
    "- {name: out, input: a, kind: softplus}",
    "- {name: out, input: a, kind: scale, factor: -2, shift: 0.5}",
    "- {name: out, input: a, kind: layer_norm}",
    "- {name: out, input: a, kind: normalise}",
    "- {name: out, inputs: [a, b], kind: add}",
    "- {name: out, inputs: [a, b], kind: multiply}",
    "- {name: out, inputs: [a, a], kind: multiply}",
    "- {name: out, inputs: [a, b, c], kind: concat}",
    "- {name: out, concat: [a, c], kind: silu}",
    /* readers of one value add up, in any order; a residual block; two branches */
    "- {name: p, input: a, kind: linear, units: 7}\n- {name: q, kind: tanh}\n"
    "- {name: s, inputs: [p, q, a], kind: add}\n- {name: out, inputs: [s, p], kind: multiply}",
    "- {name: p, input: b, kind: silu}\n- {name: n, kind: layer_norm}\n- {name: q, input: p, kind: "
    "sigmoid}\n- {name: out, concat: [q, n, p, c], kind: linear, units: 3}",
    "- {input: a, kind: linear, units: 4}\n- {kind: tanh}\n- {kind: linear, units: 5}\n- {kind: "
    "silu}\n- {kind: linear, units: 6}\n- {kind: layer_norm}\n- {name: out, kind: linear, units: "
    "2}",
};

static void backward_is_the_derivative_of_forward(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof graphs / sizeof graphs[0]; k++) {
        struct bench t;
        struct err e = { "" };
        if (build(&t, graphs[k], &e)) print_error("%s\n", e.text);
        assert_false(err_is(&e));
        bench_backward(&t);
        for (int i = 0; i < t.T.n; i++) {
            const struct tensor *p = &t.T.t[i];
            if (strstr(graphs[k], "normalise") != NULL) continue; /* constants: no gradient */
            slope_check(&(struct slope){ bench_loss, &t }, graphs[k], p->name, t.params + p->first,
                        t.grad + p->first, p->count, i);
        }
        for (int i = 0; i < 3; i++)
            slope_check(&(struct slope){ bench_loss, &t }, graphs[k], inputs[i].name, t.x[i],
                        t.dx[i], ROWS * inputs[i].shape.c, 100 + i);
        bench_drop(&t);
    }
}

/* f(x) of each activation by libm, at the test's points. */
static double by_hand(const char *kind, double x)
{
    if (strcmp(kind, "relu") == 0) return x > 0.0 ? x : 0.0;
    if (strcmp(kind, "leaky_relu") == 0) return x > 0.0 ? x : 0.01 * x;
    if (strcmp(kind, "prelu") == 0) return x > 0.0 ? x : 0.25 * x;
    if (strcmp(kind, "silu") == 0) return x / (1.0 + exp(-x));
    if (strcmp(kind, "gelu") == 0) return 0.5 * x * (1.0 + erf(x / sqrt(2.0)));
    if (strcmp(kind, "sigmoid") == 0) return 1.0 / (1.0 + exp(-x));
    if (strcmp(kind, "tanh") == 0) return tanh(x);
    if (strcmp(kind, "softplus") == 0) return log1p(exp(x));
    return x; /* scale and normalise by default */
}

/* gelu's tanh form is within 5e-4 of x Phi(x); the others within float rounding. */
static void activations_are_the_functions_they_are_named_after(void **state)
{
    (void)state;
    const char *kinds[] = { "relu",    "leaky_relu", "prelu",    "silu",  "gelu",
                            "sigmoid", "tanh",       "softplus", "scale", "normalise" };

    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        char text[128];
        struct bench t;
        struct err e = { "" };
        double size;
        snprintf(text, sizeof text, "- {name: out, input: a, kind: %s}", kinds[k]);
        assert_int_equal(build(&t, text, &e), 0);
        bench_loss(&t, &size);
        for (int i = 0; i < ROWS * A; i++)
            assert_near((double)graph_output(&t.g, 0)[i], by_hand(kinds[k], (double)t.x[0][i]),
                        strcmp(kinds[k], "gelu") == 0 ? 5e-4 : 4e-7);
        bench_drop(&t);
    }
}

static void layer_norm_has_mean_zero_and_variance_one(void **state)
{
    (void)state;
    struct bench t;
    struct err e = { "" };
    double size;

    assert_int_equal(build(&t, "- {name: out, input: a, kind: layer_norm}", &e), 0);
    bench_loss(&t, &size);
    for (int b = 0; b < ROWS; b++) {
        double sum = 0.0, square = 0.0;
        for (int i = 0; i < A; i++) {
            double y = (double)graph_output(&t.g, 0)[b * A + i];
            sum += y;
            square += y * y;
        }
        assert_near(sum / A, 0.0, 1e-6);
        assert_near(square / A, 1.0, 1e-3); /* 1e-5 is added to a variance of about 0.5 */
    }
    bench_drop(&t);
}

/* Kaiming: variance 2 / inputs; glorot: 2 / (inputs + units). 7 * 128 uniform numbers have
 * their variance to sqrt(0.8 / n); 5 sigma. */
static void weights_start_with_the_variance_their_rule_says(void **state)
{
    (void)state;
    const char *text[] = { "- {name: out, input: a, kind: linear, units: 128}",
                           "- {name: out, input: a, kind: linear, units: 128, init: glorot}",
                           "- {name: out, input: a, kind: linear, units: 128, init: zero}" };
    double want[] = { 2.0 / A, 2.0 / (A + 128), 0.0 };

    for (int k = 0; k < 3; k++) {
        struct bench t;
        struct err e = { "" };
        double square = 0.0;
        assert_int_equal(build(&t, text[k], &e), 0);
        for (int i = 0; i < A * 128; i++) square += (double)t.params[i] * (double)t.params[i];
        assert_near(square / (A * 128), want[k], want[k] * 5.0 * sqrt(0.8 / (A * 128)));
        bench_drop(&t);
    }
}

static void bad_lists_are_refused_with_their_line(void **state)
{
    (void)state;
    const char *cases[][2] = {
        { "- {kind: linaer, units: 3}",
          "net.yaml:1: unknown layer kind 'linaer'; expected one of" },
        { "- kind: tanh\n- kind: linear\n  unit: 3",
          "net.yaml:3: a layer of kind 'linear' has no" },
        { "- {name: out, kind: linear}", "net.yaml:1: this layer needs 'units'" },
        { "- {name: out, kind: linear, units: voxel}", "units: 'voxel': expected a number from 1" },
        { "- {name: out, kind: linear, units: 0}", "units: '0': expected a number" },
        { "- {name: out, kind: linear, units: 2, init: normal}", "expected one of kaiming glorot" },
        { "- {name: out, input: d, kind: tanh}",
          "no input or earlier layer named 'd'; there are: a" },
        { "- {name: out, input: a, concat: [a, b], kind: tanh}",
          "one of input, concat and inputs" },
        { "- {name: out, inputs: [a, c], kind: add}",
          "add of inputs 0 and 1: the channels of 7 x 1 x 1 x 1 and 6" },
        { "- {name: out, input: a, kind: add}", "takes 2 to 8 inputs, not 1" },
        { "- {name: out, inputs: [a, b], kind: tanh}", "takes 1 to 1 inputs, not 2" },
        { "- {name: a, kind: tanh}", "the name 'a' is taken" },
        { "- {name: in, kind: tanh}", "no layer is named 'out'" },
        { "- {kind: tanh}\n- {name: out, input: a, kind: tanh}", "1: nothing reads this layer" },
        { "- {name: out, kind: tanh, data: x}", "only linear, normalise and bias" },
        { "- tanh", "expected a layer, a mapping with 'kind: NAME'" },
        { "kind: tanh", "net: expected a list of layers" },
        { "[]", "net: expected a list of layers" },
    };

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct bench t;
        struct err e = { "" };
        assert_int_equal(build(&t, cases[k][0], &e), -1);
        if (strstr(e.text, cases[k][1]) == NULL) print_error("%s\n", e.text);
        assert_non_null(strstr(e.text, cases[k][1]));
    }
}

static void a_layer_that_is_not_finite_is_named(void **state)
{
    (void)state;
    struct bench t;
    struct err e = { "" };
    char text[128];
    double size;

    assert_int_equal(build(&t,
                           "- {input: a, kind: tanh}\n- {name: wide, kind: linear, units: 3}\n"
                           "- {name: out, kind: silu}",
                           &e),
                     0);
    bench_loss(&t, &size);
    assert_int_equal(graph_bad_layer(&t.g, ROWS), -1);
    t.params[2] = NAN;
    bench_loss(&t, &size);
    assert_int_equal(graph_bad_layer(&t.g, ROWS), 1);
    assert_string_equal(graph_layer_name(&t.g, 1, text, sizeof text),
                        "layer 1 (linear wide, line 2)");
    bench_drop(&t);
}

static void data_starts_the_layers_that_ask_for_it(void **state)
{
    (void)state;
    struct bench t;
    struct err e = { "" };
    float shift[A], scale[A];
    double size;

    slope_fill(shift, A, 5);
    slope_fill(scale, A, 6);
    assert_int_equal(build(&t,
                           "- {input: a, kind: normalise, data: x}\n"
                           "- {name: out, kind: linear, units: 7, init: zero, data: x}",
                           &e),
                     0);
    assert_int_equal(graph_data(&t.g, t.params, "y", shift, scale, A), 0);
    assert_int_equal(graph_data(&t.g, t.params, "x", shift, scale, A), 2);
    bench_loss(&t, &size);
    for (int i = 0; i < ROWS * A; i++) {
        const float *norm = t.g.value[t.g.inputs].x;
        assert_near((double)norm[i], (double)((t.x[0][i] - shift[i % A]) * scale[i % A]), 1e-6);
        assert_true(graph_output(&t.g, 0)[i] == shift[i % A]);
    }
    bench_drop(&t);
}

/* a * detach(a): the derivative by the second factor alone is missing. */
static void no_gradient_goes_through_detach(void **state)
{
    (void)state;
    struct bench t;
    struct err e = { "" };

    assert_int_equal(build(&t,
                           "- {name: d, input: a, kind: detach}\n"
                           "- {name: out, inputs: [a, d], kind: multiply}",
                           &e),
                     0);
    bench_backward(&t);
    for (int i = 0; i < ROWS * A; i++) {
        assert_true(graph_output(&t.g, 0)[i] == t.x[0][i] * t.x[0][i]);
        assert_true(t.dx[0][i] == t.r[i] * t.x[0][i]);
    }
    bench_drop(&t);
}

/* What is read through detach alone gets no gradient: not what happens to lie in its memory. */
static void what_is_read_through_detach_alone_has_no_gradient(void **state)
{
    (void)state;
    struct bench t;
    struct err e = { "" };

    assert_int_equal(build(&t,
                           "- {name: p, input: a, kind: linear, units: 7}\n"
                           "- {name: d, kind: detach}\n"
                           "- {input: b, kind: linear, units: 7}\n"
                           "- {kind: silu}\n"
                           "- {name: s, kind: linear, units: 7}\n"
                           "- {name: out, inputs: [s, d], kind: multiply}",
                           &e),
                     0);
    bench_backward(&t);
    bench_backward(&t);
    for (int i = 0; i < ROWS * A; i++) assert_true(t.dx[0][i] == 0.0f);
    for (int i = 0; i < t.T.n; i++) {
        const struct tensor *p = &t.T.t[i];
        if (strncmp(p->name, "net/0/", 6) != 0) continue;
        for (int64_t k = 0; k < p->count; k++) assert_true(t.grad[p->first + k] == 0.0f);
    }
    bench_drop(&t);
}

TEST_MAIN(cmocka_unit_test(backward_is_the_derivative_of_forward),
          cmocka_unit_test(activations_are_the_functions_they_are_named_after),
          cmocka_unit_test(layer_norm_has_mean_zero_and_variance_one),
          cmocka_unit_test(weights_start_with_the_variance_their_rule_says),
          cmocka_unit_test(bad_lists_are_refused_with_their_line),
          cmocka_unit_test(a_layer_that_is_not_finite_is_named),
          cmocka_unit_test(no_gradient_goes_through_detach),
          cmocka_unit_test(what_is_read_through_detach_alone_has_no_gradient),
          cmocka_unit_test(data_starts_the_layers_that_ask_for_it))
