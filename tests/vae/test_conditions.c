/* What the networks are told of an event beside its shower, and the ways it may enter. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "vae/vae.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { V = 12, K = 3, L = 57 + 5 + 4, F = L - 57, B = 5, OTHERS = 2 };

static const struct conditions_range ranges[OTHERS] = { { "eta", -2.0, 3.0, 0 },
                                                        { "impact", 0.1, 10.0, 1 } };

static void numbers_of_the_condition_are_scaled_by_their_ranges(void **state)
{
    (void)state;
    struct conditions c = { .low = 6.0, .high = 14.0, .scale = 2.0, .others = OTHERS };
    const double E[3] = { exp(6.0), exp(8.0), exp(14.0) };
    const double other[3 * OTHERS] = { -2.0, 0.1, 0.5, 1.0, 3.0, 10.0 };
    const double want[3][3] = { { 0.0, 0.0, 0.0 }, { 0.5, 0.5, 0.5 }, { 2.0, 1.0, 1.0 } };
    float t[3], vector[9];

    memcpy(c.other, ranges, sizeof ranges);
    conditions_fill(&c, 3, E, other, t, vector);
    for (int b = 0; b < 3; b++) {
        assert_near((double)t[b], want[b][0], 1e-6);
        for (int k = 0; k < 3; k++) assert_near((double)vector[3 * b + k], want[b][k], 1e-6);
    }
}

static void what_is_no_range_and_what_is_outside_is_refused(void **state)
{
    (void)state;
    const struct conditions_range bad[] = { { "a", 1.0, 1.0, 0 }, { "b", 0.0, 1.0, 1 } };
    const double outside[] = { -2.001, 3.001, NAN, INFINITY };

    for (int i = 0; i < 2; i++) {
        struct err e = { "" };
        assert_int_equal(conditions_range_is(&bad[i], &e), -1);
        assert_true(strncmp(e.text, bad[i].name, 1) == 0);
    }
    for (int i = 0; i < 4; i++) {
        struct err e = { "" };
        assert_int_equal(conditions_within(&ranges[0], outside[i], &e), -1);
        assert_non_null(strstr(e.text, "expected -2 to 3"));
    }
    struct err none = { "" };
    assert_int_equal(conditions_within(&ranges[0], -2.0, &none), 0);
    assert_int_equal(conditions_within(&ranges[0], 3.0, &none), 0);
}

/* Pieces of architectures: ways for an encoder and for a decoder. */
#define LOGITS "  - {name: logits, kind: linear, units: logits}\n"
#define VOXELS                                                                                     \
    "  - {name: hits, input: trunk, kind: linear, units: voxels}\n"                                \
    "  - {name: activations, input: trunk, kind: linear, units: voxels}\n"

static const char *const encoders[] = {
    "encoder:\n  - {concat: [showers, bits], kind: linear, units: 6}\n" LOGITS,
    "encoder:\n  - {concat: [showers, conditions, bits], kind: linear, units: 6}\n" LOGITS,
    "encoder:\n  - {name: e, input: conditions, kind: linear, units: 6}\n"
    "  - {name: x, concat: [showers, bits], kind: linear, units: 6}\n"
    "  - {kind: add, inputs: [x, e]}\n" LOGITS,
    "encoder:\n  - {kind: sinusoids, input: conditions, units: 4}\n"
    "  - {kind: linear, units: conditions}\n  - {name: f, kind: linear, units: 6}\n"
    "  - {name: g, input: conditions, kind: linear, units: 6}\n"
    "  - {name: x, concat: [showers, bits], kind: linear, units: 6}\n"
    "  - {name: y, kind: multiply, inputs: [x, f]}\n  - {kind: add, inputs: [y, g]}\n" LOGITS,
};

static const char *const decoders[] = {
    "decoder:\n  - {name: trunk, input: bits, kind: linear, units: 6}\n" VOXELS,
    "decoder:\n  - {name: trunk, concat: [bits, conditions], kind: linear, units: 6}\n" VOXELS,
    "decoder:\n  - {name: e, input: conditions, kind: linear, units: 6}\n"
    "  - {name: x, input: bits, kind: linear, units: 6}\n"
    "  - {name: trunk, kind: add, inputs: [x, e]}\n" VOXELS,
    "decoder:\n  - {name: f, input: conditions, kind: linear, units: 6}\n"
    "  - {name: g, input: conditions, kind: linear, units: 6}\n"
    "  - {name: x, input: bits, kind: linear, units: 6}\n"
    "  - {name: y, kind: multiply, inputs: [x, f]}\n"
    "  - {name: trunk, kind: add, inputs: [y, g]}\n" VOXELS,
};

enum { WAYS = 4 }; /* not at all, concatenated, added, as a factor and a shift */

static int build(struct vae *v, const char *encoder, const char *decoder, int others, struct err *e)
{
    static const int nodes[K] = { 57, 5, 4 };
    struct vae_sizes s = { V, K, nodes, B, ENERGYCODE_CALOQ, others, ranges };
    char *text = mem_print("%s%s", encoder, decoder);
    struct yaml *y = yaml_parse(text, "arch.yaml", e);

    mem_free(text);
    if (y == NULL) return -1;
    int wrong = vae_init(v, y, "arch.yaml", &s, 5, e);
    yaml_drop(y);
    return wrong;
}

/* Five showers of one energy each time, their logits and, of fixed bits, their hits. */
struct outcome {
    float logit[B * F], hits[B * V];
};

static void look(struct vae *v, const double *other, struct outcome *o)
{
    struct rng r = rng_at(3, RNG_TEST, 0, 0);
    float u[B * V], z[B * L], made[B * V];
    double E[B];
    int64_t item[B];

    for (int b = 0; b < B; b++) {
        E[b] = 5e4;
        item[b] = b;
        for (int i = 0; i < V; i++) u[b * V + i] = 4.0f * rng_float(&r);
    }
    struct vae_batch batch = { B, u, E, item, 1, other };
    vae_encode(v, &batch, z, o->logit);
    for (int i = 0; i < B * L; i++) z[i] = rng_float(&r) < 0.5f ? 0.0f : 1.0f;
    vae_decode(v, &batch, z, made);
    memcpy(o->hits, decoder_hits(&v->decoder), sizeof o->hits);
}

/* Rows of two outcomes that differ, a bit a row. */
static int moved(const float *a, const float *b, int n)
{
    int rows = 0;

    for (int i = 0; i < B; i++)
        rows |= (memcmp(a + i * n, b + i * n, (size_t)n * sizeof *a) != 0) << i;
    return rows;
}

/* Every way of the encoder with every way of the decoder: logits move where the encoder is told,
 * hits where the decoder is, each row by its own numbers alone. */
static void the_condition_enters_as_the_architecture_says(void **state)
{
    (void)state;
    for (int i = 0; i < WAYS * WAYS; i++) {
        int told = i / WAYS > 0, told_too = i % WAYS > 0;
        double other[B * OTHERS];
        struct outcome before, after;
        struct err e = { "" };
        struct vae v;
        if (build(&v, encoders[i / WAYS], decoders[i % WAYS], OTHERS, &e)) {
            assert_int_equal(i, 0); /* nobody is told */
            assert_non_null(strstr(e.text, "no layer reads 'conditions'"));
            assert_non_null(strstr(e.text, "eta"));
            continue;
        }
        assert_true(told || told_too);
        for (int k = 0; k < OTHERS; k++) {
            for (int b = 0; b < B; b++) {
                other[b * OTHERS] = 0.3 * b;
                other[b * OTHERS + 1] = 1.0 + b;
            }
            look(&v, other, &before);
            other[1 * OTHERS + k] += 0.5;
            other[4 * OTHERS + k] -= 0.5;
            look(&v, other, &after);
            int rows = 1 << 1 | 1 << 4;
            assert_int_equal(moved(before.logit, after.logit, F), told ? rows : 0);
            assert_int_equal(moved(before.hits, after.hits, V), told_too ? rows : 0);
        }
        vae_free(&v);
    }
}

/* A condition of the energy alone is what `energy` is, to the bit. */
static void without_other_numbers_the_condition_is_the_energy(void **state)
{
    (void)state;
    struct outcome one, two;
    struct err e = { "" };
    struct vae v;
    char *encoder = mem_text(encoders[1]), *decoder = mem_text(decoders[1]);
    char *at[] = { strstr(encoder, "conditions"), strstr(decoder, "conditions") };

    assert_int_equal(build(&v, encoder, decoder, 0, &e), 0);
    look(&v, NULL, &one);
    vae_free(&v);
    for (int k = 0; k < 2; k++) memcpy(at[k], "energy    ", strlen("conditions"));
    assert_int_equal(build(&v, encoder, decoder, 0, &e), 0);
    look(&v, NULL, &two);
    vae_free(&v);
    assert_memory_equal(&one, &two, sizeof one);
    mem_free(encoder);
    mem_free(decoder);
}

TEST_MAIN(cmocka_unit_test(numbers_of_the_condition_are_scaled_by_their_ranges),
          cmocka_unit_test(what_is_no_range_and_what_is_outside_is_refused),
          cmocka_unit_test(the_condition_enters_as_the_architecture_says),
          cmocka_unit_test(without_other_numbers_the_condition_is_the_energy))
