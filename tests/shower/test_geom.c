/* Geometry: data set 2 as published, ragged layers of data set 1, and bad texts. */
#include "test.h"

#include "shower/geom.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static void data_set_2_has_its_voxels(void **state)
{
    (void)state;
    struct geom g;
    struct err e = { 0 };

    int status = geom_load(&g, test_par(), "configs/geometries/calochallenge2.yaml", &e);
    if (status != 0) fail_msg("%s", e.text);
    assert_int_equal(g.layers, 45);
    assert_int_equal(g.voxels, 6480);
    assert_true(geom_regular(&g));
    assert_string_equal(g.particle, "electron");
    assert_true(g.threshold == 0.5e-3 / 0.033);
    for (int l = 0; l < 45; l++) {
        assert_near(g.layer[l].front, 3.4 * l, 1e-12);
        for (int a = 0; a < 16; a++) {
            for (int i = 0; i < 9; i++) {
                int v = l * 144 + a * 9 + i;
                double r = 4.65 * (i + 0.5), alpha = -pi + (a + 0.5) * pi / 8.0;
                assert_int_equal(g.layer_of[v], l);
                assert_near(g.r[v], r, 1e-13);
                assert_near(g.alpha[v], alpha, 1e-15);
                assert_near(g.eta[v], r * cos(alpha), 1e-13);
                assert_near(g.phi[v], r * sin(alpha), 1e-13);
            }
        }
    }
    geom_free(&g);
    geom_free(&g);
}

static void the_published_geometries_have_their_voxels(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        int layers, voxels, regular;
        double edge; /* of the outermost ring of the last layer, mm */
    } want[] = { { "calochallenge1_photons", 5, 368, 0, 2000 },
                 { "calochallenge1_pions", 7, 533, 0, 2000 },
                 { "calochallenge3", 45, 40500, 1, 41.85 },
                 { "atlas_regular", 7, 7 * 14 * 24, 1, 192 } };

    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        char path[128];
        struct geom g;
        struct err e = { 0 };
        snprintf(path, sizeof path, "configs/geometries/%s.yaml", want[i].file);
        int status = geom_load(&g, test_par(), path, &e);
        if (status != 0) fail_msg("%s", e.text);
        const struct geom_layer *last = &g.layer[g.layers - 1];
        assert_string_equal(g.name, want[i].file);
        assert_int_equal(g.layers, want[i].layers);
        assert_int_equal(g.voxels, want[i].voxels);
        assert_int_equal(geom_regular(&g), want[i].regular);
        assert_near(last->edge[last->n_r], want[i].edge, 1e-9);
        geom_free(&g);
    }
}

/* Photons of data set 1: 8 + 160 + 190 + 5 + 5 = 368 voxels in layers 0, 1, 2, 3 and 12. */
static void layers_may_differ(void **state)
{
    (void)state;
    const char *text =
        "name: ds1\nparticle: photon\nthreshold: 1\nlayers:\n"
        "  - {id: 0, alpha_bins: 1, thickness: 0, r_edges: [0, 5, 10, 30, 50, 100, 200, 400, "
        "600]}\n"
        "  - {id: 1, alpha_bins: 10, thickness: 0, r_edges: [0, 2, 4, 6, 8, 10, 12, 15, 20, 30, 40,"
        " 50, 70, 90, 120, 150, 200]}\n"
        "  - {id: 2, alpha_bins: 10, thickness: 0, r_edges: [0, 2, 5, 10, 15, 20, 25, 30, 40, 50,"
        " 60, 80, 100, 130, 160, 200, 250, 300, 350, 400]}\n"
        "  - {id: 3, alpha_bins: 1, thickness: 0, r_edges: [0, 50, 100, 200, 400, 600]}\n"
        "  - {id: 12, alpha_bins: 1, thickness: 0, r_edges: [0, 100, 200, 400, 1000, 2000]}\n";
    const int first[] = { 0, 8, 168, 358, 363, 368 };
    struct geom g;
    struct err e = { 0 };

    if (geom_parse(&g, text, "text", &e) != 0) fail_msg("%s", e.text);
    assert_int_equal(g.voxels, 368);
    assert_int_equal(g.layers, 5);
    assert_int_equal(g.layer[4].id, 12);
    assert_false(geom_regular(&g));
    for (int l = 0; l < 5; l++) {
        assert_int_equal(g.layer[l].first, first[l]);
        assert_int_equal(g.layer[l].first + g.layer[l].count, first[l + 1]);
    }
    assert_near(g.r[8 + 16 * 3 + 15], 175.0, 0.0); /* layer 1, sector 3, outermost ring */
    assert_near(g.alpha[8 + 16 * 3 + 15], -pi + 3.5 * pi / 5.0, 1e-15);
    assert_near(g.alpha[0], 0.0, 1e-15); /* one sector: its centre is opposite to -pi */
    geom_free(&g);
}

static void bad_texts_are_sentences(void **state)
{
    (void)state;
    const char *head = "name: a\nparticle: b\nthreshold: 0\nlayers:\n";
    const struct {
        const char *text, *says;
    } bad[] = {
        { "[1, 2]\n", "text:1: expected a geometry" },
        { "name: a\nparticle: b\nthreshold: 0\nlayer: []\n", "text:4: unknown key 'layer'" },
        { "name: a\nparticle: b\nlayers: []\n", "'threshold' is missing" },
        { "name: a\nparticle: b\nthreshold: -1\nlayers: []\n", "threshold is -1" },
        { "name: a\nparticle: b\nthreshold: 0\nlayers: []\n", "expected a list of layers" },
        { "+ - {id: 0, alpha_bins: 4, thickness: 1, r_edges: [0, 2, 2]}\n", "entry 3 is 2 mm" },
        { "+ - {id: 0, alpha_bins: 4, thickness: 1, r_edges: [0]}\n", "at least two numbers" },
        { "+ - {id: 0, alpha_bins: 0, thickness: 1, r_edges: [0, 1]}\n", "alpha_bins is 0" },
        { "+ - {id: 0, alpha_bins: 1, r_edges: [0, 1]}\n", "'thickness' is missing" },
        { "+ - {id: 0, sectors: 1, r_edges: [0, 1]}\n", "unknown key 'sectors'" },
        { "+ - {id: 0, count: 9999, alpha_bins: 65536, thickness: 1, r_edges: [0, 1]}\n",
          "more than" },
        { "+ - {id: 1, alpha_bins: 1, thickness: 1, r_edges: [0, 1]}\n"
          "  - {id: 1, alpha_bins: 1, thickness: 1, r_edges: [0, 1]}\n",
          "text:6: layer id 1 after 1" },
        { "+ - 3\n", "text:5: expected a layer" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[512];
        struct geom g;
        struct err e = { 0 };
        int more = bad[i].text[0] == '+';
        snprintf(text, sizeof text, "%s%s%s", more ? head : "", more ? " " : "",
                 bad[i].text + more);
        assert_int_equal(geom_parse(&g, text, "text", &e), -1);
        if (strstr(e.text, bad[i].says) == NULL)
            fail_msg("'%s' does not say '%s'", e.text, bad[i].says);
        assert_null(g.layer);
    }
}

static void a_missing_file_is_a_sentence_on_every_rank(void **state)
{
    (void)state;
    struct geom g;
    struct err e = { 0 };

    assert_int_equal(geom_load(&g, test_par(), "configs/geometries/nowhere.yaml", &e), -1);
    assert_non_null(strstr(e.text, "nowhere.yaml"));
    assert_null(g.layer);
}

TEST_MAIN(cmocka_unit_test(data_set_2_has_its_voxels),
          cmocka_unit_test(the_published_geometries_have_their_voxels),
          cmocka_unit_test(layers_may_differ), cmocka_unit_test(bad_texts_are_sentences),
          cmocka_unit_test(a_missing_file_is_a_sentence_on_every_rank))
