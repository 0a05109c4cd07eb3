#include "shower/profile.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>

enum { SAMPLES = 2, DECADES = 16 };

static const char *const sample_name[SAMPLES] = { "reference", "generated" };

void profile_init(struct profile *p, const struct geom *g, double least, double most)
{
    int low = (int)floor(log10(least)), high = (int)floor(log10(most));
    *p = (struct profile){ .g = g, .lowest = low, .layers = g->layers };
    p->decades = high - low + 1;
    if (p->decades > 1 && most <= pow(10, high)) p->decades--; /* the last edge itself */
    if (p->decades > DECADES) p->decades = DECADES;
    for (int l = 0; l < g->layers; l++)
        p->rings = g->layer[l].n_r > p->rings ? g->layer[l].n_r : p->rings;
    p->size = p->decades * (1 + (int64_t)p->layers * (2 + p->rings));
    p->sum = mem_take(SAMPLES * p->size, sizeof *p->sum);
}

void profile_free(struct profile *p)
{
    mem_free(p->sum);
    *p = (struct profile){ 0 };
}

/* The tables of one sample, one after another. */
struct tables {
    double *showers, *layer, *square, *mean;
};

static struct tables tables_of(const struct profile *p, int sample)
{
    double *at = p->sum + sample * p->size;
    int64_t DL = (int64_t)p->decades * p->layers;
    return (struct tables){ at, at + p->decades, at + p->decades + DL, at + p->decades + 2 * DL };
}

void profile_add(struct profile *p, int sample, const float *x, const double *energy, int n,
                 double threshold)
{
    struct tables t = tables_of(p, sample);
    for (int i = 0; i < n; i++, x += p->g->voxels) {
        int k = (int)floor(log10(energy[i])) - p->lowest;
        k = k < 0 ? 0 : k >= p->decades ? p->decades - 1 : k;
        t.showers[k]++;
        for (int l = 0; l < p->layers; l++) {
            const struct geom_layer *y = p->g->layer + l;
            int64_t entry = (int64_t)k * p->layers + l;
            double sum = 0;
            for (int v = 0; v < y->count; v++) {
                double e = (double)x[y->first + v];
                if (e < threshold) continue;
                t.mean[entry * p->rings + v % y->n_r] += e;
                sum += e;
            }
            t.layer[entry] += sum;
            t.square[entry] += sum * sum;
        }
    }
}

void profile_sum(struct profile *p, const struct par *P)
{
    par_sum(P, p->sum, SAMPLES * p->size);
}

/* Sums become means, squares standard deviations; rings [decades, rings] the sum over layers. */
static void finish(const struct profile *p, int sample, double *mean, double *std, double *shower,
                   double *radial)
{
    struct tables t = tables_of(p, sample);
    for (int k = 0; k < p->decades; k++) {
        double n = t.showers[k] > 0 ? t.showers[k] : 1;
        for (int l = 0; l < p->layers; l++) {
            int64_t i = (int64_t)k * p->layers + l;
            mean[i] = t.layer[i] / n;
            std[i] = sqrt(fmax(0, t.square[i] / n - mean[i] * mean[i]));
            for (int r = 0; r < p->rings; r++) {
                shower[i * p->rings + r] = t.mean[i * p->rings + r] / n;
                radial[k * p->rings + r] += t.mean[i * p->rings + r] / n;
            }
        }
    }
}

static int write(struct h5 *f, const char *what, const char *sample, int dims, int64_t a, int64_t b,
                 int64_t c, const double *x, const char *units, const char *text, struct err *e)
{
    char path[96];
    struct h5_shape s = { .dims = dims, .n = { a, b, c }, .type = H5_DOUBLE };
    snprintf(path, sizeof path, "/profiles/%s%s%s", what, *sample ? "_" : "", sample);
    return h5_write_all(f, path, &s, x, units, text, e);
}

static int write_sample(struct h5 *f, const struct profile *p, int sample, struct err *e)
{
    int64_t D = p->decades, L = p->layers, R = p->rings;
    double *mean = mem_take(2 * D * L + D * L * R + D * R, sizeof *mean);
    double *std = mean + D * L, *shower = std + D * L, *radial = shower + D * L * R;
    const char *name = sample_name[sample];
    finish(p, sample, mean, std, shower, radial);
    int bad = write(f, "showers", name, 1, D, 0, 0, tables_of(p, sample).showers, "1",
                    "showers of each energy decade", e) ||
              write(f, "longitudinal", name, 2, D, L, 0, mean, "MeV",
                    "mean energy of each layer [decade, layer]", e) ||
              write(f, "longitudinal_std", name, 2, D, L, 0, std, "MeV",
                    "standard deviation of each layer's energy [decade, layer]", e) ||
              write(f, "mean_shower", name, 3, D, L, R, shower, "MeV",
                    "mean energy of each ring [decade, layer, ring]", e);
    if (!bad && geom_regular(p->g))
        bad = write(f, "radial", name, 2, D, R, 0, radial, "MeV",
                    "mean energy of each ring, all layers [decade, ring]", e);
    mem_free(mean);
    return bad ? -1 : 0;
}

int profile_write(struct h5 *f, const struct profile *p, struct err *e)
{
    int D = p->decades, L = p->layers, R = p->rings;
    double *axis = mem_take(D + 1 + L + R, sizeof *axis);
    double *depth = axis + D + 1, *radius = depth + L;
    for (int k = 0; k <= D; k++) axis[k] = pow(10, p->lowest + k);
    for (int l = 0; l < L; l++) depth[l] = p->g->layer[l].front + p->g->layer[l].thickness / 2;
    for (int r = 0; r < p->g->layer[0].n_r; r++)
        radius[r] = (p->g->layer[0].edge[r] + p->g->layer[0].edge[r + 1]) / 2;
    int bad = write(f, "energy_edges", "", 1, D + 1, 0, 0, axis, "MeV",
                    "ends of the decades of the incident energy", e) ||
              write(f, "depth", "", 1, L, 0, 0, depth, "mm", "middle of each layer", e);
    if (!bad && geom_regular(p->g))
        bad = write(f, "radius", "", 1, R, 0, 0, radius, "mm", "middle of each ring", e);
    for (int s = 0; s < SAMPLES && !bad; s++) bad = write_sample(f, p, s, e);
    mem_free(axis);
    return bad ? -1 : 0;
}
