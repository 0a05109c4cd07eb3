#include "shower/baseline.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

void baseline_init(struct baseline *b, int bins, int V, double e_min, double e_max)
{
    *b = (struct baseline){ .bins = bins, .V = V, .least = log(e_min) };
    b->width = (log(e_max) - b->least) / bins;
    b->sum = mem_take(bins * (1 + 3 * (int64_t)V), sizeof *b->sum);
    b->law = mem_take(3 * (int64_t)bins * V, sizeof *b->law);
    b->near = mem_take(bins, sizeof *b->near);
}

void baseline_free(struct baseline *b)
{
    mem_free(b->sum);
    mem_free(b->law);
    mem_free(b->near);
    *b = (struct baseline){ 0 };
}

/* The bin of an energy; what lies outside, or on the upper end, goes to the nearest bin. */
static int bin(const struct baseline *b, double energy)
{
    double place = b->width > 0 ? (log(energy) - b->least) / b->width : 0;
    return place < 1 ? 0 : place >= b->bins ? b->bins - 1 : (int)place;
}

void baseline_add(struct baseline *b, const float *x, const double *energy, int n)
{
    for (int i = 0; i < n; i++, x += b->V) {
        double *at = b->sum + bin(b, energy[i]) * (1 + 3 * (int64_t)b->V);
        double *hits = at + 1, *sum = hits + b->V, *square = sum + b->V;
        at[0]++;
        for (int v = 0; v < b->V; v++) {
            double f = (double)x[v] / energy[i];
            hits[v] += f > 0;
            sum[v] += f;
            square[v] += f * f;
        }
    }
}

/* Gamma with mean m and variance s: shape m^2 / s, scale s / m. A voxel that is always the same (or
 * was hit once) has shape 0 here, and its scale is the number itself. */
static void law(const struct baseline *b, int k)
{
    const double *at = b->sum + k * (1 + 3 * (int64_t)b->V);
    const double *hits = at + 1, *sum = hits + b->V, *square = sum + b->V;
    float *p = b->law + 3 * (int64_t)k * b->V, *shape = p + b->V, *scale = shape + b->V;
    for (int v = 0; v < b->V; v++) {
        if (hits[v] == 0) continue;
        double mean = sum[v] / hits[v], variance = square[v] / hits[v] - mean * mean;
        int fixed = variance <= 1e-12 * mean * mean;
        p[v] = (float)(hits[v] / at[0]);
        shape[v] = fixed ? 0 : (float)(mean * mean / variance);
        scale[v] = (float)(fixed ? mean : variance / mean);
    }
}

void baseline_finish(struct baseline *b, const struct par *P)
{
    int64_t row = 1 + 3 * (int64_t)b->V;
    par_sum(P, b->sum, b->bins * row);
    for (int k = 0; k < b->bins; k++) {
        if (b->sum[k * row] > 0) law(b, k);
        b->near[k] = -1;
        for (int away = 0; away < b->bins && b->near[k] < 0; away++) {
            if (k - away >= 0 && b->sum[(k - away) * row] > 0) b->near[k] = k - away;
            if (k + away < b->bins && b->sum[(k + away) * row] > 0) b->near[k] = k + away;
        }
        if (b->near[k] < 0) die("a baseline of no showers");
    }
}

/* One voxel's share of the energy. */
static double share(enum baseline_kind kind, struct rng *r, double p, double shape, double scale)
{
    double mean = shape > 0 ? shape * scale : scale;
    if (p == 0 || kind == BASELINE_MEAN) return p * mean;
    if ((double)rng_float(r) >= p) return 0;
    return shape > 0 && kind == BASELINE_GAMMA ? rng_gamma(r, shape) * scale : mean;
}

void baseline_showers(const struct baseline *b, uint64_t seed, int64_t first, const double *energy,
                      int n, float *x)
{
    for (int i = 0; i < n; i++, x += b->V) {
        const float *p = b->law + 3 * (int64_t)b->near[bin(b, energy[i])] * b->V;
        const float *shape = p + b->V, *scale = shape + b->V;
        struct rng r = rng_at(seed, RNG_BASELINE, first + i, 0);
        for (int v = 0; v < b->V; v++)
            x[v] = (float)(energy[i] *
                           share(b->kind, &r, (double)p[v], (double)shape[v], (double)scale[v]));
    }
}
