#include "num/series.h"

#include "base/mem.h"
#include "num/stats.h"

#include <math.h>

/* The mean of n products of deviations k apart. */
static double covariance(const double *x, int64_t n, double mean, int64_t k)
{
    double sum = 0.0;

    for (int64_t i = 0; i + k < n; i++) sum += (x[i] - mean) * (x[i + k] - mean);
    return sum / (double)n;
}

double series_time(const double *x, int64_t n)
{
    double mean = stats_mean(x, n), variance = covariance(x, n, mean, 0), tau = 0.5;

    if (!(variance > 0.0)) return tau;
    for (int64_t k = 1; k < n / 2; k++) {
        tau += covariance(x, n, mean, k) / variance;
        if ((double)k >= 5.0 * tau) break;
    }
    return fmax(tau, 0.5);
}

double series_error(const double *x, int64_t n)
{
    if (n < 2) return 0.0;
    return sqrt(2.0 * series_time(x, n) * stats_variance(x, n, 1) / (double)n);
}

/* The lag beyond which `run` autocorrelations in a row are within their noise. */
static int64_t memory(const double *x, int64_t n, double mean, double variance, int64_t most)
{
    double noise = 2.0 * sqrt(log10((double)n) / (double)n) * variance;
    int64_t last = 0, run = (int64_t)fmax(5.0, sqrt(log10((double)n)));

    for (int64_t k = 1; k <= most && k - last <= run; k++)
        if (fabs(covariance(x, n, mean, k)) >= noise) last = k;
    return last;
}

int64_t series_block(const double *x, int64_t n)
{
    double mean = stats_mean(x, n), variance = covariance(x, n, mean, 0);
    double bend = 0.0, level = variance, rows = (double)n;

    if (n < 10 || !(variance > 0.0)) return 1;
    int64_t lag = memory(x, n, mean, variance, (int64_t)ceil(sqrt(rows)) + 5);
    if (lag == 0) return 1;
    for (int64_t k = 1; k <= 2 * lag && k < n; k++) {
        double t = (double)k / (double)(2 * lag), lambda = t <= 0.5 ? 1.0 : 2.0 * (1.0 - t);
        double R = covariance(x, n, mean, k);
        bend += 2.0 * lambda * (double)k * R;
        level += 2.0 * lambda * R;
    }
    double length = level > 0.0 ? cbrt(1.5 * bend * bend / (level * level) * rows) : INFINITY;
    return (int64_t)fmax(1.0, ceil(fmin(length, fmin(3.0 * sqrt(rows), rows / 3.0))));
}

void series_resample(int64_t *place, int64_t n, int64_t block, struct rng *r)
{
    for (int64_t i = 0; i < n; i += block) {
        int64_t from = (int64_t)rng_below(r, (uint64_t)n);
        for (int64_t k = 0; k < block && i + k < n; k++) place[i + k] = (from + k) % n;
    }
}

double series_ratio_error(const double *x, const double *y, int64_t n, int64_t block, int repeats,
                          uint64_t seed, int64_t item, int64_t *place)
{
    struct stats_moments m = { 0 };

    for (int b = 0; b < repeats; b++) {
        struct rng r = rng_at(seed, RNG_BOOTSTRAP, item, b);
        double above = 0.0, below = 0.0;
        series_resample(place, n, block, &r);
        for (int64_t i = 0; i < n; i++) {
            above += x[place[i]];
            below += y[place[i]];
        }
        stats_add(&m, above / below, 1.0);
    }
    return sqrt(m.square / (m.weight - 1.0));
}
