#include "num/stats.h"

#include <math.h>
#include <stdlib.h>

double stats_mean(const double *x, int64_t n)
{
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += x[i];
    return s / (double)n;
}

double stats_variance(const double *x, int64_t n, int ddof)
{
    double mean = stats_mean(x, n), s = 0, rest = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = x[i] - mean;
        s += d * d;
        rest += d;
    }
    /* `rest` would be 0 without rounding: Bjoerck's correction */
    return (s - rest * rest / (double)n) / (double)(n - ddof);
}

double stats_std(const double *x, int64_t n, int ddof)
{
    return sqrt(stats_variance(x, n, ddof));
}

static int order(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;
    if (isnan(a) || isnan(b)) return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

void stats_sort(double *x, int64_t n)
{
    qsort(x, (size_t)n, sizeof *x, order);
}

double stats_quantile(const double *x, int64_t n, double q)
{
    double place = q * (double)(n - 1);
    int64_t i = (int64_t)floor(place);
    if (i >= n - 1) return x[n - 1];
    return x[i] + (place - (double)i) * (x[i + 1] - x[i]);
}

double stats_wasserstein(const double *x, int64_t n, const double *y, int64_t m)
{
    double sum = 0.0, at = fmin(x[0], y[0]);
    int64_t i = 0, j = 0;

    while (i < n || j < m) {
        double next = j == m || (i < n && x[i] <= y[j]) ? x[i] : y[j];
        sum += (next - at) * fabs((double)i / (double)n - (double)j / (double)m);
        at = next;
        while (i < n && x[i] == at) i++;
        while (j < m && y[j] == at) j++;
    }
    return sum;
}

double stats_auc(const double *x, int64_t n, const double *y, int64_t m)
{
    double above = 0.0;
    int64_t below = 0, upto = 0; /* numbers of y below x[i]; at most x[i] */

    for (int64_t i = 0; i < n; i++) {
        while (below < m && y[below] < x[i]) below++;
        while (upto < m && y[upto] <= x[i]) upto++;
        above += 0.5 * (double)(below + upto);
    }
    return above / ((double)n * (double)m);
}

double stats_trapezoid(const double *x, const double *y, int64_t n)
{
    double s = 0;
    for (int64_t i = 1; i < n; i++) s += (x[i] - x[i - 1]) * (y[i] + y[i - 1]);
    return s / 2;
}

double stats_correlation(const double *x, const double *y, int64_t n)
{
    double mx = stats_mean(x, n), my = stats_mean(y, n), xx = 0, yy = 0, xy = 0;
    for (int64_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

/* var_a of a + b x: residual variance times (1/n + mean^2 / sum (x - mean)^2). */
static double variance_at_zero(const double *x, const double *y, int n, double a, double b)
{
    double mean = stats_mean(x, n), spread = stats_variance(x, n, 0) * n, residual = 0;
    for (int i = 0; i < n; i++) {
        double r = y[i] - a - b * x[i];
        residual += r * r;
    }
    return residual / (n - 2) * (1.0 / n + mean * mean / spread);
}

struct stats_line stats_line(const double *x, const double *y, int n)
{
    struct stats_line l;
    double mx = stats_mean(x, n), my = stats_mean(y, n), xx = 0, xy = 0;
    for (int i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        xy += (x[i] - mx) * (y[i] - my);
    }
    l.b = xy / xx;
    l.a = my - l.b * mx;
    l.var_a = variance_at_zero(x, y, n, l.a, l.b);
    return l;
}

void stats_add(struct stats_moments *m, double x, double weight)
{
    const struct stats_moments one = { weight, x, 0 };
    stats_merge(m, &one);
}

void stats_merge(struct stats_moments *m, const struct stats_moments *other)
{
    double total = m->weight + other->weight, d = other->mean - m->mean;
    if (other->weight == 0) return;
    m->square += other->square + d * d * m->weight * other->weight / total;
    m->mean += d * other->weight / total;
    m->weight = total;
}
