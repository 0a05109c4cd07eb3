/* Reads of one temperature as averages of another, against enumeration. */
#include "test.h"

#include "rbm/small.h"
#include "qpu/beta.h"
#include "qpu/estimate.h"
#include "qpu/local.h"
#include "qpu/reweigh.h"

#include <math.h>

enum { N = 10, READS = 448, SEEDS = 250 };

static const int SIZE[4] = { 3, 3, 2, 2 };

/* Weights by hand: two windows, E = 0 and ln 2; u = 0 and 2. */
static void weights_are_those_of_the_definition(void **state)
{
    (void)state;
    const double E[4] = { 0, log(2), 0, log(2) }, u[2] = { 0.0, 2.0 }, none[4] = { 0 };
    const double f[4] = { 1, 0, 1, 4 }, w[4] = { 1 / 4.5, .5 / 4.5, 1 / 4.5, 2 / 4.5 };
    const int32_t window[4] = { 0, 0, 1, 1 };
    struct reweigh x;

    reweigh_init(&x, E, 4, window, u, 2, none);
    for (int r = 0; r < 4; r++) {
        assert_near(x.w[r], w[r], 1e-15);
        assert_near(x.log_w[r], log(4.0 * w[r]), 1e-14);
    }
    assert_near(x.ess, 4.5 * 4.5 / 6.25, 1e-14);
    assert_near(x.largest, 2 / 4.5, 1e-15);
    struct reweigh_mean y = reweigh_of(&x, f);
    assert_near(y.mean, 10.0 / 4.5, 1e-14);
    reweigh_free(&x);
}

/* A device of u = 0.75 in one half of the reads and 0.9 in the other, whose temperatures are
 * estimated from the same reads: the mean energy and the mean of every unit against enumeration,
 * 250 seeds. Pulls of the energy: mean 0 within 4 / sqrt(250) and .2 of bias, variance 1 within 4
 * sqrt(2 / 250) and .15. The temperature makes up for a part of the reads' spread: an error without
 * it is too large, and shows. */
static void averages_cover_the_exact_ones(void **state)
{
    (void)state;
    struct rbm m;
    struct ising g;
    struct err e = { "" };
    double p[1 << N], exact = 0.0, unit = 0.0, H, sum[2] = { 0 }, square[2] = { 0 }, blind = 0.0;
    static uint8_t x[2 * READS * N], s[N];
    static double E[2 * READS], f[2 * READS], influence[2 * READS];
    static float fields[READS * N];
    static int32_t window[2 * READS];
    static const double none[2 * READS], u[2] = { 0.75, 0.9 };

    small_machine(&m, 4, SIZE, -1, 1.0, 6);
    ising_init(&g, &m, 0);
    ising_set(&g, &m, 1.0, NULL);
    small_probabilities(&m, NULL, p);
    for (int64_t i = 0; i < 1 << N; i++) {
        small_state(s, N, i);
        ising_energy(&g, s, 1, &H);
        exact += p[i] * H;
        unit += p[i] * s[3];
    }
    for (int seed = 0; seed < SEEDS; seed++) {
        struct reweigh y;
        struct estimate found[2];
        double guess[2];
        for (int k = 0; k < 2; k++) {
            struct local l = { .beta = u[k], .sweeps = 40, .seed = 9, .kern = kern_best() };
            if (local_draw(&l, &g, 2 * seed + k, READS, (struct block){ 0, READS / 64 },
                           x + k * READS * N, E + k * READS, &e) != READS)
                die("%s", e.text);
            beta_fields(fields, &g, x + k * READS * N, READS);
            estimate_pseudo(&found[k], fields, READS, N, 1, seed, influence + k * READS);
            guess[k] = found[k].beta;
            for (int r = 0; r < READS; r++) window[k * READS + r] = k;
        }
        reweigh_init(&y, E, 2 * READS, window, guess, 2, influence);
        assert_true(y.ess > READS / 2);
        for (int what = 0; what < 2; what++) {
            for (int r = 0; r < 2 * READS; r++) f[r] = what == 0 ? E[r] : x[r * N + 3];
            struct reweigh_mean a = reweigh_of(&y, f);
            double pull = (a.mean - (what == 0 ? exact : unit)) / a.error;
            sum[what] += pull / SEEDS;
            square[what] += pull * pull / SEEDS;
        }
        y.influence = none;
        struct reweigh_mean a = reweigh_of(&y, E);
        blind += (a.mean - exact) * (a.mean - exact) / (a.error * a.error) / SEEDS;
        reweigh_free(&y);
    }
    for (int what = 0; what < 2; what++) {
        assert_near(sum[what], 0.0, 4.0 / sqrt(SEEDS) + 0.2);
        assert_near(square[what] - sum[what] * sum[what], 1.0, 4.0 * sqrt(2.0 / SEEDS) + 0.15);
    }
    print_message("pulls %.3f %.3f, variances %.3f %.3f; without the temperature's error %.3f\n",
                  sum[0], sum[1], square[0], square[1], blind);
    assert_true(blind < 0.85);
    ising_free(&g);
    rbm_free(&m);
}

TEST_MAIN(cmocka_unit_test(weights_are_those_of_the_definition),
          cmocka_unit_test(averages_cover_the_exact_ones))
