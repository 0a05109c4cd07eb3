/* The judges: numpy.histogram's rules by linear search, separations known beforehand, the expected
 * separation of two samples of one law, what the file gives back. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "shower/histo.h"

#include <math.h>
#include <string.h>

/* Two thin layers with angles, then one without. */
static const char text[] = "name: small\n"
                           "particle: electron\n"
                           "threshold: 0.01\n"
                           "layers:\n"
                           "  - { id: 0, count: 2, alpha_bins: 4, thickness: 3, "
                           "r_edges: [0, 2, 4, 8] }\n"
                           "  - { id: 12, count: 1, alpha_bins: 1, thickness: 9, "
                           "r_edges: [0, 100, 300] }\n";

enum { LAYERS = 3, VOXELS = 26, SHOWERS = 4000 };

static void parse(struct geom *g)
{
    struct err e = { { 0 } };
    assert_int_equal(geom_parse(g, text, "test", &e), 0);
}

static const struct histo *find(const struct histos *H, const char *name)
{
    for (int i = 0; i < H->n; i++)
        if (strcmp(H->h[i].name, name) == 0) return H->h + i;
    return NULL;
}

/* Shower `number` of a law, the same on any rank; `shift` makes it another law. */
static void shower(float *x, double *energy, int sample, int64_t number, double shift)
{
    struct rng r = rng_at(2 + (uint64_t)sample, RNG_TEST, number, 0);
    *energy = 1000 * exp(4 * rng_uniform(&r));
    for (int v = 0; v < VOXELS; v++)
        x[v] = rng_float(&r) < 0.5f
                   ? 0
                   : (float)(*energy / 13 * (rng_gamma(&r, 2) / 2 + shift * (v < 12)));
}

/* Both samples, this rank's share, in two blocks each. */
static void fill(struct histos *H, const struct geom *g, double shift, int same)
{
    const struct par *P = test_par();
    struct block mine = block_of(SHOWERS, P->rank, P->size);
    struct observables o;
    float *x = mem_take(SHOWERS * VOXELS, sizeof *x);
    double range[LAYERS + 1] = { 0 }, *energy = mem_take(SHOWERS, sizeof *energy);
    observables_init(&o, g, SHOWERS);
    for (int pass = 0; pass < 3; pass++) {
        int sample = pass == 2;
        for (int64_t i = 0; i < mine.count; i++)
            shower(x + i * VOXELS, energy + i, same ? 0 : sample, mine.first + i,
                   sample ? shift : 0);
        int half = (int)(mine.count / 2);
        for (int part = 0; part < 2; part++) {
            int at = part ? half : 0, n = part ? (int)mine.count - half : half;
            observables_of(&o, g, x + at * VOXELS, energy + at, n, g->threshold);
            if (pass == 0)
                histos_range(range, &o, x + at * VOXELS, VOXELS);
            else
                histos_add(H, sample, &o, x + at * VOXELS, VOXELS);
        }
        if (pass) continue;
        par_max(P, range, LAYERS + 1);
        histos_init(H, g, g->threshold, range, 1000, 5e4);
    }
    histos_sum(H, P);
    observables_free(&o);
    mem_free(x);
    mem_free(energy);
}

static void the_challenge_has_all_these_histograms(void **state)
{
    (void)state;
    struct geom g;
    struct histos H;
    const double range[LAYERS + 1] = { 100, 0, 50, 20 };
    parse(&g);
    histos_init(&H, &g, g.threshold, range, 300, 2e4);
    /* response, voxels; E, sparsity, EC_r, width_r for 3 layers; 4 for the 2 with angles; hits,
     * depth, peak; response, voxels and these three in the decades from 10^2, 10^3, 10^4 MeV */
    assert_int_equal(H.n, 2 + 4 * 3 + 4 * 2 + 3 + 5 * 3);
    assert_int_equal(find(&H, "hits")->bins, 100);
    assert_near(find(&H, "hits")->edge[100], VOXELS, 0);
    assert_int_equal(find(&H, "peak_E4")->bins, LAYERS);
    assert_int_equal(find(&H, "depth_E2")->decade, 2);
    assert_null(find(&H, "depth_E5"));
    assert_near(find(&H, "voxel_energy_E3")->edge[49], 20, 1e-12); /* the bins of all showers */
    const struct histo *h = find(&H, "E_layer_0");
    assert_non_null(h);
    assert_int_equal(h->bins, 39);
    assert_near(h->edge[0], 0.01, 1e-17);
    assert_near(h->edge[39], 100, 1e-12);
    assert_near(h->edge[13] / h->edge[12], pow(1e4, 1.0 / 39), 1e-12);
    h = find(&H, "EC_eta_layer_1");
    assert_near(h->edge[0], -30, 0);
    assert_near(h->edge[100], 30, 0);
    h = find(&H, "EC_r_layer_12");
    assert_near(h->edge[100], 1500, 0);
    assert_int_equal(find(&H, "voxel_energy")->bins, 49);
    assert_int_equal(find(&H, "sparsity_layer_12")->bins, 20);
    assert_null(find(&H, "EC_phi_layer_12"));
    histos_free(&H);
    histos_init(&H, &g, 0, range, 0, 0); /* no threshold: edges must be numbers all the same */
    assert_near(find(&H, "E_layer_0")->edge[0], 1e-4, 1e-16);
    assert_near(find(&H, "E_layer_1")->edge[0], 1e-6, 1e-18);
    histos_free(&H);
    geom_free(&g);
}

/* numpy: edge[i] <= x < edge[i + 1], the last bin closed on the right; the rest is dropped. */
static void every_entry_finds_its_bin(void **state)
{
    (void)state;
    struct geom g;
    struct histos H;
    const double range[LAYERS + 1] = { 3e4, 0, 50, 20 };
    parse(&g);
    histos_init(&H, &g, g.threshold, range, 0, 0);
    static const char *const name[] = { "E_layer_0", "EC_eta_layer_0", "E_tot_over_E_inc" };
    for (int k = 0; k < 3; k++) {
        struct histo *h = (struct histo *)(uintptr_t)find(&H, name[k]);
        int64_t count[100] = { 0 }, dropped = 0;
        for (int i = 0; i < 3000; i++) {
            struct rng r = rng_at(9, RNG_TEST, i, k);
            double first = h->edge[0], last = h->edge[h->bins];
            double x = h->logarithmic ? first * pow(last / first, 1.2 * rng_uniform(&r) - 0.1)
                                      : first + (last - first) * (1.2 * rng_uniform(&r) - 0.1);
            if (i <= h->bins) x = h->edge[i];
            if (i > 1000 && i <= 1000 + h->bins) x = nextafter(h->edge[i - 1000], -1e9);
            if (i == 2000) x = NAN;
            histo_put(h, 0, x);
            int bin = -1;
            for (int b = 0; b < h->bins; b++)
                if (x >= h->edge[b] && x < h->edge[b + 1]) bin = b;
            if (x == last) bin = h->bins - 1;
            if (bin < 0)
                dropped++;
            else
                count[bin]++;
        }
        assert_memory_equal(h->count[0], count, (size_t)h->bins * sizeof *count);
        assert_int_equal(h->dropped[0], dropped);
    }
    histos_free(&H);
    geom_free(&g);
}

static void separation_is_0_for_equal_and_1_for_disjoint(void **state)
{
    (void)state;
    int64_t a[4] = { 1, 2, 0, 0 }, b[4] = { 10, 20, 0, 0 }, c[4] = { 0, 0, 3, 4 }, none[4] = { 0 };
    int64_t d[4] = { 2, 1, 0, 0 };
    struct histo h = { .bins = 4, .count = { a, b } };
    assert_near(histo_separation(&h), 0, 1e-15);
    h.count[1] = c;
    assert_near(histo_separation(&h), 1, 1e-15);
    h.count[1] = none;
    assert_near(histo_separation(&h), 1, 0);
    h.count[0] = none;
    assert_near(histo_separation(&h), 0, 0);
    /* 1/3, 2/3 against 2/3, 1/3: 1/2 * 2 * (1/9) / 1 */
    h = (struct histo){ .bins = 4, .count = { a, d } };
    assert_near(histo_separation(&h), 1.0 / 9, 1e-15);
    /* one bin more than occupied - 1 = 1: (1/3 + 1/3) / 4 */
    assert_near(histo_floor(&h), 1.0 / 6, 1e-15);
}

/* Two bins: chi2 of a 2 x 2 table, by its textbook form N (ad - bc)^2 / (rows x columns). */
static void chi2_is_that_of_the_table(void **state)
{
    (void)state;
    int64_t a[3] = { 30, 70, 0 }, b[3] = { 90, 60, 0 };
    struct histo h = { .bins = 3, .count = { a, b } };
    int freedom;
    double got = histo_chi2(&h, &freedom);
    assert_near(got, 250.0 * pow(30.0 * 60 - 70.0 * 90, 2) / (100.0 * 150 * 120 * 130), 1e-12);
    assert_int_equal(freedom, 1);
    b[0] = b[1] = 0;
    assert_near(histo_chi2(&h, &freedom), 0, 0);
}

static void a_sample_has_no_distance_from_itself(void **state)
{
    (void)state;
    struct geom g;
    struct histos H;
    parse(&g);
    fill(&H, &g, 0, 1);
    double worst = 0;
    for (int i = 0; i < H.n; i++) worst = fmax(worst, histo_separation(H.h + i));
    int64_t voxels = find(&H, "voxel_energy")->dropped[0], decades = 0;
    for (int d = 3; d < 5; d++) {
        const struct histo *h = find(&H, d == 3 ? "hits_E3" : "hits_E4");
        for (int i = 0; i < h->bins; i++) decades += h->count[0][i];
    }
    int parted = 1; /* bin by bin the decades make up the whole */
    for (int i = 0; i < 49; i++) {
        voxels += find(&H, "voxel_energy")->count[0][i];
        parted &=
            find(&H, "voxel_energy")->count[0][i] ==
            find(&H, "voxel_energy_E3")->count[0][i] + find(&H, "voxel_energy_E4")->count[0][i];
    }
    histos_free(&H);
    geom_free(&g);
    assert_near(worst, 0, 1e-15);
    assert_true(parted);
    assert_int_equal(voxels, SHOWERS * VOXELS); /* all of them, on all ranks together */
    assert_int_equal(decades, SHOWERS);         /* each in one decade: 1 to 55 GeV */
}

/* A separation of B filled bins is a chi-squared over 4 N: it scatters by sqrt(2 / B) of itself,
 * that is 0.15 for a histogram of 100 bins and less for the mean over layers; three and more of
 * that. A shifted law is far above. */
static void one_law_stays_at_the_floor_and_another_does_not(void **state)
{
    (void)state;
    struct geom g;
    struct histos H;
    parse(&g);
    fill(&H, &g, 0, 0);
    struct histo_summary s = histos_summary(&H);
    histos_free(&H);
    fill(&H, &g, 0.5, 0);
    struct histo_summary moved = histos_summary(&H);
    histos_free(&H);
    geom_free(&g);
    assert_near(s.separation[HISTO_LAYER] / s.floor[HISTO_LAYER], 1, 0.5);
    assert_near(s.separation[HISTO_ETA] / s.floor[HISTO_ETA], 1, 0.5);
    /* chi2 / 99 scatters by sqrt(2 / 99) = .14; some 5 of that, as bins with few entries differ */
    assert_near(s.chi2[HISTO_HITS], 1, 0.7);
    assert_near(s.chi2[HISTO_LAYER], 1, 0.4);
    assert_true(moved.chi2[HISTO_LAYER] > 3 && moved.chi2[HISTO_RESPONSE] > 3);
    assert_near(s.by_energy / s.by_energy_floor, 1, 0.5);
    assert_near(s.separation[HISTO_WIDTH_R] / s.floor[HISTO_WIDTH_R], 1, 0.5);
    assert_true(moved.separation[HISTO_LAYER] > 3 * moved.floor[HISTO_LAYER]);
    assert_true(moved.separation[HISTO_RESPONSE] > 3 * moved.floor[HISTO_RESPONSE]);
    assert_string_equal(histo_family_name(HISTO_WIDTH_R), "width_r");
}

static void a_file_gives_the_counts_back(void **state)
{
    (void)state;
    struct geom g;
    struct histos H;
    struct h5 f;
    struct err e = { { 0 } };
    int64_t count[39];
    double edge[40], separation = 0, wanted;
    char units[16] = "";
    parse(&g);
    fill(&H, &g, 0.2, 0);
    const char *path = test_path("histograms.h5");
    int bad = h5_create(&f, test_par(), path, 0, &e) || histos_write(&f, &H, &e) ||
              h5_commit(&f, &e) || h5_open(&f, test_par(), path, &e);
    if (!bad) {
        bad = h5_read_all(&f, "/histograms/E_layer_1/generated", H5_INT64, count, &e) ||
              h5_read_all(&f, "/histograms/E_layer_1/edges", H5_DOUBLE, edge, &e) ||
              h5_get_real(&f, "/histograms/E_layer_1", "separation", &separation, &e) ||
              h5_get_text(&f, "/histograms/E_layer_1", "units", units, sizeof units, &e);
        h5_close(&f);
    }
    const struct histo *h = find(&H, "E_layer_1");
    int same =
        memcmp(count, h->count[1], sizeof count) == 0 && memcmp(edge, h->edge, sizeof edge) == 0;
    wanted = histo_separation(h);
    histos_free(&H);
    geom_free(&g);
    if (bad) print_message("%s\n", e.text);
    assert_int_equal(bad, 0);
    assert_true(same);
    assert_near(separation, wanted, 0);
    assert_string_equal(units, "MeV");
}

TEST_MAIN(cmocka_unit_test(the_challenge_has_all_these_histograms),
          cmocka_unit_test(every_entry_finds_its_bin),
          cmocka_unit_test(separation_is_0_for_equal_and_1_for_disjoint),
          cmocka_unit_test(chi2_is_that_of_the_table),
          cmocka_unit_test(a_sample_has_no_distance_from_itself),
          cmocka_unit_test(one_law_stays_at_the_floor_and_another_does_not),
          cmocka_unit_test(a_file_gives_the_counts_back))
