/* Judges: mean showers worked out by hand, read back from the file, on any number of ranks. */
#include "test.h"

#include "shower/profile.h"

#include <math.h>
#include <string.h>

static const char text[] = "name: small\n"
                           "particle: electron\n"
                           "threshold: 0.5\n"
                           "layers:\n"
                           "  - { id: 0, count: 2, alpha_bins: 2, thickness: 3, "
                           "r_edges: [0, 2, 6] }\n";

enum { VOXELS = 8, SHOWERS = 12, DECADES = 3, LAYERS = 2, RINGS = 2 };

/* Shower i: 10^(3 + i % 3) MeV; voxel v holds (v + 1)(i % 3 + 1), with 2 d added in layer 1 of
 * every other shower of the decade and taken away in the rest; 0.25 in voxel 0 is below the
 * threshold. */
static double make(float *x, int64_t i, double d)
{
    int decade = (int)(i % DECADES);
    for (int v = 0; v < VOXELS; v++)
        x[v] = (float)((v + 1) * (decade + 1) + (v == 4 ? (i / DECADES % 2 ? 2 * d : -2 * d) : 0));
    x[0] = 0.25f;
    return 2000 * pow(10, decade);
}

struct back {
    double showers[DECADES], longitudinal[DECADES][LAYERS], std[DECADES][LAYERS];
    double radial[DECADES][RINGS], mean[DECADES][LAYERS][RINGS];
    double edges[DECADES + 1], depth[LAYERS], radius[RINGS];
};

static int read_back(struct back *b, const char *path, struct err *e)
{
    struct h5 f;
    const struct {
        const char *name;
        double *to;
    } part[] = { { "showers_generated", b->showers },
                 { "longitudinal_generated", b->longitudinal[0] },
                 { "longitudinal_std_generated", b->std[0] },
                 { "radial_generated", b->radial[0] },
                 { "mean_shower_generated", b->mean[0][0] },
                 { "energy_edges", b->edges },
                 { "depth", b->depth },
                 { "radius", b->radius } };
    if (h5_open(&f, test_par(), path, e)) return -1;
    int bad = 0;
    for (size_t i = 0; i < sizeof part / sizeof *part && !bad; i++) {
        char name[64] = "/profiles/";
        strcat(name, part[i].name);
        bad = h5_read_all(&f, name, H5_DOUBLE, part[i].to, e);
    }
    h5_close(&f);
    return bad;
}

static void means_by_hand_come_back_from_the_file(void **state)
{
    (void)state;
    const struct par *P = test_par();
    struct block mine = block_of(SHOWERS, P->rank, P->size);
    struct geom g;
    struct profile p;
    struct h5 f;
    struct err e = { { 0 } };
    struct back b;
    float x[SHOWERS * VOXELS];
    double energy[SHOWERS];
    assert_int_equal(geom_parse(&g, text, "test", &e), 0);
    profile_init(&p, &g, 1000, 1e6); /* 1e6 itself is no fourth decade */
    for (int64_t i = 0; i < mine.count; i++) energy[i] = make(x + i * VOXELS, mine.first + i, 1);
    profile_add(&p, 1, x, energy, (int)mine.count, g.threshold);
    profile_sum(&p, P);
    const char *path = test_path("profiles.h5");
    int bad = h5_create(&f, P, path, 0, &e) || profile_write(&f, &p, &e) || h5_commit(&f, &e) ||
              read_back(&b, path, &e);
    int decades = p.decades;
    profile_free(&p);
    geom_free(&g);
    if (bad) print_message("%s\n", e.text);
    assert_int_equal(bad, 0);
    assert_int_equal(decades, DECADES);
    for (int k = 0; k < DECADES; k++) {
        assert_near(b.showers[k], 4, 0);
        /* ring 0: voxels 2 (0 is cut) | 4, 6; ring 1: 1, 3 | 5, 7 */
        assert_near(b.mean[k][0][0], 3 * (k + 1), 1e-12);
        assert_near(b.mean[k][0][1], 6 * (k + 1), 1e-12);
        assert_near(b.mean[k][1][0], 12 * (k + 1), 1e-12);
        assert_near(b.mean[k][1][1], 14 * (k + 1), 1e-12);
        assert_near(b.longitudinal[k][0], 9 * (k + 1), 1e-12);
        assert_near(b.longitudinal[k][1], 26 * (k + 1), 1e-12);
        assert_near(b.std[k][0], 0, 1e-6);
        assert_near(b.std[k][1], 2, 1e-12);
        assert_near(b.radial[k][0], 15 * (k + 1), 1e-12);
        assert_near(b.edges[k], pow(10, 3 + k), 1e-9);
    }
    assert_near(b.depth[1], 4.5, 1e-15);
    assert_near(b.radius[1], 4, 1e-15);
}

TEST_MAIN(cmocka_unit_test(means_by_hand_come_back_from_the_file))
