#include "nn/quotient.h"

#include "base/file.h"
#include "base/yaml.h"
#include "nn/critic.h"
#include "num/dnn.h"

#include <stdio.h>

enum { ROWS = 3, N = 60 }; /* showers of 1 x 5 x 4 x 3 */

/* Convolutions on padded places, a value read twice, the energy beside all channels; odd sizes. */
static const char text[] =
    "- {name: voxels, kind: reshape, input: showers, shape: [1, 5, 4, 3]}\n"
    "- {kind: pad_cylinder}\n"
    "- {kind: conv3d, units: 3, kernel: [3, 3, 2], stride: [2, 1, 1]}\n"
    "- {name: first, kind: leaky_relu, slope: 0.2}\n"
    "- {concat: [first, energy], kind: conv3d, units: 5, kernel: [1, 3, 3]}\n"
    "- {name: second, kind: relu}\n"
    "- {name: mean, kind: mean_pool, input: first}\n"
    "- {concat: [second, mean], kind: linear, units: 7}\n"
    "- {kind: leaky_relu, slope: 0.2}\n"
    "- {name: score, kind: linear, units: 1}\n";

struct bench {
    struct critic c;
    float real[ROWS * N], fake[ROWS * N], t[ROWS], r[ROWS];
    double penalty;
};

static struct bench *built(const char *list, struct err *e)
{
    struct bench *b = mem_take(1, sizeof *b);
    struct yaml *y = yaml_parse(list, "critic.yaml", e);

    dnn_init(1);
    assert_non_null(y);
    struct critic_plan p = { y, "critic.yaml", N, ROWS, 1.0 };
    int bad = critic_init(&b->c, &p, 3, e);
    yaml_drop(y);
    if (bad) {
        mem_free(b);
        return NULL;
    }
    slope_fill(b->real, ROWS * N, 1);
    slope_fill(b->fake, ROWS * N, 2);
    for (int i = 0; i < ROWS; i++) b->t[i] = 0.3f * (float)i;
    for (int i = 0; i < ROWS; i++) b->r[i] = 0.2f + 0.3f * (float)i;
    b->penalty = 10.0;
    return b;
}

static void drop(struct bench *b)
{
    critic_free(&b->c);
    mem_free(b);
}

/* The critic's loss; its terms are of the size of the scores. */
static double loss(void *ctx, double *size)
{
    struct bench *b = ctx;
    double out[2] = { 0.0 };

    critic_learn(&b->c, b->real, b->fake, b->t, b->r, ROWS, b->penalty, out);
    *size = fabs(out[0]) + b->penalty * out[1];
    return out[0] + b->penalty * out[1];
}

/* Small weights, biases of 1 and -1 in turn: each unit stays on one side of its kink, some on
 * either. */
static void keep_off_kinks(struct critic *c)
{
    for (int i = 0; i < c->T.n; i++) {
        const struct tensor *t = &c->T.t[i];
        float *x = c->params + t->first;
        int bias = t->dims == 1 && t->count > 1;
        for (int64_t k = 0; k < t->count; k++)
            x[k] = !bias ? 0.25f * x[k] : k % 2 == 0 ? 1.0f : -1.0f;
    }
}

/* By difference quotients: once for scores alone, once with the penalty, whose gradient goes
 * through the network twice. */
static void learning_follows_the_gradient_of_its_loss(void **state)
{
    (void)state;
    struct err e = { "" };
    struct bench *b = built(text, &e);
    double size, moved = 0.0;

    assert_non_null(b);
    keep_off_kinks(&b->c);
    float *grad = mem_take(b->c.T.total, sizeof *grad),
          *plain = mem_take(b->c.T.total, sizeof *plain);
    for (int k = 0; k < 2; k++) {
        b->penalty = k == 0 ? 0.0 : 10.0;
        memset(b->c.grad, 0, (size_t)b->c.T.total * sizeof *grad);
        loss(b, &size);
        memcpy(k == 0 ? plain : grad, b->c.grad, (size_t)b->c.T.total * sizeof *grad);
        for (int i = 0; i < b->c.T.n; i++) {
            const struct tensor *t = &b->c.T.t[i];
            slope_check(&(struct slope){ loss, b }, "critic", t->name, b->c.params + t->first,
                        (k == 0 ? plain : grad) + t->first, t->count, i);
        }
    }
    for (int64_t i = 0; i < b->c.T.total; i++) moved += fabs((double)grad[i] - (double)plain[i]);
    assert_true(moved > 1.0);
    mem_free(grad);
    mem_free(plain);
    drop(b);
}

/* A critic w . x has g = w everywhere: P = (|w| - 1)^2, dP / dw = 2 (|w| - 1) w / |w|. */
static void the_penalty_of_a_plane_is_its_slope(void **state)
{
    (void)state;
    struct err e = { "" };
    struct bench *b = built("- {name: score, kind: linear, input: showers, units: 1}", &e);
    double norm = 0.0, out[2] = { 0.0 };

    assert_non_null(b);
    const float *w = b->c.params;
    for (int i = 0; i < N; i++) norm += (double)w[i] * (double)w[i];
    norm = sqrt(norm);
    critic_learn(&b->c, b->real, b->real, b->t, b->r, ROWS, 2.0, out);
    assert_near(out[0], 0.0, 1e-5);
    assert_near(out[1], ROWS * (norm - 1.0) * (norm - 1.0), 1e-5);
    for (int i = 0; i < N; i++)
        assert_near((double)b->c.grad[i], ROWS * 2.0 * 2.0 * (norm - 1.0) * (double)w[i] / norm,
                    1e-4);
    assert_near((double)b->c.grad[b->c.T.t[1].first], 0.0, 1e-6);
    drop(b);
}

/* What the decoder is told: times the slope of the score, added. */
static void scores_have_gradients_by_their_showers(void **state)
{
    (void)state;
    struct err e = { "" };
    struct bench *b = built(text, &e);
    float dx[ROWS * N];

    assert_non_null(b);
    for (int i = 0; i < ROWS * N; i++) dx[i] = 1.0f;
    double before = critic_score(&b->c, b->real, b->t, ROWS, -0.5, dx);
    for (int i = 0; i < ROWS * N; i += 7) {
        float old = b->real[i];
        b->real[i] = old + 0.01f;
        double up = critic_score(&b->c, b->real, b->t, ROWS, 0.0, NULL);
        b->real[i] = old;
        assert_near(-0.5 * (up - before) / 0.01, (double)dx[i] - 1.0, 1e-3);
    }
    drop(b);
}

/* The file for data set 2: 21 x 8 x 5, 9 x 4 x 2 and 3 x 2 x 1 places after its convolutions. */
static void the_convolutional_critic_fits_its_showers(void **state)
{
    (void)state;
    const char *path = "configs/architectures/critic-conv.yaml";
    struct err e = { "" };
    struct critic c;
    char *list = file_slurp(path, 1 << 16, NULL, &e);
    struct yaml *y = list != NULL ? yaml_parse(list, path, &e) : NULL;
    float x[6480] = { 1.0f }, t = 0.5f, out = 0.0f;

    assert_non_null(y);
    assert_int_equal(critic_init(&c, &(struct critic_plan){ y, path, 6480, 1, 1.0 }, 3, &e), 0);
    assert_int_equal(c.T.parameters, 64 * 32 + 64 + 128 * 64 * 48 + 128 + 256 * 129 * 48 + 256 +
                                         512 * 256 * 6 + 512 + 512 + 1);
    double score = critic_score(&c, x, &t, 1, 0.0, NULL);
    t = 0.6f;
    out = (float)fabs(critic_score(&c, x, &t, 1, 0.0, NULL) - score);
    critic_free(&c);
    yaml_drop(y);
    mem_free(list);
    assert_true(out > 1e-4f);
}

static void other_layers_are_refused(void **state)
{
    (void)state;
    struct err e = { "" }, other = { "" };

    assert_null(built("- {kind: linear, input: showers, units: 2}\n- {kind: silu}\n"
                      "- {name: score, kind: linear, units: 1}",
                      &e));
    assert_non_null(strstr(e.text, "critic.yaml:2: silu: a critic's penalty wants layers"));
    assert_null(built("- {name: score, kind: linear, input: showers, units: 2}", &other));
    assert_string_equal(other.text, "critic.yaml:1: 'score' is 2 x 1 x 1 x 1, expected one unit");
}

TEST_MAIN(cmocka_unit_test(learning_follows_the_gradient_of_its_loss),
          cmocka_unit_test(the_penalty_of_a_plane_is_its_slope),
          cmocka_unit_test(scores_have_gradients_by_their_showers),
          cmocka_unit_test(the_convolutional_critic_fits_its_showers),
          cmocka_unit_test(other_layers_are_refused))
