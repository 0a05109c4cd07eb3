/* Synthetic showers: against the published statistics of the Geant4 showers of data set 2, against
 * the law of the recipe, and the same for any number of ranks. */
#include "test.h"

#include "base/block.h"
#include "base/file.h"
#include "base/mem.h"
#include "par/par.h"
#include "shower/geom.h"
#include "shower/synth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 45, VOXELS = 6480, SLICE = 144 };

/* Sums over showers; doubles alone, so that one par_sum reduces them. */
struct sums {
    double n, ratio, ratio2, occupied;
    double u[LAYERS - 1], u2[LAYERS - 1];
    double layer[LAYERS], product[LAYERS][LAYERS];
    double voxel[VOXELS], voxel2[VOXELS];
};

static double logit(double x)
{
    double y = 1e-6 + (1.0 - 2e-6) * x;

    return log(y / (1.0 - y));
}

/* Definitions of spec/evaluation.md 7.6 (a) to (e). */
static void add(struct sums *s, const float *x, double energy, const double *most)
{
    const double nothing = logit(0.0);
    double e[LAYERS] = { 0 }, rest = 0.0;

    for (int v = 0; v < VOXELS; v++) e[v / SLICE] += (double)x[v];
    for (int v = 0; v < VOXELS; v++) {
        double y = nothing;
        if (x[v] > 0.0f) {
            y = logit(fmin((double)x[v] / e[v / SLICE] / most[v], 1.0));
            s->occupied++;
        }
        s->voxel[v] += y;
        s->voxel2[v] += y * y;
    }
    for (int l = LAYERS - 1; l >= 0; l--) {
        rest += e[l];
        if (l == LAYERS - 1) continue;
        double u = logit(rest > 0.0 ? e[l] / rest : 0.0);
        s->u[l] += u;
        s->u2[l] += u * u;
    }
    for (int i = 0; i < LAYERS; i++) {
        s->layer[i] += e[i];
        for (int j = 0; j < LAYERS; j++) s->product[i][j] += e[i] * e[j];
    }
    s->n++;
    s->ratio += rest / energy;
    s->ratio2 += rest / energy * (rest / energy);
}

static double spread(double sum, double sum2, double n)
{
    return sqrt(fmax(sum2 / n - sum / n * (sum / n), 0.0));
}

/* Numbers of a CSV file; lines that start with # are left out. Returns how many. */
static int numbers(const char *name, double *out, int most)
{
    struct err e = { 0 };
    char path[128];
    snprintf(path, sizeof path, "data/ds2_geant4/%s", name);
    char *text = file_slurp(test_shared(path), 1 << 20, NULL, &e), *next = NULL;
    int n = 0;

    assert_non_null(text);
    for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        if (line[0] == '#') continue;
        for (char *at = line, *end = NULL; n < most; at = end + 1) {
            out[n++] = strtod(at, &end);
            if (*end != ',') break;
        }
    }
    mem_free(text);
    return n;
}

/* Root mean square distances of means and standard deviations from columns 1 and 2 of a table. */
static void compare(const double *sum, const double *sum2, double n, int count, const double *table,
                    int columns, double *mean, double *std)
{
    double m2 = 0.0, s2 = 0.0;

    for (int i = 0; i < count; i++) {
        double m = sum[i] / n - table[i * columns + 1];
        double s = spread(sum[i], sum2[i], n) - table[i * columns + 2];
        m2 += m * m;
        s2 += s * s;
    }
    *mean = sqrt(m2 / count);
    *std = sqrt(s2 / count);
}

/* Pearson's correlation of the energies of two layers. */
static double pair(const struct sums *s, int i, int j)
{
    double cov = s->product[i][j] / s->n - s->layer[i] * s->layer[j] / (s->n * s->n);

    return cov / spread(s->layer[i], s->product[i][i], s->n) /
           spread(s->layer[j], s->product[j][j], s->n);
}

static double frobenius(const struct sums *s, const double *geant)
{
    double d2 = 0.0;

    for (int i = 0; i < LAYERS; i++) {
        for (int j = 0; j < LAYERS; j++) {
            double d = pair(s, i, j) - geant[i * LAYERS + j];
            d2 += d * d;
        }
    }
    return sqrt(d2);
}

static void geometry(struct geom *g, const char *name)
{
    struct err e = { 0 };
    char path[128];

    snprintf(path, sizeof path, "configs/geometries/%s.yaml", name);
    if (geom_load(g, test_par(), path, &e) != 0) fail_msg("%s", e.text);
}

/* What the published statistics say (columns: spec/evaluation.md 7.6). */
struct geant {
    double layer[LAYERS * 7], voxel[VOXELS * 5], correlation[LAYERS * LAYERS], most[VOXELS];
};

static void read_geant(struct geant *t)
{
    assert_int_equal(numbers("layer_u.csv", t->layer, LAYERS * 7), LAYERS * 7);
    assert_int_equal(numbers("voxel_logit_caloscorev2.csv", t->voxel, VOXELS * 5), VOXELS * 5);
    assert_int_equal(numbers("layer_pcc_geant4.csv", t->correlation, LAYERS * LAYERS),
                     LAYERS * LAYERS);
    for (int v = 0; v < VOXELS; v++) t->most[v] = t->voxel[v * 5 + 3];
}

static void judge(const struct sums *t, const struct geant *real, double slack)
{
    double um, us, vm, vs, n = t->n, pcc = frobenius(t, real->correlation);
    double ratio = t->ratio / n, std = spread(t->ratio, t->ratio2, n);
    double occupancy = t->occupied / n / VOXELS;

    compare(t->u, t->u2, n, LAYERS - 1, real->layer + 7, 7, &um, &us);
    compare(t->voxel, t->voxel2, n, VOXELS, real->voxel, 5, &vm, &vs);
    printf("E_tot/E_inc %.4f +- %.4f, u %.3f %.3f, voxels %.3f %.3f, occupancy %.4f, layers %.3f\n",
           ratio, std, um, us, vm, vs, occupancy, pcc);
    assert_near(ratio, 0.785, 0.015 * slack);
    assert_near(std, 0.115, 0.010 * slack);
    assert_true(um <= 0.32 * slack && us <= 0.14 * slack);
    assert_true(vm <= 0.35 * slack && vs <= 0.33 * slack);
    assert_near(occupancy, 0.265, 0.025 * slack);
    assert_true(pcc <= 3.0 * slack);
    assert_true(pair(t, 0, 22) <= 0.75); /* Geant4: .574; its error at 1,000 showers is .03 */
}

/* The targets are those of the issue; at 20,000 showers their statistical errors are 0.001 (ratio
 * and its spread), 0.01 (rms of logits), 0.05 (correlations). That many are made at two ranks alone
 * (10 core-seconds); elsewhere 1,000 have errors 4.5 times as large, and twice the room. */
static void showers_look_like_geant4(void **state)
{
    (void)state;
    const struct par *P = test_par();
    if (test_shared("data/ds2_geant4/layer_u.csv") == NULL)
        test_skip("data set 2 statistics are not at ../shared/data/ds2_geant4");
    struct geom g;
    struct synth s;
    struct synth_set set = synth_calibrated();
    struct geant *real = mem_take(1, sizeof *real);
    struct sums *t = mem_take(1, sizeof *t);
    float *x = mem_take(VOXELS, sizeof *x);
    struct block mine = block_of(P->size == 2 ? 20000 : 1000, P->rank, P->size);

    geometry(&g, "calochallenge2");
    synth_init(&s, &g, &set);
    read_geant(real);
    for (int64_t i = mine.first; i < block_end(mine); i++) {
        double energy = synth_energy(7, i, 1e3, 1e6);
        synth_shower(&s, 7, i, energy, x);
        add(t, x, energy, real->most);
    }
    par_sum(P, (double *)t, (int64_t)(sizeof *t / sizeof(double)));
    judge(t, real, P->size == 2 ? 1.0 : 2.0);
    mem_free(real);
    mem_free(t);
    mem_free(x);
    synth_free(&s);
    geom_free(&g);
}

/* A shower of one's own: another struct, another order, the same bits. */
static void a_shower_is_a_function_of_seed_and_number(void **state)
{
    (void)state;
    enum { N = 180 };
    const struct par *P = test_par();
    struct geom g;
    struct synth s;
    struct synth_set set = synth_calibrated();
    struct block mine = block_of(N, P->rank, P->size);

    geometry(&g, "calochallenge2");
    synth_init(&s, &g, &set);
    float *x = mem_take(mine.count * VOXELS, sizeof *x), *all = mem_take(N * VOXELS, sizeof *all);
    for (int64_t i = mine.first; i < block_end(mine); i++)
        synth_shower(&s, 3, i, synth_energy(3, i, 1e3, 3e5), x + (i - mine.first) * VOXELS);
    par_allgather(P, x, mine.count * VOXELS * (int64_t)sizeof *x, all);
    synth_free(&s);
    synth_init(&s, &g, &set);
    int same = 1, other = 1;
    float *one = mem_take(VOXELS, sizeof *one);
    for (int64_t i = N - 1; i >= 0; i--) {
        synth_shower(&s, 3, i, synth_energy(3, i, 1e3, 3e5), one);
        same &= memcmp(one, all + i * VOXELS, VOXELS * sizeof *one) == 0;
    }
    synth_shower(&s, 4, 0, synth_energy(3, 0, 1e3, 3e5), one);
    other &= memcmp(one, all, VOXELS * sizeof *one) != 0;
    mem_free(one);
    mem_free(x);
    mem_free(all);
    synth_free(&s);
    geom_free(&g);
    assert_true(test_agree(same && other));
}

/* ln E is uniform: mean (a + b)/2, variance (b - a)^2 / 12, and nothing outside. */
static void energies_are_log_uniform(void **state)
{
    (void)state;
    enum { N = 20000 };
    double a = log(1e3), b = log(1e6), sum = 0.0, sum2 = 0.0, width = b - a;

    for (int i = 0; i < N; i++) {
        double e = synth_energy(5, i, 1e3, 1e6), y = log(e);
        assert_true(e >= 1e3 && e <= 1e6);
        sum += y;
        sum2 += y * y;
    }
    double mean = sum / N, variance = sum2 / N - mean * mean;
    assert_near(mean, 0.5 * (a + b), 5.0 * width / sqrt(12.0 * N)); /* 5 sigma */
    assert_near(variance, width * width / 12.0, 5.0 * width * width / sqrt(180.0 * N));
    assert_near(synth_energy(5, 1, 5e4, 5e4), 5e4, 1e-9);
}

TEST_MAIN(cmocka_unit_test(showers_look_like_geant4),
          cmocka_unit_test(a_shower_is_a_function_of_seed_and_number),
          cmocka_unit_test(energies_are_log_uniform))
