#include "test.h"

#include "num/vec.h"

#include <math.h>

enum { POINTS = 200001 };

/* A point between low and high; the grid is dense enough to meet every interval of the reduction.
 */
static float point(int i, double low, double high)
{
    return (float)(low + (high - low) * i / (POINTS - 1));
}

/* Three roundings of 2^-24 and the polynomial's 1e-7 (Cephes): 3e-7. */
static void exp_is_exp_to_three_parts_in_ten_millions(void **state)
{
    (void)state;
    double worst = 0.0;

    for (int i = 0; i < POINTS; i++) {
        float x = point(i, -87.0, 88.0);
        worst = fmax(worst, fabs((double)vec_exp(x) / exp((double)x) - 1.0));
    }
    assert_true(worst < 3e-7);
    assert_true(vec_exp(0.0f) == 1.0f);
}

static void exp_has_ends_instead_of_infinities(void **state)
{
    (void)state;
    assert_true(vec_exp(-1e30f) == vec_exp(-87.0f) && vec_exp(-87.0f) > 0.0f);
    assert_true(vec_exp(1e30f) == vec_exp(88.0f) && isfinite(vec_exp(88.0f)));
    assert_true(isnan(vec_exp(NAN)));
    assert_true(isnan(vec_sigmoid(NAN)) && isnan(vec_tanh(NAN)));
}

/* Near 1 the logarithm is small: the error is bounded relative to max(|ln x|, |x - 1|). */
static void log_is_log_to_three_parts_in_ten_millions(void **state)
{
    (void)state;
    double worst = 0.0;

    for (int i = 0; i < POINTS; i++) {
        float x = (float)exp(point(i, -87.0, 88.0));
        double y = log((double)x);
        if (y != 0.0) worst = fmax(worst, fabs((double)vec_log(x) - y) / fabs(y));
        x = point(i, 0.5, 2.0);
        y = log((double)x);
        if (y != 0.0) worst = fmax(worst, fabs((double)vec_log(x) - y) / fabs(y));
    }
    assert_true(worst < 3e-7);
    assert_true(vec_log(1.0f) == 0.0f);
}

static void sigmoid_tanh_and_softplus_are_what_they_say(void **state)
{
    (void)state;
    for (int i = 0; i < POINTS; i++) {
        float x = point(i, -86.0, 86.0);
        double d = (double)x;
        assert_true(fabs((double)vec_sigmoid(x) * (1.0 + exp(-d)) - 1.0) < 5e-7);
        assert_true(fabs((double)vec_tanh(x) - tanh(d)) < 2e-7);
        double s = d > 0.0 ? d + log1p(exp(-d)) : log1p(exp(d));
        assert_true(fabs((double)vec_softplus(x) - s) < 2e-7 * (1.0 + fabs(d)));
    }
}

TEST_MAIN(cmocka_unit_test(exp_is_exp_to_three_parts_in_ten_millions),
          cmocka_unit_test(exp_has_ends_instead_of_infinities),
          cmocka_unit_test(log_is_log_to_three_parts_in_ten_millions),
          cmocka_unit_test(sigmoid_tanh_and_softplus_are_what_they_say))
