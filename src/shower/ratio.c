#include "shower/ratio.h"

#include <math.h>

/* Is this incident energy in bin i? */
static int inside(int i, double energy)
{
    double centre = pow(10.0, 3.0 + 3.0 * i / (RATIO_ENERGIES - 1));

    return energy >= centre / sqrt(2.0) && energy < centre * sqrt(2.0);
}

/* Least and largest ratio of each bin, over all ranks. */
static void ranges(const struct par *P, int64_t n, const double *energy, const double *x[2],
                   double low[RATIO_ENERGIES], double high[RATIO_ENERGIES])
{
    for (int i = 0; i < RATIO_ENERGIES; i++) {
        low[i] = INFINITY;
        high[i] = -INFINITY;
        for (int64_t k = 0; k < n; k++) {
            if (!inside(i, energy[k])) continue;
            low[i] = fmin(low[i], fmin(x[0][k], x[1][k]));
            high[i] = fmax(high[i], fmax(x[0][k], x[1][k]));
        }
    }
    par_min(P, low, RATIO_ENERGIES);
    par_max(P, high, RATIO_ENERGIES);
}

static int place(double x, double low, double high)
{
    int bin = high > low ? (int)((x - low) / (high - low) * RATIO_BINS) : 0;

    return bin < RATIO_BINS ? bin : RATIO_BINS - 1;
}

double ratio_chi2(const struct par *P, int64_t n, const double *energy, const double *a,
                  const double *b)
{
    const double *x[2] = { a, b };
    double low[RATIO_ENERGIES], high[RATIO_ENERGIES], sum = 0.0;
    int64_t count[RATIO_ENERGIES][RATIO_BINS][2] = { 0 };

    ranges(P, n, energy, x, low, high);
    for (int i = 0; i < RATIO_ENERGIES; i++)
        for (int64_t k = 0; k < n; k++)
            for (int s = 0; s < 2 && inside(i, energy[k]); s++)
                count[i][place(x[s][k], low[i], high[i])][s]++;
    par_sum_int(P, &count[0][0][0], RATIO_ENERGIES * RATIO_BINS * 2);
    for (int i = 0; i < RATIO_ENERGIES; i++)
        for (int k = 0; k < RATIO_BINS; k++) {
            double p = (double)count[i][k][0], q = (double)count[i][k][1];
            if (p + q > 0.0) sum += (p - q) * (p - q) / (p + q);
        }
    return sum / RATIO_ENERGIES;
}
