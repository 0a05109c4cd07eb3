#include "test.h"

#include "vae/energycode.h"

#include <math.h>
#include <string.h>

enum { N = 3 * ENERGYCODE_BITS + 7 };

/* The scale of the logarithm makes its field 4.54e-5 wide, relative: the middle is off by half of
 * that at most. The issue asks for 5e-5. */
static void every_energy_from_1_MeV_to_10_TeV_comes_back(void **state)
{
    (void)state;
    enum { POINTS = 100000 };
    float bits[N];
    double worst = 0.0;

    for (int i = 0; i <= POINTS; i++) {
        struct err e = { "" };
        double E = fmin(exp(log(1e7) * i / POINTS), 1e7), back;
        energycode_encode(bits, N, E);
        assert_int_equal(energycode_decode(&back, bits, N, &e), 0);
        worst = fmax(worst, fabs(back / E - 1.0));
    }
    assert_true(worst < 2.5e-5);
}

/* Where a field steps: whole MeV, whole squares / 10. */
static void energies_at_the_edges_of_the_fields_come_back(void **state)
{
    (void)state;
    float bits[N];

    for (int64_t k = 1; k <= 10000; k++) {
        double edge[] = { (double)k, (double)(k * 1000), (double)(k * k) / 10.0,
                          (double)(k * 1000) - 1e-7 };
        for (int i = 0; i < 4; i++) {
            struct err e = { "" };
            double back;
            if (energycode_range(edge[i], &e)) continue;
            energycode_encode(bits, N, edge[i]);
            assert_int_equal(energycode_decode(&back, bits, N, &e), 0);
            assert_near(back / edge[i], 1.0, 2.5e-5);
        }
    }
}

/* Each field is the number it says, least significant bit first; the word repeats; zeros follow. */
static void the_fields_are_whole_parts_of_E_root_and_logarithm(void **state)
{
    (void)state;
    const double E[] = { 1.0, 1000.0, 524288.0, 999999.9, 1e6, 1e7 };

    for (int k = 0; k < 6; k++) {
        float bits[N];
        int64_t field[3] = { 0, 0, 0 };
        const int width[] = { 24, 14, 19 };
        energycode_encode(bits, N, E[k]);
        for (int f = 0, at = 0; f < 3; at += width[f++])
            for (int b = 0; b < width[f]; b++)
                if (bits[at + b] > 0.5f) field[f] |= (int64_t)1 << b;
        assert_int_equal(field[0], (int64_t)floor(E[k]));
        assert_int_equal(field[1], (int64_t)floor(sqrt(10.0 * E[k])));
        assert_int_equal(field[2], (int64_t)floor(exp(10.0) * log(E[k])));
        for (int i = 0; i < N; i++) {
            assert_true(bits[i] == 0.0f || bits[i] == 1.0f);
            float want = i < 3 * ENERGYCODE_BITS ? bits[i % ENERGYCODE_BITS] : 0.0f;
            assert_true(bits[i] == want);
        }
    }
}

static void one_bad_repetition_of_three_is_outvoted(void **state)
{
    (void)state;
    float bits[N];
    struct err e = { "" };
    double back;

    energycode_encode(bits, N, 54321.0);
    for (int i = 0; i < ENERGYCODE_BITS; i++) bits[ENERGYCODE_BITS + i] = 1.0f;
    assert_int_equal(energycode_decode(&back, bits, N, &e), 0);
    assert_near(back / 54321.0, 1.0, 2.5e-5);
}

static void what_is_no_code_is_said_to_be_none(void **state)
{
    (void)state;
    float bits[N];
    struct err e = { "" };
    double back;

    energycode_encode(bits, N, 1000.0);
    for (int t = 0; t < 3; t++) bits[t * ENERGYCODE_BITS + 20] = 1.0f; /* 2^20 MeV more */
    assert_int_equal(energycode_decode(&back, bits, N, &e), -1);
    assert_non_null(strstr(e.text, "no energy code"));

    struct err small = { "" };
    assert_int_equal(energycode_fits(ENERGYCODE_BITS, &small), 0);
    assert_int_equal(energycode_fits(ENERGYCODE_BITS - 1, &small), -1);
    assert_non_null(strstr(small.text, "has 56 units, the energy code needs at least 57"));

    const double bad[] = { 0.5, -1.0, 1.1e7, NAN, INFINITY };
    for (int i = 0; i < 5; i++) {
        struct err r = { "" };
        assert_int_equal(energycode_range(bad[i], &r), -1);
        assert_non_null(strstr(r.text, "expected 1 MeV to 10 TeV"));
    }
}

TEST_MAIN(cmocka_unit_test(every_energy_from_1_MeV_to_10_TeV_comes_back),
          cmocka_unit_test(energies_at_the_edges_of_the_fields_come_back),
          cmocka_unit_test(the_fields_are_whole_parts_of_E_root_and_logarithm),
          cmocka_unit_test(one_bad_repetition_of_three_is_outvoted),
          cmocka_unit_test(what_is_no_code_is_said_to_be_none))
