/*
 * The judges: numbers worked out by hand for a shower of three hits, a slow definition in long
 * double on the whole grid of data set 2, and numpy (HighLevelFeatures' formulas).
 */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "shower/observables.h"

#include <math.h>
#include <string.h>

/* Two layers of three rings and four sectors, then one of two rings and a single sector. */
static const char ragged[] = "name: ragged\n"
                             "particle: electron\n"
                             "threshold: 0.5\n"
                             "layers:\n"
                             "  - { id: 0, count: 2, alpha_bins: 4, thickness: 3, "
                             "r_edges: [0, 2, 4, 8] }\n"
                             "  - { id: 5, count: 1, alpha_bins: 1, thickness: 9, "
                             "r_edges: [0, 10, 30] }\n";

enum { RAGGED = 26 };

static void parse(struct geom *g, const char *text)
{
    struct err e = { { 0 } };
    assert_int_equal(geom_parse(g, text, "test", &e), 0);
}

static void three_hits_by_hand(void **state)
{
    (void)state;
    struct geom g;
    struct observables o;
    float x[RAGGED] = { 0 };
    const double energy = 100;
    const double pi = acos(-1);
    parse(&g, ragged);
    observables_init(&o, &g, 1);
    x[0 * 3 + 1] = 1; /* layer 0, sector at -3 pi / 4, r = 3 */
    x[2 * 3 + 1] = 3; /* layer 0, sector at pi / 4, r = 3: across */
    x[1 * 3 + 2] = 0.25f;
    x[24 + 1] = 0.5f; /* layer 2, r = 20: exactly the threshold */
    observables_of(&o, &g, x, &energy, 1, g.threshold);
    double far = 3 * cos(pi / 4);
    assert_near(o.total[0], 4.5, 0);
    assert_near(o.layer[0], 4, 0);
    assert_near(o.layer[1], 0, 0);
    assert_near(o.layer[2], 0.5, 0);
    assert_near(o.eta[0], far / 2, 1e-14);
    assert_near(o.phi[0], far / 2, 1e-14);
    assert_near(o.r[0], 3, 1e-15);
    /* -far with share 1/4, far with 3/4: variance far^2 (1 - 1/4) */
    assert_near(o.width_eta[0], far * sqrt(0.75), 1e-14);
    assert_near(o.width_phi[0], far * sqrt(0.75), 1e-14);
    /* 0 is a difference of two numbers of order 9, each good to 1e-15: its root 1e-7 */
    assert_near(o.width_r[0], 0, 1e-7);
    assert_near(o.sparsity[0], 10.0 / 12, 1e-15);
    assert_near(o.hits[0], 3, 0);
    assert_near(o.depth[0], 2 * 0.5 / 4.5, 1e-15);
    assert_near(o.peak[0], 0, 0);
    assert_near(o.sparsity[1], 1, 0);
    assert_near(o.eta[1], 0, 0);
    assert_near(o.width_r[1], 0, 0);
    assert_near(o.r[2], 20, 1e-14);
    assert_near(o.sparsity[2], 0.5, 0);
    assert_near(o.eta[2], 0, 0);
    observables_of(&o, &g, x, &energy, 1, 0);
    assert_near(o.layer[0], 4.25, 0);
    observables_free(&o);
    geom_free(&g);
}

static void columns_of_ragged_layers_skip_what_has_no_angle(void **state)
{
    (void)state;
    struct geom g;
    struct observables o;
    float x[RAGGED];
    double out[22], reference[12];
    const double energy = 1000;
    char name[64];
    parse(&g, ragged);
    observables_init(&o, &g, 1);
    for (int v = 0; v < RAGGED; v++) x[v] = (float)(v + 1);
    observables_of(&o, &g, x, &energy, 1, g.threshold);
    /* 1 + 3 E + 4 * 2 angles + E_tot + 3 * 3; 1 + 3 + 4 * 2 */
    assert_int_equal(features_count(&g, FEATURES_CHALLENGE), 22);
    assert_int_equal(features_count(&g, FEATURES_REFERENCE), 12);
    features_of(out, &o, &g, FEATURES_CHALLENGE);
    features_of(reference, &o, &g, FEATURES_REFERENCE);
    assert_memory_equal(out, reference, sizeof reference);
    assert_near(out[0], 3, 1e-15);
    assert_near(out[3], log10(25 + 26), 1e-9);
    assert_near(out[5], o.eta[1] / 100, 0);
    assert_near(out[11], o.width_phi[1] / 100, 0);
    assert_near(out[12], log10(26 * 27 / 2.0), 1e-9);
    assert_near(out[21], o.width_r[2] / 100, 0);
    features_name(name, sizeof name, &g, FEATURES_CHALLENGE, 12);
    assert_string_equal(name, "log10_E_tot");
    features_name(name, sizeof name, &g, FEATURES_CHALLENGE, 18);
    assert_string_equal(name, "EC_r_layer_5");
    observables_free(&o);
    geom_free(&g);
}

static void reference_features_hold_no_infinity(void **state)
{
    (void)state;
    struct geom g;
    struct observables o;
    float x[RAGGED] = { 0 };
    double out[12];
    const double energy = 0;
    parse(&g, ragged);
    observables_init(&o, &g, 1);
    observables_of(&o, &g, x, &energy, 1, g.threshold);
    features_of(out, &o, &g, FEATURES_REFERENCE);
    assert_near(out[0], 0, 0);
    assert_near(out[1], -8, 1e-15);
    observables_free(&o);
    geom_free(&g);
}

/* Data set 2, random hits: every observable from its definition in long double. */
static void grid_of_data_set_2_meets_the_definition(void **state)
{
    (void)state;
    enum { L = 45, A = 16, R = 9, V = L * A * R };
    static const char text[] =
        "name: ds2\n"
        "particle: electron\n"
        "threshold: 0.015151515151515152\n"
        "layers:\n"
        "  - { id: 0, count: 45, alpha_bins: 16, thickness: 3.4, r_edges: [0, 4.65, 9.3, 13.95, "
        "18.6, 23.25, 27.9, 32.55, 37.2, 41.85] }\n";
    struct geom g;
    struct observables o;
    float *x = mem_take(2 * V, sizeof *x);
    const double energy[2] = { 5e4, 6e4 };
    double *out;
    parse(&g, text);
    observables_init(&o, &g, 2);
    for (int v = 0; v < V; v++) {
        struct rng r = rng_at(1, RNG_TEST, v, 0);
        x[V + v] = rng_float(&r) < 0.3f ? (float)rng_gamma(&r, 0.5) : 0;
    }
    observables_of(&o, &g, x, energy, 2, g.threshold);
    for (int l = 0; l < L; l++) {
        long double e = 0, s[3] = { 0 }, ss[3] = { 0 };
        int hits = 0;
        for (int v = 0; v < A * R; v++) {
            long double y = x[V + l * A * R + v], alpha, at[3];
            if (y < 1.0L / 66) continue;
            alpha = -acosl(-1) + (v / R + 0.5L) * 2 * acosl(-1) / A;
            at[2] = (v % R + 0.5L) * 4.65L;
            at[0] = at[2] * cosl(alpha);
            at[1] = at[2] * sinl(alpha);
            hits++;
            e += y;
            for (int k = 0; k < 3; k++) {
                s[k] += at[k] * y;
                ss[k] += at[k] * at[k] * y;
            }
        }
        const double *centre[3] = { o.eta, o.phi, o.r };
        const double *width[3] = { o.width_eta, o.width_phi, o.width_r };
        assert_near(o.layer[L + l], (double)e, 1e-11);
        assert_near(o.sparsity[L + l], 1 - hits / 144.0, 1e-15);
        for (int k = 0; k < 3; k++) {
            assert_near(centre[k][L + l], (double)(s[k] / e), 1e-11);
            assert_near(width[k][L + l], (double)sqrtl(ss[k] / e - s[k] * s[k] / (e * e)), 1e-11);
        }
    }
    assert_int_equal(features_count(&g, FEATURES_CHALLENGE), 362);
    assert_int_equal(features_count(&g, FEATURES_REFERENCE), 226);
    out = mem_take(2 * 362, sizeof *out);
    features_of(out, &o, &g, FEATURES_CHALLENGE);
    assert_near(out[0], log10(5e4), 1e-15);
    assert_near(out[1], -8, 1e-15);   /* an empty shower */
    assert_near(out[226], -8, 1e-15); /* its E_tot */
    assert_near(out[227], 1, 0);      /* its sparsity */
    assert_near(out[362 + 361], o.width_r[L + 44] / 100, 0);
    mem_free(out);
    mem_free(x);
    observables_free(&o);
    geom_free(&g);
}

TEST_MAIN(cmocka_unit_test(three_hits_by_hand),
          cmocka_unit_test(columns_of_ragged_layers_skip_what_has_no_angle),
          cmocka_unit_test(reference_features_hold_no_infinity),
          cmocka_unit_test(grid_of_data_set_2_meets_the_definition))
