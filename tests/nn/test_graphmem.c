#include "test.h"

#include "base/mem.h"
#include "nn/graph.h"
#include "nn/quotient.h"

#include <math.h>
#include <string.h>

enum { ROWS = 5, IN = 7, INNER = 6 };

/* Values that backward does without, that it makes again (prelu, silu, with several readers), and
 * that it keeps. */
static const char list[] = "- {name: wide, kind: linear, units: 24}\n"
                           "- {name: bent, kind: prelu}\n"
                           "- {name: form, kind: reshape, shape: [2, 3, 2, 2]}\n"
                           "- {name: rim, kind: pad_cylinder}\n"
                           "- {name: field, kind: conv3d, units: 3, kernel: [2, 3, 2]}\n"
                           "- {name: left, kind: silu}\n"
                           "- {name: right, kind: leaky_relu, slope: 0.3, input: field}\n"
                           "- {name: both, kind: multiply, inputs: [left, right]}\n"
                           "- {name: sum, kind: add, inputs: [both, left]}\n"
                           "- {name: flat, kind: reshape, shape: [sum, 1, 1, 1]}\n"
                           "- {name: out, kind: linear, concat: [flat, bent], units: 2}\n";

struct bench {
    struct tensors T;
    struct graph g;
    float *params, *grad, *x, *dx;
};

/* With `kept`, every inner value is wanted, so that none shares memory. */
static void init(struct bench *t, int kept, float *x)
{
    static const char *const output[] = { "out",   "bent", "form", "left",
                                          "right", "both", "sum",  "flat" };
    const struct graph_input input = { "x", { IN, 1, 1, 1 }, 1 };
    const struct layer_size size = { "sum", 72 };
    struct graph_wish w = { .prefix = "net",
                            .input = &input,
                            .inputs = 1,
                            .size = &size,
                            .sizes = 1,
                            .output = output,
                            .outputs = kept ? 8 : 1,
                            .batch = ROWS };
    struct err e = { "" };
    struct yaml *y = yaml_parse(list, "net.yaml", &e);

    memset(t, 0, sizeof *t);
    if (y == NULL || graph_init(&t->g, y, "net.yaml", &w, &t->T, &e)) die("%s", e.text);
    yaml_drop(y);
    t->params = mem_take(t->T.total, sizeof(float));
    t->grad = mem_take(t->T.total, sizeof(float));
    t->x = x;
    t->dx = mem_take(ROWS * IN, sizeof(float));
    graph_start(&t->g, &t->T, t->params, 3);
    graph_bind(&t->g, 0, x, t->dx);
}

static void drop(struct bench *t)
{
    graph_free(&t->g);
    tensors_free(&t->T);
    mem_free(t->params);
    mem_free(t->grad);
    mem_free(t->dx);
}

static void step(struct bench *t)
{
    graph_forward(&t->g, t->params, ROWS, 1);
    for (int i = 0; i < t->g.outputs; i++) {
        int n = ROWS * shape_size(t->g.value[t->g.output[i]].shape);
        for (int k = 0; k < n; k++) /* loss: squares of the first output / 2 */
            graph_output_gradient(&t->g, i)[k] = i == 0 ? graph_output(&t->g, 0)[k] : 0.0f;
    }
    graph_backward(&t->g, t->params, t->grad, ROWS);
}

static void values_that_share_memory_give_the_same_gradients(void **state)
{
    (void)state;
    struct bench kept, brief;
    float x[ROWS * IN];
    int again = 0, shared = 0;

    slope_fill(x, ROWS * IN, 1);
    init(&kept, 1, x);
    init(&brief, 0, x);
    for (int round = 0; round < 2; round++) {
        step(&kept);
        step(&brief);
    }
    for (int v = 0; v < brief.g.values; v++) {
        shared += brief.g.value[v].brief;
        again += brief.g.value[v].again > 0;
        assert_false(kept.g.value[v].brief);
    }
    assert_int_equal(shared, INNER); /* all but wide, rim, field, flat, out */
    assert_int_equal(again, 3);      /* bent, left, right */
    assert_true(brief.g.row < kept.g.row);
    for (int64_t i = 0; i < kept.T.total; i++) assert_true(kept.grad[i] == brief.grad[i]);
    for (int i = 0; i < ROWS * IN; i++) assert_true(kept.dx[i] == brief.dx[i]);
    drop(&kept);
    drop(&brief);
}

/* The value that a neighbour's has overwritten is looked at all the same. */
static void a_brief_value_that_is_not_finite_is_named(void **state)
{
    (void)state;
    struct bench t;
    char text[64];
    float x[ROWS * IN];

    slope_fill(x, ROWS * IN, 1);
    init(&t, 0, x);
    graph_forward(&t.g, t.params, ROWS, 1);
    assert_int_equal(graph_bad_layer(&t.g, ROWS), -1);
    t.params[t.g.layer[1].at[0]] = NAN;
    graph_forward(&t.g, t.params, ROWS, 1);
    assert_int_equal(graph_bad_layer(&t.g, ROWS), 1);
    assert_string_equal(graph_layer_name(&t.g, 1, text, sizeof text),
                        "layer 1 (prelu bent, line 2)");
    drop(&t);
}

TEST_MAIN(cmocka_unit_test(values_that_share_memory_give_the_same_gradients),
          cmocka_unit_test(a_brief_value_that_is_not_finite_is_named))
