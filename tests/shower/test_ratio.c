#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "shower/ratio.h"

#include <math.h>

enum { N = 900 };

static void draw(double *energy, double *a, double *b)
{
    for (int i = 0; i < N; i++) {
        struct rng r = rng_at(6, RNG_TEST, i, 0);
        energy[i] = 500.0 * pow(4e3, rng_uniform(&r)); /* 500 MeV to 2 TeV: some in no bin */
        a[i] = 0.7 + 0.3 * rng_uniform(&r);
        b[i] = 0.65 + 0.3 * rng_uniform(&r);
    }
}

/* The definition, edge by edge. */
static double by_hand(int n, const double *energy, const double *a, const double *b)
{
    double sum = 0.0;

    for (int i = 0; i < 15; i++) {
        double centre = 1e3 * pow(10.0, 3.0 * i / 14.0), low = 1e300, high = -1e300;
        for (int pass = 0; pass < 2; pass++)
            for (int j = 0; j < 30; j++) {
                double left = low + (high - low) * j / 30.0,
                       right = low + (high - low) * (j + 1) / 30.0, p = 0.0, q = 0.0;
                for (int k = 0; k < n; k++) {
                    if (energy[k] * sqrt(2.0) < centre || energy[k] >= centre * sqrt(2.0)) continue;
                    if (pass == 0) {
                        low = fmin(low, fmin(a[k], b[k]));
                        high = fmax(high, fmax(a[k], b[k]));
                        continue;
                    }
                    p += a[k] >= left && (a[k] < right || j == 29);
                    q += b[k] >= left && (b[k] < right || j == 29);
                }
                if (p + q > 0.0) sum += (p - q) * (p - q) / (p + q);
            }
    }
    return sum / 15.0;
}

/* Counts are whole numbers; what is left is the rounding of 450 quotients below 100. */
static void it_is_the_definition_on_any_number_of_ranks(void **state)
{
    double energy[N], a[N], b[N];
    const struct par *P = test_par();
    struct block mine = block_of(N, P->rank, P->size);
    int64_t f = mine.first;

    (void)state;
    draw(energy, a, b);
    double chi2 = ratio_chi2(P, mine.count, energy + f, a + f, b + f);
    assert_near(chi2, by_hand(N, energy, a, b), 1e-10);
    assert_true(chi2 > 5.0); /* 0.05 of 0.3 apart: far from 0 */
    assert_near(ratio_chi2(P, mine.count, energy + f, a + f, a + f), 0.0, 0.0);
}

static void few_events_are_no_trouble(void **state)
{
    const struct par *P = test_par();
    double energy = 1000.0, a = 0.8, b = 0.9;
    int64_t n = P->rank == 0;

    (void)state;
    assert_near(ratio_chi2(P, 0, &energy, &a, &b), 0.0, 0.0);
    /* one event in one of the 15 bins, at its two ends: (1 + 1) / 15 */
    assert_near(ratio_chi2(P, n, &energy, &a, &b), 2.0 / 15.0, 1e-15);
}

TEST_MAIN(cmocka_unit_test(it_is_the_definition_on_any_number_of_ranks),
          cmocka_unit_test(few_events_are_no_trouble))
