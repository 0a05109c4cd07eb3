/* Judges: normal samples, whose best AUC is known in closed form. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "num/special.h"
#include "shower/classifier.h"

#include <math.h>
#include <string.h>

enum { D = 3, N = 2000 };

static const char *const SMALL = "- {kind: linear, units: 8, input: features}\n"
                                 "- {kind: leaky_relu, slope: 0.01}\n"
                                 "- {name: score, kind: linear, units: 1}\n";

/* Normal rows around `mean`; column 0 tells nothing. */
static struct classifier_sample normal(int which, double mean)
{
    const struct par *P = test_par();
    struct classifier_sample s = { .n = N, .mine = block_of(N, P->rank, P->size) };
    float *x = mem_take(s.mine.count * D, sizeof *x);

    for (int64_t i = 0; i < s.mine.count; i++) {
        struct rng g = rng_at(9, RNG_TEST, s.mine.first + i, which);
        for (int j = 0; j < D; j++) x[i * D + j] = (float)(rng_normal(&g) + (j ? mean : 0));
    }
    s.x = x;
    return s;
}

static int tell_apart(struct classifier *r, const char *text, double mean, int epochs,
                      struct err *e)
{
    struct classifier_sample a = normal(0, 0), b = normal(1, mean);
    struct yaml *y = yaml_parse(text, "net.yaml", e);
    struct classifier_options o = { .layers = y,
                                    .file = "net.yaml",
                                    .d = D,
                                    .epochs = epochs,
                                    .batch = 100,
                                    .rate = 1e-2,
                                    .seed = 5 };
    int bad = classifier_train(r, test_par(), &a, &b, &o, e);

    yaml_drop(y);
    mem_free((void *)(uintptr_t)a.x);
    mem_free((void *)(uintptr_t)b.x);
    return bad;
}

/* Two columns apart by m: the best score is their sum, AUC = Phi(m). The verdict has 400 showers of
 * each kind: AUC is off by sqrt(A (1 - A) (1 / 400 + 1 / 400)) / sqrt 3 or so = .017; 4 of these,
 * and .01 for a network that is not the best. Another number of ranks rounds otherwise. */
static void a_shift_is_found_with_the_auc_of_theory(void **state)
{
    (void)state;
    struct err e = { { 0 } };
    struct classifier r;
    int bad = tell_apart(&r, SMALL, 0.7, 5, &e);
    assert_int_equal(bad, 0);
    assert_near(r.auc, special_normal_cdf(0.7), 4 * 0.017 + 0.01);
    assert_near(r.auc_raw, r.auc, 0.02);
    /* JSD of the best score, by integrating over t = x + y along the shift: N(0, 1) and N(m, 1) */
    double m = 0.7 * sqrt(2.0), want = 0;
    for (double t = -8; t < 9; t += 1e-3) {
        double p = exp(-t * t / 2), q = exp(-(t - m) * (t - m) / 2);
        want += 1e-3 / sqrt(2 * acos(-1.0)) * 0.5 *
                (p * log2(2 * p / (p + q)) + q * log2(2 * q / (p + q)));
    }
    /* the loss of a shower spreads by .5 nats: 4 times .5 / sqrt(800) / ln 2 = .1 */
    assert_near(r.jsd_raw, want, 0.1);
    assert_true(want > 0.15 && r.jsd_raw > 0.05);
    /* the challenge's calibration says 1e-6 of a few showers at the ends: each one on the wrong
     * side costs 13.8 / 800 / ln 2 = .025, and the AUC nothing */
    assert_near(r.jsd, r.jsd_raw, 8 * 0.025);
    assert_true(r.epoch >= 1 && r.epoch <= 5);
    assert_int_equal(r.parameters, D * 8 + 8 + 8 + 1);
}

static void samples_of_one_law_stay_together(void **state)
{
    (void)state;
    struct err e = { { 0 } };
    struct classifier r;
    int bad = tell_apart(&r, SMALL, 0, 3, &e);
    assert_int_equal(bad, 0);
    assert_near(r.auc, 0.5, 4 * 0.0204); /* sqrt(801 / (12 * 400 * 400)) */
    assert_near(r.jsd_raw, 0, 0.1);      /* as above, and what the network learned by heart */
}

/* Energy and voxels are the columns of features: the same network, cut in two. */
static void inputs_are_columns(void **state)
{
    (void)state;
    const char *text = "- {kind: linear, units: 8, concat: [energy, voxels]}\n"
                       "- {kind: leaky_relu, slope: 0.01}\n"
                       "- {name: score, kind: linear, units: 1}\n";
    struct err e = { { 0 } };
    struct classifier r, s;
    int bad = tell_apart(&r, SMALL, 0.7, 1, &e) || tell_apart(&s, text, 0.7, 1, &e);
    assert_int_equal(bad, 0);
    assert_near(r.auc_raw, s.auc_raw, 1e-12);
}

/* Blocks, batch norms that sum over ranks, pools: a small residual network in 3-D. The voxels are
 * two places of phi; ranks without a row of a batch take part in its sums. */
static void blocks_and_batch_norms_work_over_ranks(void **state)
{
    (void)state;
    const char *text = "layers:\n"
                       "  - {input: voxels, kind: reshape, shape: [1, 1, 2, 1]}\n"
                       "  - {name: a, kind: conv3d, units: 6, kernel: [1, 2, 1]}\n"
                       "  - {name: b, block: more, input: a, with: {wide: 6}}\n"
                       "  - {kind: mean_pool}\n"
                       "  - {name: score, kind: linear, units: 1}\n"
                       "blocks:\n"
                       "  more:\n"
                       "    - {name: in, input: input, kind: scale, factor: 1.0}\n"
                       "    - {kind: batch_norm}\n"
                       "    - {name: new, kind: conv3d, units: wide, kernel: 1}\n"
                       "    - {inputs: [in, new], kind: add}\n"
                       "    - {kind: relu}\n";
    struct err e = { { 0 } };
    struct classifier r;
    int bad = tell_apart(&r, text, 0.7, 5, &e);
    if (bad) print_message("%s\n", e.text);
    assert_int_equal(bad, 0);
    assert_near(r.auc, special_normal_cdf(0.7), 4 * 0.017 + 0.02);
}

static void bad_networks_and_samples_are_sentences(void **state)
{
    (void)state;
    struct err e = { { 0 } }, f = { { 0 } };
    struct classifier r;
    assert_int_equal(
        tell_apart(&r, "- {name: score, kind: linear, units: 2, input: features}\n", 0, 1, &e), -1);
    assert_non_null(strstr(e.text, "net.yaml: the layer 'score' has 2 units, expected 1"));
    assert_int_equal(
        tell_apart(&r, "- {name: other, kind: linear, units: 1, input: features}\n", 0, 1, &f), -1);
    assert_non_null(strstr(f.text, "score"));
}

TEST_MAIN(cmocka_unit_test(a_shift_is_found_with_the_auc_of_theory),
          cmocka_unit_test(samples_of_one_law_stay_together), cmocka_unit_test(inputs_are_columns),
          cmocka_unit_test(blocks_and_batch_norms_work_over_ranks),
          cmocka_unit_test(bad_networks_and_samples_are_sentences))
