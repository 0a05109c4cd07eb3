#include "num/special.h"

#include "base/err.h"

#include <math.h>

static const double pi = 3.14159265358979323846;
static const double half_log_2pi = 0.91893853320467274178;

/* ln Gamma(x) - [(x - 1/2) ln x - x + ln(2 pi)/2], from the Stirling series (DLMF 5.11.1), which at
 * x >= 15 is good to 1e-17 with these eight terms. */
static double stirling_rest(double x)
{
    static const double c[] = { 1.0 / 12.0,   -1.0 / 360.0,      1.0 / 1260.0, -1.0 / 1680.0,
                                1.0 / 1188.0, -691.0 / 360360.0, 1.0 / 156.0,  -3617.0 / 122400.0 };
    double z = 1.0 / (x * x), sum = 0.0;

    for (int i = 7; i >= 0; i--) sum = sum * z + c[i];
    return sum / x;
}

double special_log_gamma(double x)
{
    if (!(x > 0.0)) {
        if (isnan(x)) return x;
        die("ln Gamma(%g)", x);
    }
    if (x < 3.0) { /* tgamma is relatively exact, and log1p keeps what is small near 1 and 2 */
        double g = tgamma(x);
        return isinf(g) ? -log(x) : log1p(g - 1.0);
    }
    double product = 1.0;
    while (x < 15.0) product *= x++;
    return (x - 0.5) * log(x) - x + half_log_2pi + stirling_rest(x) - log(product);
}

/* x - 1 - ln x, x > 0, without cancellation near 1. */
static double log_gap(double x)
{
    double d = x - 1.0;

    if (fabs(d) > 0.1) return d - log(x);
    /* with v = d / (2 + d): ln x = 2 atanh(v), so d - ln x = d v - 2 (v^3/3 + v^5/5 + ...) */
    double v = d / (2.0 + d), v2 = v * v, power = v, sum = 0.0;
    for (int k = 3; k < 27; k += 2) {
        power *= v2;
        sum += power / k;
    }
    return d * v - 2.0 * sum;
}

/* x^a e^-x / Gamma(a + 1) */
static double front(double a, double x)
{
    if (a < 15.0) return exp(a * log(x) - x) / tgamma(a + 1.0);
    /* Gamma(a + 1) = sqrt(2 pi a) a^a e^(-a + rest); x^a e^-x / (a^a e^-a) = e^(-a gap(x/a)) */
    return exp(-a * log_gap(x / a) - stirling_rest(a)) / sqrt(2.0 * pi * a);
}

/* P(a, x) = front sum_k x^k / ((a+1)...(a+k)) */
static double series(double a, double x)
{
    double term = 1.0, sum = 1.0;

    for (double k = 1.0; term > sum * 1e-17; k++) {
        term *= x / (a + k);
        sum += term;
    }
    return front(a, x) * sum;
}

/* Q(a, x) = front a / (x + 1 - a - 1(1-a)/(x + 3 - a - 2(2-a)/...)), modified Lentz. */
static double fraction(double a, double x)
{
    const double tiny = 1e-300;
    double b = x + 1.0 - a, c = 1.0 / tiny, d = 1.0 / b, f = d;

    for (double k = 1.0; k < 1e8; k++) {
        double an = -k * (k - a);
        b += 2.0;
        d = an * d + b;
        if (fabs(d) < tiny) d = tiny;
        c = b + an / c;
        if (fabs(c) < tiny) c = tiny;
        d = 1.0 / d;
        f *= d * c;
        if (fabs(d * c - 1.0) < 1e-16) break;
    }
    return front(a, x) * a * f;
}

static int outside(const char *name, double a, double x)
{
    if (isnan(a) || isnan(x)) return 1;
    if (!(a > 0.0) || isinf(a) || x < 0.0) die("%s(%g, %g)", name, a, x);
    return 0;
}

double special_gamma_p(double a, double x)
{
    if (outside("P", a, x)) return NAN;
    if (x == 0.0) return 0.0;
    if (isinf(x)) return 1.0;
    return x < a + 1.0 ? series(a, x) : 1.0 - fraction(a, x);
}

double special_gamma_q(double a, double x)
{
    if (outside("Q", a, x)) return NAN;
    if (x == 0.0) return 1.0;
    if (isinf(x)) return 0.0;
    return x < a + 1.0 ? 1.0 - series(a, x) : fraction(a, x);
}

double special_normal_cdf(double x)
{
    return 0.5 * erfc(-x * 0.70710678118654752440);
}

double special_logistic(double x)
{
    if (x >= 0.0) return 1.0 / (1.0 + exp(-x));
    double z = exp(x);
    return z / (1.0 + z);
}

double special_softplus(double x)
{
    return (x > 0.0 ? x : 0.0) + log1p(exp(-fabs(x)));
}

double special_log_add(double a, double b)
{
    double high = a > b ? a : b, low = a > b ? b : a;

    if (isnan(a) || isnan(b)) return NAN;
    if (isinf(high)) return high;
    return high + log1p(exp(low - high));
}

double special_log_sum_exp(const double *x, int64_t n)
{
    double most = -INFINITY, sum = 0.0;

    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i])) return NAN;
        if (x[i] > most) most = x[i];
    }
    if (isinf(most)) return most;
    for (int64_t i = 0; i < n; i++) sum += exp(x[i] - most);
    return most + log(sum);
}
