#include "num/quality.h"

#include "base/err.h"
#include "base/mem.h"
#include "num/logweights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *text;
} figure[QUALITY_FIGURES] = {
    { "log_mean", "log of the mean weight: up ln Z - ln Z of the base, down the reverse" },
    { "error", "standard error of log_mean, delta method" },
    { "bootstrap", "standard error of log_mean over resampled chains" },
    { "low", "lower end of the 95% interval of log_mean (Hall's, for skewed weights)" },
    { "high", "upper end of it" },
    { "bound", "below the log of the true mean in 95% of runs whatever the weights' law (Markov)" },
    { "jackknife", "log_mean without its bias of order 1/n" },
    { "ess", "effective sample size, (sum w)^2 / sum w^2" },
    { "variance", "variance of the log-weights" },
    { "skewness", "skewness of the log-weights" },
    { "largest", "share of the largest weight in their sum" },
    { "pareto_k", "shape of the weights' tail; above 0.7 errors are not to be trusted" },
};

const char *quality_name(enum quality_figure f)
{
    return figure[f].name;
}

const char *quality_text(enum quality_figure f)
{
    return figure[f].text;
}

/* Weights relative to the largest. */
static double *weights_of(const double *log_w, int64_t n)
{
    double most = -INFINITY, *w = mem_take(n, sizeof *w);

    for (int64_t i = 0; i < n; i++)
        if (!(log_w[i] <= most)) most = log_w[i];
    for (int64_t i = 0; i < n; i++) w[i] = exp(log_w[i] - most);
    return w;
}

/* The point with 97.5% below it of Student's t (Cornish and Fisher's series; 1e-3 at 10 degrees of
 * freedom). */
static double student(double freedom)
{
    const double z = 1.959963984540054, z3 = z * z * z, z5 = z3 * z * z;

    return z + (z3 + z) / (4.0 * freedom) +
           (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * freedom * freedom);
}

/* Hall's t for Student's q; a = skewness / (6 sqrt n). */
static double hall(double q, double a)
{
    return fabs(a) < 1e-6 ? q : (cbrt(1.0 + 6.0 * a * (q - a)) - 1.0) / (2.0 * a);
}

static double skewness(const double *x, int64_t n)
{
    double mean = 0.0, two = 0.0, three = 0.0;

    for (int64_t i = 0; i < n; i++) mean += x[i] / (double)n;
    for (int64_t i = 0; i < n; i++) {
        double d = x[i] - mean;
        two += d * d / (double)n;
        three += d * d * d / (double)n;
    }
    return two > 0.0 ? three / (two * sqrt(two)) : 0.0;
}

void quality_interval(const double *log_w, int64_t n, double *low, double *high)
{
    struct logweights s = logweights_of(log_w, n);
    double *w = weights_of(log_w, n), a = skewness(w, n) / (6.0 * sqrt((double)n));
    double q = student((double)n - 1.0), down = hall(q, a) * s.error, up = -hall(-q, a) * s.error;

    *low = down < 1.0 ? s.log_mean + log1p(-down) : -INFINITY;
    *high = s.log_mean + log1p(up);
    mem_free(w);
}

/* n L - (n - 1) times the mean of the L without one weight each. */
double quality_jackknife(const double *log_w, int64_t n)
{
    double *w = weights_of(log_w, n), sum = 0.0, excess = 0.0;

    for (int64_t i = 0; i < n; i++) sum += w[i];
    for (int64_t i = 0; i < n; i++) /* L without it, less L */
        excess += log1p(-w[i] / sum) - log1p(-1.0 / (double)n);
    mem_free(w);
    return logweights_of(log_w, n).log_mean - ((double)n - 1.0) * excess / (double)n;
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Mean of log(1 - theta x). */
static double shape(const double *x, int n, double theta)
{
    double sum = 0.0;

    for (int i = 0; i < n; i++) sum += log1p(-theta * x[i]);
    return sum / n;
}

/* Zhang and Stephens: the mean of theta over its profile likelihood at a grid of points, on rising
 * excesses x [n]; a weak prior draws k to 1/2 with the weight of 10 excesses. */
static double fit(const double *x, int n)
{
    int grid = 30 + (int)sqrt(n);
    double quarter = x[(int)(n / 4.0 + 0.5) - 1], most = -INFINITY, sum = 0.0, theta = 0.0;
    double *at = mem_take(2 * grid, sizeof *at), *likely = at + grid;

    for (int j = 0; j < grid; j++) {
        at[j] = 1.0 / x[n - 1] + (1.0 - sqrt(grid / (j + 0.5))) / (3.0 * quarter);
        double k = shape(x, n, at[j]);
        likely[j] = n * (log(-at[j] / k) - k - 1.0);
        most = fmax(most, likely[j]);
    }
    for (int j = 0; j < grid; j++) {
        double weight = exp(likely[j] - most);
        sum += weight;
        theta += weight * at[j];
    }
    mem_free(at);
    return (shape(x, n, theta / sum) * n + 5.0) / (n + 10.0);
}

double quality_pareto(const double *log_w, int64_t n)
{
    double tail = fmin(0.2 * (double)n, 3.0 * sqrt((double)n)), k = NAN;
    int m = (int)tail;

    if (m < 5) return NAN;
    double *w = weights_of(log_w, n), *x = w + (n - m);
    qsort(w, (size_t)n, sizeof *w, rising);
    double least = w[n - m - 1];
    for (int i = 0; i < m; i++) x[i] -= least;
    if (x[(int)(m / 4.0 + 0.5) - 1] > 0.0 && isfinite(x[m - 1])) k = fit(x, m);
    mem_free(w);
    return k;
}

void quality_of(double x[QUALITY_FIGURES], const double *log_w, int64_t n, int repeats,
                uint64_t seed, int64_t item)
{
    struct logweights s = logweights_of(log_w, n);

    for (int i = 0; i < QUALITY_FIGURES; i++) x[i] = NAN;
    x[QUALITY_LOG_MEAN] = s.log_mean;
    x[QUALITY_BOUND] = s.log_mean - log(20.0);
    x[QUALITY_ESS] = s.ess;
    x[QUALITY_LARGEST] = s.largest;
    if (n > 1) {
        x[QUALITY_ERROR] = s.error;
        x[QUALITY_BOOTSTRAP] = logweights_bootstrap(log_w, n, repeats, seed, item);
        x[QUALITY_JACKKNIFE] = quality_jackknife(log_w, n);
        x[QUALITY_VARIANCE] = s.variance;
        x[QUALITY_SKEWNESS] = skewness(log_w, n);
        quality_interval(log_w, n, &x[QUALITY_LOW], &x[QUALITY_HIGH]);
    }
    x[QUALITY_PARETO_K] = quality_pareto(log_w, n);
}
