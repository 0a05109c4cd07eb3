#include "qpu/beta.h"

#include "base/mem.h"

#include <math.h>

enum { STEPS = 200 };

void beta_fields(float *f, const struct ising *g, const uint8_t *states, int64_t reads)
{
    double *field = mem_take(g->n, sizeof *field);

    for (int64_t r = 0; r < reads; r++) {
        const uint8_t *x = states + r * g->n;
        for (int k = 0; k < g->n; k++) field[k] = g->h[k];
        for (int64_t k = 0; k < g->m; k++) {
            int i = g->pair[k][0], j = g->pair[k][1];
            field[i] += x[j] ? g->J[k] : -g->J[k];
            field[j] += x[i] ? g->J[k] : -g->J[k];
        }
        for (int k = 0; k < g->n; k++)
            f[r * g->n + k] = (float)(x[k] ? 2.0 * field[k] : -2.0 * field[k]);
    }
    mem_free(field);
}

struct sums {
    double slope, curve, square; /* G, G', sum of g_r^2 */
};

static struct sums add_up(const float *f, int64_t reads, int n, double beta)
{
    struct sums s = { 0.0, 0.0, 0.0 };

    for (int64_t r = 0; r < reads; r++) {
        double g = 0.0;
        for (int k = 0; k < n; k++) {
            double x = (double)f[r * n + k];
            double p = 1.0 / (1.0 + exp(-beta * x));
            g -= x * p;
            s.curve -= x * x * p * (1.0 - p);
        }
        s.slope += g;
        s.square += g * g;
    }
    return s;
}

struct beta beta_find(const float *f, int64_t reads, int n)
{
    struct beta found = { NAN, NAN };
    int against = 0, along = 0;

    for (int64_t k = 0; k < reads * n; k++) {
        against |= f[k] > 0.0f;
        along |= f[k] < 0.0f;
    }
    if (!against && !along) return found;
    if (!against || !along) {
        found.beta = along ? INFINITY : -INFINITY;
        return found;
    }
    double low = -1.0, high = 1.0, beta = 0.0;
    while (add_up(f, reads, n, low).slope < 0.0 && low > -1e6) low *= 2.0;
    while (add_up(f, reads, n, high).slope > 0.0 && high < 1e6) high *= 2.0;
    for (int k = 0; k < STEPS; k++) {
        struct sums s = add_up(f, reads, n, beta);
        if (s.slope > 0.0)
            low = beta;
        else
            high = beta;
        double next = beta - s.slope / s.curve;
        if (!(next > low && next < high)) next = 0.5 * (low + high);
        found.error = sqrt(s.square) / fabs(s.curve);
        if (fabs(next - beta) <= 1e-12 * fmax(1.0, fabs(beta))) break;
        beta = next;
    }
    found.beta = beta;
    return found;
}
