/* Special functions: against identities, quadrature and closed forms. */
#include "test.h"

#include "num/special.h"

#include <float.h>
#include <math.h>

/* Relative distance, with both numbers in the message. */
static void near_relative(double a, double b, double tolerance)
{
    if (fabs(a - b) <= tolerance * fabs(b)) return;
    fail_msg("%.17g, expected %.17g within %g relative (off by %g)", a, b, tolerance,
             fabs(a - b) / fabs(b));
}

/* int_0^x t^(a-1) e^-t dt / Gamma(a) by tanh-sinh quadrature with step 1/64: for a >= 1/2 on [0, x]
 * it converges to rounding, some 1e-14. The factor is kept in the exponent. */
static double quadrature(double a, double x)
{
    const double half_pi = 1.57079632679489661923;
    double sum = 0.0, h = 1.0 / 64.0, ln_gamma = lgamma(a);

    for (int k = -400; k <= 400; k++) {
        double s = half_pi * sinh(k * h), near_end = 1.0 / (1.0 + exp(-2.0 * s));
        double t = x * near_end, w = x * half_pi * cosh(k * h) / (2.0 * cosh(s) * cosh(s));
        if (t > 0.0 && w > 0.0) sum += w * exp((a - 1.0) * log(t) - t - ln_gamma);
    }
    return sum * h;
}

static void incomplete_gamma_is_its_integral(void **state)
{
    (void)state;
    const double as[] = { 0.5, 1.0, 1.62, 2.97, 4.0, 6.35, 9.9, 15.0, 25.5, 60.0 };

    /* quadrature and the library's lgamma are good to a few 1e-14 a / 10 */
    for (int i = 0; i < 10; i++)
        for (double x = 0.05; x < 4.0 * as[i] + 20.0; x *= 1.7)
            near_relative(special_gamma_p(as[i], x), quadrature(as[i], x), 2e-13);
}

/* P(1/2, x) = erf(sqrt x), Q(1, x) = e^-x, Q(n, x) = e^-x sum_{k<n} x^k / k!: smaller tails too. */
static void incomplete_gamma_has_its_closed_forms(void **state)
{
    (void)state;

    for (double x = 1e-10; x < 600.0; x *= 1.9) {
        near_relative(special_gamma_p(0.5, x), erf(sqrt(x)), 1e-13);
        near_relative(special_gamma_q(0.5, x), erfc(sqrt(x)), 1e-13);
        near_relative(special_gamma_q(1.0, x), exp(-x), 1e-13);
        for (int n = 2; n <= 120; n += 13) {
            double term = 1.0, sum = 1.0;
            for (int k = 1; k < n; k++) sum += term *= x / k;
            near_relative(special_gamma_q(n, x), exp(-x) * sum, 1e-13);
        }
    }
    assert_true(special_gamma_p(3.0, 0.0) == 0.0 && special_gamma_q(3.0, 0.0) == 1.0);
    assert_true(special_gamma_p(3.0, INFINITY) == 1.0 && special_gamma_q(3.0, INFINITY) == 0.0);
    assert_true(isnan(special_gamma_p(NAN, 1.0)) && isnan(special_gamma_q(1.0, NAN)));
}

/* P + Q = 1 and P(a, x) - P(a+1, x) = x^a e^-x / Gamma(a+1), on both sides of x = a + 1. */
static void incomplete_gamma_keeps_its_recurrence(void **state)
{
    (void)state;

    for (double a = 0.01; a < 3e5; a *= 3.1) {
        for (int k = -6; k <= 6; k++) {
            double x = a * (1.0 + 0.3 * k / 7.0) + k * 0.1;
            if (x <= 0.0) continue;
            double p = special_gamma_p(a, x), q = special_gamma_q(a, x);
            double step = exp(a * log(x) - x - lgamma(a + 1.0));
            assert_near(p + q, 1.0, 1e-14);
            /* the direct step loses digits like a ln a: 1e-16 of the terms that cancel */
            assert_near(p - special_gamma_p(a + 1.0, x), step,
                        1e-13 + step * 4.0 * DBL_EPSILON * (a * fabs(log(x)) + x));
        }
    }
}

static void log_gamma_is_the_librarys(void **state)
{
    (void)state;

    /* glibc's lgamma is good to an ulp or so; near its zeros 1 and 2 both are compared absolutely
     */
    for (double x = 1e-300; x < 1e300; x *= 1.37)
        assert_near(special_log_gamma(x), lgamma(x), 2e-14 + 4e-15 * fabs(lgamma(x)));
    for (double x = 0.5; x < 20.0; x += 0.001)
        assert_near(special_log_gamma(x), lgamma(x), 2e-14 + 4e-15 * fabs(lgamma(x)));
}

/* Phi(x) + Phi(-x) = 1, and in the lower tail Phi lies between the first two bounds of Mills'
 * ratio: phi(x)/x (1 - 1/x^2) < 1 - Phi(x) < phi(x)/x. */
static const double pi = 3.14159265358979323846;

static void normal_cdf_has_its_symmetry_and_tail(void **state)
{
    (void)state;

    assert_near(special_normal_cdf(0.0), 0.5, 0.0);
    assert_near(special_normal_cdf(1.0), 0.84134474606854294859, 1e-15);
    for (double x = 0.0; x < 37.0; x += 0.37) {
        double tail = special_normal_cdf(-x), bound = exp(-0.5 * x * x) / sqrt(2.0 * pi) / x;
        assert_near(tail + special_normal_cdf(x), 1.0, 1e-15);
        if (x > 1.0) assert_true(tail < bound && tail > bound * (1.0 - 1.0 / (x * x)));
    }
}

static void logistic_and_softplus_belong_together(void **state)
{
    (void)state;

    for (double x = -800.0; x < 800.0; x += 0.731) {
        double p = special_logistic(x), s = special_softplus(x);
        assert_near(p + special_logistic(-x), 1.0, 1e-15);
        assert_near(s - special_softplus(-x), x, 2e-13); /* ulp of 800 */
        assert_true(s >= 0.0 && s >= x);
        if (p > 0.0 && x > -700.0) near_relative(exp(-special_softplus(-x)), p, 3e-13);
        double h = 1e-5, slope = (special_softplus(x + h) - special_softplus(x - h)) / (2.0 * h);
        assert_near(slope, p, 1e-7);
    }
    near_relative(special_softplus(-40.0), exp(-40.0), 1e-14);
}

static void log_sums_do_not_overflow(void **state)
{
    (void)state;
    double x[] = { 1000.0, 1000.0, -INFINITY, 999.0 }, none[] = { -INFINITY, -INFINITY };
    double bad[] = { 1.0, NAN, INFINITY }, most[] = { 1.0, INFINITY };

    assert_near(special_log_sum_exp(x, 4), 1000.0 + log(2.0 + exp(-1.0)), 2e-13);
    assert_true(special_log_sum_exp(x, 0) == -INFINITY);
    assert_true(special_log_sum_exp(none, 2) == -INFINITY);
    assert_true(isnan(special_log_sum_exp(bad, 3)));
    assert_true(special_log_sum_exp(most, 2) == INFINITY);
    assert_true(special_log_add(-INFINITY, -INFINITY) == -INFINITY);
    assert_true(special_log_add(-INFINITY, 3.0) == 3.0);
    assert_true(isnan(special_log_add(NAN, 3.0)) && isnan(special_log_add(3.0, NAN)));
    double sum = -INFINITY;
    for (int i = 0; i < 4; i++) sum = special_log_add(sum, x[i]);
    assert_near(sum, special_log_sum_exp(x, 4), 3e-13);
}

TEST_MAIN(cmocka_unit_test(incomplete_gamma_is_its_integral),
          cmocka_unit_test(incomplete_gamma_has_its_closed_forms),
          cmocka_unit_test(incomplete_gamma_keeps_its_recurrence),
          cmocka_unit_test(log_gamma_is_the_librarys),
          cmocka_unit_test(normal_cdf_has_its_symmetry_and_tail),
          cmocka_unit_test(logistic_and_softplus_belong_together),
          cmocka_unit_test(log_sums_do_not_overflow))
