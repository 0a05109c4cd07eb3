/* First weights: the laws that layers name, by moments and bounds. */
#include "test.h"

#include "base/mem.h"
#include "nn/graph.h"

#include <math.h>
#include <string.h>

enum { UNITS = 300, CHANNELS = 12 };

static const struct graph_input inputs[] = { { "a", { UNITS, 1, 1, 1 }, 0 },
                                             { "x", { CHANNELS, 5, 5, 5 }, 0 } };

/* What a tensor is like. */
struct law {
    double mean, variance, fourth; /* fourth moment over the variance squared */
    double most;
    int64_t n;
};

static struct law look(const float *x, int64_t n)
{
    struct law l = { .n = n };

    for (int64_t i = 0; i < n; i++) {
        double v = (double)x[i];
        l.mean += v / (double)n;
        l.variance += v * v / (double)n;
        l.fourth += v * v * v * v / (double)n;
        l.most = fmax(l.most, fabs(v));
    }
    l.fourth /= l.variance * l.variance;
    return l;
}

/* The tensor `name` of a graph of one layer. */
static struct law first_values(const char *text, const char *name)
{
    const char *output = "out";
    struct graph_wish w = {
        .prefix = "net", .input = inputs, .inputs = 2, .output = &output, .outputs = 1, .batch = 0
    };
    struct law l = { 0 };
    struct tensors T = { 0 };
    struct graph g;
    struct err e = { "" };
    struct yaml *y = yaml_parse(text, "net.yaml", &e);

    if (y == NULL || graph_init(&g, y, "net.yaml", &w, &T, &e)) fail_msg("%s", e.text);
    yaml_drop(y);
    float *params = mem_take(T.total, sizeof *params);
    graph_start(&g, &T, params, 3);
    for (int i = 0; i < T.n; i++)
        if (strcmp(strrchr(T.t[i].name, '/') + 1, name) == 0)
            l = look(params + T.t[i].first, T.t[i].count);
    mem_free(params);
    graph_free(&g);
    tensors_free(&T);
    assert_true(l.n > 0);
    return l;
}

/* Uniform in [-b, b]: variance b^2 / 3 known to sqrt(0.8 / n), mean to b / sqrt(3 n), fourth moment
 * 9/5 of the variance squared, and the largest of n is within 10 b / n of b; 5 sigma. */
static void uniform(struct law l, double b)
{
    const double n = (double)l.n;

    assert_true(l.most <= b * (1.0 + 1e-6));
    assert_true(l.most >= b * (1.0 - 10.0 / n));
    assert_near(l.mean, 0.0, 5.0 * b / sqrt(3.0 * n));
    assert_near(l.variance, b * b / 3.0, b * b / 3.0 * 5.0 * sqrt(0.8 / n));
    assert_near(l.fourth, 1.8, 5.0 * 4.0 / sqrt(n));
}

/* Normal: variance known to sqrt(2 / n), fourth moment 3 of it squared to sqrt(24 / n). */
static void normal(struct law l, double variance)
{
    const double n = (double)l.n;

    assert_near(l.mean, 0.0, 5.0 * sqrt(variance / n));
    assert_near(l.variance, variance, variance * 5.0 * sqrt(2.0 / n));
    assert_near(l.fourth, 3.0, 5.0 * sqrt(24.0 / n));
}

/* torch.nn.Linear and Conv3d: kaiming_uniform_(a = sqrt(5)) is U(-1/sqrt(fan_in), 1/sqrt(fan_in)),
 * and biases too; fan_in = channels x kernel, of a transposed one channels made x kernel. */
static void torch_is_pytorchs_default(void **state)
{
    (void)state;
    const char *linear = "- {name: out, input: a, kind: linear, units: 500, init: torch}";
    const char *conv =
        "- {name: out, input: x, kind: conv3d, units: 40, kernel: [3, 2, 3], init: torch}";
    const char *back = "- {name: out, input: x, kind: conv_transpose3d, units: 400, kernel: 2, "
                       "stride: 2, init: torch}";

    uniform(first_values(linear, "weight"), 1.0 / sqrt(UNITS));
    uniform(first_values(linear, "bias"), 1.0 / sqrt(UNITS));
    uniform(first_values(conv, "weight"), 1.0 / sqrt(CHANNELS * 18));
    uniform(first_values(conv, "bias"), 1.0 / sqrt(CHANNELS * 18));
    uniform(first_values(back, "weight"), 1.0 / sqrt(400 * 8));
    uniform(first_values(back, "bias"), 1.0 / sqrt(400 * 8));
}

/* kaiming_normal_(mode="fan_out", nonlinearity="relu"), as torchvision's ResNets begin. */
static void fan_out_is_normal_by_what_is_made(void **state)
{
    (void)state;
    const char *text = "- {name: out, input: x, kind: conv3d, units: 64, kernel: 3, bias: false, "
                       "init: fan_out}";

    normal(first_values(text, "weight"), 2.0 / (64 * 27));
}

static void kaiming_is_as_it_was(void **state)
{
    (void)state;
    const char *text = "- {name: out, input: x, kind: conv3d, units: 64, kernel: 3}";

    uniform(first_values(text, "weight"), sqrt(6.0 / (CHANNELS * 27)));
}

TEST_MAIN(cmocka_unit_test(torch_is_pytorchs_default),
          cmocka_unit_test(fan_out_is_normal_by_what_is_made),
          cmocka_unit_test(kaiming_is_as_it_was))
