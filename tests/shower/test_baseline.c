/* Judges: the moments of the sample that the baseline was made from, independence, and that a
 * shower is the same wherever it is drawn. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "shower/baseline.h"

#include <math.h>
#include <string.h>

enum { VOXELS = 6, TRAINING = 3000, DRAWN = 20000, BINS = 3 };

/* A training shower: voxels 0 and 1 are the same number (hit or not together), voxel 2 is always 2%
 * of the energy, voxel 3 is never hit, voxel 4 only in the first bin, voxel 5 is heavy-tailed. */
static double training(float *x, int64_t i)
{
    struct rng r = rng_at(4, RNG_TEST, i, 0);
    int bin = (int)(i % 2) * 2; /* the middle bin stays empty */
    double e = exp(log(1e3) + (bin + rng_uniform(&r)) * log(1e3) / BINS);
    memset(x, 0, VOXELS * sizeof *x);
    if (rng_uniform(&r) < 0.4) x[0] = x[1] = (float)(e * rng_gamma(&r, 3) / 30);
    x[2] = (float)(0.02 * e);
    if (bin == 0) x[4] = (float)(e * rng_uniform(&r) / 10);
    if (rng_uniform(&r) < 0.8) x[5] = (float)(e * rng_gamma(&r, 0.3) / 10);
    return e;
}

static void train(struct baseline *b, float *all)
{
    const struct par *P = test_par();
    struct block mine = block_of(TRAINING, P->rank, P->size);
    baseline_init(b, BINS, VOXELS, 1e3, 1e6);
    for (int64_t i = 0; i < TRAINING; i++) {
        double e = training(all + i * VOXELS, i);
        int here = i >= mine.first && i < block_end(mine);
        if (here) baseline_add(b, all + i * VOXELS, &e, 1);
        for (int v = 0; v < VOXELS; v++) all[i * VOXELS + v] /= (float)e;
    }
    baseline_finish(b, P);
}

/* Hit probability, mean and variance given a hit, of voxel v in rows first, first + step, ... */
static void moments(double m[3], const float *f, int64_t first, int64_t step, int64_t n, int v)
{
    double hits = 0, sum = 0, square = 0, count = 0;
    for (int64_t i = first; i < n; i += step) {
        double y = (double)f[i * VOXELS + v];
        count++;
        hits += y > 0;
        sum += y;
        square += y * y;
    }
    m[0] = hits / count;
    m[1] = hits > 0 ? sum / hits : 0;
    m[2] = hits > 0 ? square / hits - m[1] * m[1] : 0;
}

static void draws_have_the_bins_moments_and_no_correlation(void **state)
{
    (void)state;
    float *all = mem_take(TRAINING * VOXELS, sizeof *all);
    float *x = mem_take(DRAWN * VOXELS, sizeof *x);
    double *energy = mem_take(DRAWN, sizeof *energy), worst = 0, both = 0, p[2] = { 0 };
    struct baseline b;
    train(&b, all);
    for (int i = 0; i < DRAWN; i++) energy[i] = 2000;
    baseline_showers(&b, 1, 0, energy, DRAWN, x);
    for (int i = 0; i < DRAWN * VOXELS; i++) x[i] /= 2000;
    for (int v = 0; v < VOXELS; v++) {
        double want[3], got[3];
        moments(want, all, 0, 2, TRAINING, v);
        moments(got, x, 0, 1, DRAWN, v);
        double sigma = sqrt(want[2] / DRAWN / (want[0] > 0 ? want[0] : 1));
        /* five standard deviations; the variance of shape k scatters by sqrt((2 + 6/k) / n) */
        worst = fmax(worst, fabs(got[0] - want[0]) / (5 * sqrt(0.25 / DRAWN)));
        worst = fmax(worst, fabs(got[1] - want[1]) / (5 * sigma + 1e-7));
        double shape = want[2] > 0 ? want[1] * want[1] / want[2] : 1;
        worst = fmax(worst, fabs(got[2] - want[2]) /
                                (5 * want[2] * sqrt((2 + 6 / shape) / (0.39 * DRAWN)) + 1e-9));
    }
    for (int i = 0; i < DRAWN; i++) {
        p[0] += x[i * VOXELS] > 0;
        p[1] += x[i * VOXELS + 1] > 0;
        both += x[i * VOXELS] > 0 && x[i * VOXELS + 1] > 0;
    }
    int never = 1, always = 1;
    for (int i = 0; i < DRAWN; i++) {
        never = never && x[i * VOXELS + 3] == 0;
        always = always && fabs((double)x[i * VOXELS + 2] - 0.02) < 1e-7;
    }
    baseline_free(&b);
    mem_free(all);
    mem_free(x);
    mem_free(energy);
    assert_true(worst < 1);
    assert_near(both / DRAWN, p[0] * p[1] / DRAWN / DRAWN, 5 * sqrt(0.16 * 0.84 / DRAWN));
    assert_true(never && always);
}

/* With less and less chance the mean stays: hits alone, then the mean shower. */
static void quieter_kinds_keep_the_mean(void **state)
{
    (void)state;
    float *all = mem_take(TRAINING * VOXELS, sizeof *all), x[VOXELS];
    struct baseline b;
    double want[3], worst = 0;
    const double energy = 2000;
    train(&b, all);
    b.kind = BASELINE_MEAN;
    baseline_showers(&b, 1, 0, &energy, 1, x);
    for (int v = 0; v < VOXELS; v++) {
        moments(want, all, 0, 2, TRAINING, v);
        worst = fmax(worst, fabs((double)x[v] - energy * want[0] * want[1]) / energy);
    }
    b.kind = BASELINE_HITS;
    for (int i = 0; i < 50; i++) {
        baseline_showers(&b, 1, i, &energy, 1, x);
        moments(want, all, 0, 2, TRAINING, 5);
        if (x[5] > 0) worst = fmax(worst, fabs((double)x[5] - energy * want[1]) / energy);
    }
    baseline_free(&b);
    mem_free(all);
    /* three floats multiplied, none above 1 */
    assert_near(worst, 0, 3e-7);
}

static void bins_without_showers_borrow_from_a_neighbour(void **state)
{
    (void)state;
    float *all = mem_take(TRAINING * VOXELS, sizeof *all);
    struct baseline b;
    train(&b, all);
    int near[BINS];
    memcpy(near, b.near, sizeof near);
    float x[3 * VOXELS];
    const double energy[3] = { 10, 1e6, 1e9 }; /* outside: the first and the last bin */
    baseline_showers(&b, 1, 0, energy, 3, x);
    baseline_free(&b);
    mem_free(all);
    assert_int_equal(near[0], 0);
    assert_int_equal(near[1], 2);
    assert_int_equal(near[2], 2);
    assert_true(x[4] > 0);
    assert_true(x[VOXELS + 4] == 0 && x[2 * VOXELS + 4] == 0);
    assert_near((double)x[2 * VOXELS + 2], 2e7, 10);
}

/* One by one, in any order, on any rank: the same floats as all at once on rank 0. */
static void a_shower_is_the_same_wherever_it_is_drawn(void **state)
{
    (void)state;
    enum { N = 50 };
    float *all = mem_take(TRAINING * VOXELS, sizeof *all);
    float x[N * VOXELS], y[N * VOXELS];
    double energy[N];
    struct baseline b;
    train(&b, all);
    /* the law is a sum over ranks, equal up to rounding: make it one */
    par_bcast(test_par(), b.law, 3 * BINS * VOXELS * (int64_t)sizeof *b.law, 0);
    for (int i = 0; i < N; i++) energy[i] = 1500 + 300 * i;
    baseline_showers(&b, 7, 1000, energy, N, x);
    for (int i = N - 1; i >= 0; i--)
        baseline_showers(&b, 7, 1000 + i, energy + i, 1, y + i * VOXELS);
    int same = memcmp(x, y, sizeof x) == 0;
    memcpy(y, x, sizeof y);
    par_bcast(test_par(), y, sizeof y, 0);
    same = same && memcmp(x, y, sizeof x) == 0;
    baseline_free(&b);
    mem_free(all);
    assert_true(test_agree(same));
}

TEST_MAIN(cmocka_unit_test(draws_have_the_bins_moments_and_no_correlation),
          cmocka_unit_test(quieter_kinds_keep_the_mean),
          cmocka_unit_test(bins_without_showers_borrow_from_a_neighbour),
          cmocka_unit_test(a_shower_is_the_same_wherever_it_is_drawn))
