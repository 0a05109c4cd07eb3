#include "shower/histo.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where a family lives: bins and range per kind of layer (CaloChallenge, HighLevelFeatures). */
struct binning {
    const char *key;   /* in result lines */
    const char *name;  /* of the histogram; with a layer's number where it has layers */
    const char *title; /* the same for people */
    const char *xlabel, *units;
    int bins, logarithmic, per_layer, sectors; /* sectors: only where n_alpha > 1 */
    double low, high;                          /* within 50 mm of the axis: data sets 2 and 3 */
    double wide, widest; /* data set 1: upper end before and from layer 12 on */
};

static const struct binning binning[HISTO_FAMILIES] = {
    { "response", "E_tot_over_E_inc", "Total response", "E_tot / E_inc", "1", 100, 0, 0, 0, 0.5,
      1.5, 1.5, 1.5 },
    { "layer_energy", "E_layer", "Energy", "E", "MeV", 39, 1, 1, 0, 0, 0, 0, 0 },
    { "ec_eta", "EC_eta_layer", "Centre of energy in eta", "EC eta", "mm", 100, 0, 1, 1, -30, 30,
      100, 500 },
    { "ec_phi", "EC_phi_layer", "Centre of energy in phi", "EC phi", "mm", 100, 0, 1, 1, -30, 30,
      100, 500 },
    { "width_eta", "width_eta_layer", "Width in eta", "width eta", "mm", 100, 0, 1, 1, 0, 30, 100,
      400 },
    { "width_phi", "width_phi_layer", "Width in phi", "width phi", "mm", 100, 0, 1, 1, 0, 30, 100,
      400 },
    { "voxel_energy", "voxel_energy", "Voxel energy", "e", "MeV", 49, 1, 0, 0, 0, 0, 0, 0 },
    { "sparsity", "sparsity_layer", "Sparsity", "share of voxels without energy", "1", 20, 0, 1, 0,
      0, 1, 1, 1 },
    { "ec_r", "EC_r_layer", "Centre of energy in r", "EC r", "mm", 100, 0, 1, 0, 0, 42, 500, 1500 },
    { "width_r", "width_r_layer", "Width in r", "width r", "mm", 100, 0, 1, 0, 0, 20, 500, 1500 },
    { "hits", "hits", "Hits", "voxels with energy", "1", 100, 0, 0, 0, 0, 0, 0, 0 },
    { "depth", "depth", "Depth", "mean layer", "1", 100, 0, 0, 0, 0, 0, 0, 0 },
    { "peak", "peak", "Peak", "layer of the largest energy", "1", 0, 0, 0, 0, 0, 0, 0, 0 }
};

const char *histo_family_name(enum histo_family f)
{
    return binning[f].key;
}

void histos_range(double *range, const struct observables *o, const float *x, int voxels)
{
    int64_t n = (int64_t)o->n * voxels;
    float most = 0;
    for (int i = 0; i < o->n; i++)
        for (int l = 0; l < o->layers; l++)
            range[l] = fmax(range[l], o->layer[(int64_t)i * o->layers + l]);
    for (int64_t v = 0; v < n; v++) most = x[v] > most ? x[v] : most;
    range[o->layers] = fmax(range[o->layers], (double)most);
}

/* A double's bits, which grow with it and between powers of 2 in proportion: a cheap logarithm. */
static double bits(double x)
{
    int64_t i;
    memcpy(&i, &x, sizeof i);
    return (double)i;
}

/* The edges of numpy.linspace, or of numpy.logspace over the exponents given. */
static void edges(struct histo *h, double low, double high)
{
    double step = (high - low) / h->bins;
    h->edge = mem_take(h->bins + 1, sizeof *h->edge);
    for (int i = 0; i <= h->bins; i++) {
        double x = i == h->bins ? high : i * step + low;
        h->edge[i] = h->logarithmic ? pow(10, x) : x;
    }
    double first = h->edge[0], last = h->edge[h->bins];
    h->guess = h->bins / (h->logarithmic ? bits(last) - bits(first) : last - first);
}

/* Is a number of this family one of the whole shower? */
static int whole(int f)
{
    return f == HISTO_RESPONSE || f >= HISTO_HITS;
}

static void init(struct histo *h, int f, const struct geom *g, int layer, double low, double most)
{
    const struct binning *b = binning + f;
    *h = (struct histo){ .family = (enum histo_family)f, .layer = layer, .bins = b->bins };
    h->decade = -1;
    h->logarithmic = b->logarithmic;
    h->units = b->units;
    if (layer < 0) {
        snprintf(h->name, sizeof h->name, "%s", b->name);
        snprintf(h->title, sizeof h->title, "%s", b->title);
    } else {
        snprintf(h->name, sizeof h->name, "%s_%d", b->name, g->layer[layer].id);
        snprintf(h->title, sizeof h->title, "%s, layer %d", b->title, g->layer[layer].id);
    }
    snprintf(h->xlabel, sizeof h->xlabel, strcmp(b->units, "1") ? "%s [%s]" : "%s", b->xlabel,
             b->units);
    if (b->logarithmic) {
        /* a geometry without a threshold: six decades below the largest */
        if (low <= 0) low = most > 0 ? 1e-6 * most : 1e-6;
        /* nothing above the threshold in the reference: a decade, so that edges rise */
        edges(h, log10(low), log10(most > low ? most : 10 * low));
    } else if (f == HISTO_PEAK) {
        h->bins = g->layers;
        edges(h, -0.5, g->layers - 0.5);
    } else if (f == HISTO_HITS || f == HISTO_DEPTH) {
        edges(h, 0, f == HISTO_HITS ? g->voxels : g->layers - 1);
    } else if (layer < 0 || g->layer[layer].edge[g->layer[layer].n_r] <= 50) {
        edges(h, b->low, b->high);
    } else {
        double high = g->layer[layer].id < 12 ? b->wide : b->widest;
        edges(h, b->low < 0 ? -high : b->low, high);
    }
    for (int s = 0; s < HISTO_SAMPLES; s++) h->count[s] = mem_take(h->bins, sizeof *h->count[s]);
}

/* The same once more for the showers of each decade between two energies. */
static void by_decade(struct histos *H, int f, const struct geom *g, double range, double least,
                      double most)
{
    int first = (int)floor(log10(fmax(least, 1))), last = (int)ceil(log10(fmax(most, 1)) - 1e-9);

    for (int d = first; d < last && d < first + HISTO_DECADES; d++) {
        struct histo *h = H->h + H->n++;
        init(h, f, g, -1, H->threshold, range);
        h->decade = d;
        snprintf(h->name, sizeof h->name, "%s_E%d", binning[f].name, d);
        snprintf(h->title, sizeof h->title, "%s, 10^%d to 10^%d MeV", binning[f].title, d, d + 1);
    }
}

void histos_init(struct histos *H, const struct geom *g, double threshold, const double *range,
                 double least, double most)
{
    *H = (struct histos){ .threshold = threshold };
    H->h = mem_take(HISTO_FAMILIES * (int64_t)(g->layers + 1 + HISTO_DECADES), sizeof *H->h);
    for (int f = 0; f < HISTO_FAMILIES; f++) {
        if (!binning[f].per_layer) {
            init(H->h + H->n++, f, g, -1, threshold, range[g->layers]);
            by_decade(H, f, g, range[g->layers], least, most);
            continue;
        }
        for (int l = 0; l < g->layers; l++)
            if (!binning[f].sectors || g->layer[l].n_alpha > 1)
                init(H->h + H->n++, f, g, l, threshold, range[l]);
    }
}

void histos_free(struct histos *H)
{
    for (int i = 0; i < H->n; i++) {
        mem_free(H->h[i].edge);
        for (int s = 0; s < HISTO_SAMPLES; s++) mem_free(H->h[i].count[s]);
    }
    mem_free(H->h);
    *H = (struct histos){ 0 };
}

void histo_put(struct histo *h, int sample, double x)
{
    const double *edge = h->edge;
    if (!(x >= edge[0] && x <= edge[h->bins])) {
        h->dropped[sample]++;
        return;
    }
    double place = h->logarithmic ? bits(x) - bits(edge[0]) : x - edge[0];
    int i = (int)(place * h->guess);
    if (i >= h->bins) i = h->bins - 1;
    while (x < edge[i]) i--;
    while (i < h->bins - 1 && x >= edge[i + 1]) i++;
    h->count[sample][i]++;
}

static const double *values(const struct observables *o, enum histo_family f)
{
    const double *const of[HISTO_FAMILIES] = { [HISTO_LAYER] = o->layer,
                                               [HISTO_ETA] = o->eta,
                                               [HISTO_PHI] = o->phi,
                                               [HISTO_WIDTH_ETA] = o->width_eta,
                                               [HISTO_WIDTH_PHI] = o->width_phi,
                                               [HISTO_SPARSITY] = o->sparsity,
                                               [HISTO_R] = o->r,
                                               [HISTO_WIDTH_R] = o->width_r,
                                               [HISTO_HITS] = o->hits,
                                               [HISTO_DEPTH] = o->depth,
                                               [HISTO_PEAK] = o->peak };
    return of[f];
}

/* All voxels; those below the threshold are 0, which no logarithmic bin holds. */
static void put_voxels(struct histo *h, int sample, const float *x, int64_t n, double threshold)
{
    int64_t below = 0;
    for (int64_t v = 0; v < n; v++) {
        double e = (double)x[v];
        if (e < threshold || e == 0)
            below++;
        else
            histo_put(h, sample, e);
    }
    h->dropped[sample] += below;
}

/* Is an energy of the histogram's decade, or has it none? */
static int within(const struct histo *h, double energy)
{
    double low = h->decade < 0 ? 0 : pow(10, h->decade);

    return h->decade < 0 || (energy >= low && energy < 10 * low);
}

/* One number of each shower, of all or of one decade. */
static void put_showers(struct histo *h, int sample, const struct observables *o, const double *y)
{
    for (int i = 0; i < o->n; i++) {
        if (!within(h, o->energy[i])) continue;
        histo_put(h, sample, h->family == HISTO_RESPONSE ? o->total[i] / o->energy[i] : y[i]);
    }
}

void histos_add(struct histos *H, int sample, const struct observables *o, const float *x,
                int voxels)
{
    for (int k = 0; k < H->n; k++) {
        struct histo *h = H->h + k;
        const double *y = values(o, h->family);
        if (h->family == HISTO_VOXEL) {
            for (int i = 0; i < o->n; i++)
                if (within(h, o->energy[i]))
                    put_voxels(h, sample, x + (int64_t)i * voxels, voxels, H->threshold);
        } else if (whole(h->family))
            put_showers(h, sample, o, y);
        else
            for (int i = 0; i < o->n; i++)
                histo_put(h, sample, y[(int64_t)i * o->layers + h->layer]);
    }
}

void histos_sum(struct histos *H, const struct par *P)
{
    int64_t n = 0, at = 0;
    for (int k = 0; k < H->n; k++) n += HISTO_SAMPLES * (H->h[k].bins + 1);
    int64_t *all = mem_take(n, sizeof *all);
    for (int back = 0; back < 2; back++, at = 0) {
        if (back) par_sum_int(P, all, n);
        for (int k = 0; k < H->n; k++)
            for (int s = 0; s < HISTO_SAMPLES; s++) {
                struct histo *h = H->h + k;
                size_t bytes = (size_t)h->bins * sizeof *all;
                memcpy(back ? h->count[s] : all + at, back ? all + at : h->count[s], bytes);
                at += h->bins;
                *(back ? h->dropped + s : all + at) = *(back ? all + at : h->dropped + s);
                at++;
            }
    }
    mem_free(all);
}

static void totals(const struct histo *h, double n[HISTO_SAMPLES], int *occupied)
{
    n[0] = n[1] = 0;
    *occupied = 0;
    for (int i = 0; i < h->bins; i++) {
        n[0] += (double)h->count[0][i];
        n[1] += (double)h->count[1][i];
        *occupied += h->count[0][i] || h->count[1][i];
    }
}

double histo_separation(const struct histo *h)
{
    double n[HISTO_SAMPLES], s = 0;
    int occupied;
    totals(h, n, &occupied);
    if (n[0] == 0 || n[1] == 0) return n[0] == n[1] ? 0 : 1;
    for (int i = 0; i < h->bins; i++) {
        double p = (double)h->count[0][i] / n[0], q = (double)h->count[1][i] / n[1];
        s += (p - q) * (p - q) / (p + q + 1e-16);
    }
    return s / 2;
}

double histo_floor(const struct histo *h)
{
    double n[HISTO_SAMPLES];
    int occupied;
    totals(h, n, &occupied);
    return n[0] > 0 && n[1] > 0 ? (occupied - 1) * (1 / n[0] + 1 / n[1]) / 4 : 0;
}

double histo_chi2(const struct histo *h, int *freedom)
{
    double n[HISTO_SAMPLES], sum = 0;
    int occupied;
    totals(h, n, &occupied);
    *freedom = occupied > 1 ? occupied - 1 : 0;
    if (n[0] == 0 || n[1] == 0) return 0;
    double ratio = sqrt(n[1] / n[0]);
    for (int i = 0; i < h->bins; i++) {
        double a = (double)h->count[0][i], b = (double)h->count[1][i], d = ratio * a - b / ratio;
        if (a + b > 0) sum += d * d / (a + b);
    }
    return sum;
}

struct histo_summary histos_summary(const struct histos *H)
{
    struct histo_summary s = { .by_energy = 0 };
    int n[HISTO_FAMILIES] = { 0 }, parts = 0, freedom;
    for (int k = 0; k < H->n; k++) {
        if (H->h[k].decade >= 0) {
            parts++;
            s.by_energy += histo_separation(H->h + k);
            s.by_energy_floor += histo_floor(H->h + k);
            continue;
        }
        double chi2 = histo_chi2(H->h + k, &freedom);
        s.chi2[H->h[k].family] += freedom > 0 ? chi2 / freedom : 0;
        n[H->h[k].family]++;
        s.separation[H->h[k].family] += histo_separation(H->h + k);
        s.floor[H->h[k].family] += histo_floor(H->h + k);
    }
    for (int f = 0; f < HISTO_FAMILIES; f++) {
        s.separation[f] /= n[f] ? n[f] : 1;
        s.floor[f] /= n[f] ? n[f] : 1;
        s.chi2[f] /= n[f] ? n[f] : 1;
    }
    s.by_energy /= parts ? parts : 1;
    s.by_energy_floor /= parts ? parts : 1;
    return s;
}

/* One dataset of a histogram's group. */
static int write(struct h5 *f, const char *where, const char *what, enum h5_type type, int n,
                 const void *x, const char *units, const char *description, struct err *e)
{
    char path[HISTO_NAME + 64];
    struct h5_shape s = { .dims = 1, .n = { n }, .type = type };
    snprintf(path, sizeof path, "%s/%s", where, what);
    return h5_write_all(f, path, &s, x, units, description, e);
}

static int write_one(struct h5 *f, const struct histo *h, struct err *e)
{
    char where[HISTO_NAME + 32];
    int freedom;
    double chi2 = histo_chi2(h, &freedom);
    snprintf(where, sizeof where, "/histograms/%s", h->name);
    if (write(f, where, "edges", H5_DOUBLE, h->bins + 1, h->edge, h->units, "edges of the bins", e))
        return -1;
    if (write(f, where, "reference", H5_INT64, h->bins, h->count[HISTO_REFERENCE], "1",
              "entries of the reference sample", e))
        return -1;
    if (write(f, where, "generated", H5_INT64, h->bins, h->count[HISTO_GENERATED], "1",
              "entries of the generated sample", e))
        return -1;
    if (h5_put_text(f, where, "title", h->title, e) ||
        h5_put_text(f, where, "xlabel", h->xlabel, e) ||
        h5_put_text(f, where, "units", h->units, e) ||
        h5_put_int(f, where, "logarithmic", h->logarithmic, e) ||
        h5_put_int(f, where, "layer", h->layer, e) ||
        h5_put_int(f, where, "decade", h->decade, e) || h5_put_real(f, where, "chi2", chi2, e) ||
        h5_put_int(f, where, "freedom", freedom, e) ||
        h5_put_int(f, where, "dropped_reference", h->dropped[HISTO_REFERENCE], e) ||
        h5_put_int(f, where, "dropped_generated", h->dropped[HISTO_GENERATED], e) ||
        h5_put_real(f, where, "floor", histo_floor(h), e))
        return -1;
    return h5_put_real(f, where, "separation", histo_separation(h), e);
}

int histos_write(struct h5 *f, const struct histos *H, struct err *e)
{
    for (int k = 0; k < H->n; k++)
        if (write_one(f, H->h + k, e)) return -1;
    return 0;
}
