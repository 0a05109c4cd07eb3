#include "shower/observables.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void observables_init(struct observables *o, const struct geom *g, int room)
{
    *o = (struct observables){ .layers = g->layers, .room = room };
    double **each[] = { &o->layer,     &o->eta,       &o->phi,     &o->r,
                        &o->width_eta, &o->width_phi, &o->width_r, &o->sparsity };
    o->energy = mem_take(room, sizeof(double));
    o->total = mem_take(room, sizeof(double));
    o->hits = mem_take(room, sizeof(double));
    o->depth = mem_take(room, sizeof(double));
    o->peak = mem_take(room, sizeof(double));
    for (size_t i = 0; i < sizeof each / sizeof *each; i++)
        *each[i] = mem_take((int64_t)room * g->layers, sizeof(double));
}

void observables_free(struct observables *o)
{
    double *each[] = { o->energy, o->total,     o->layer,     o->eta,     o->phi,
                       o->r,      o->width_eta, o->width_phi, o->width_r, o->sparsity,
                       o->hits,   o->depth,     o->peak };
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) mem_free(each[i]);
    *o = (struct observables){ 0 };
}

static double width(double square, double energy, double centre)
{
    double variance = square / energy - centre * centre;
    return variance > 0 ? sqrt(variance) : 0;
}

/* One layer of one shower, into entry k; returns its energy. */
static double layer(struct observables *o, int64_t k, const struct geom *g,
                    const struct geom_layer *l, const float *restrict x, double threshold)
{
    const double *restrict r = g->r + l->first;
    const double *restrict eta = g->eta + l->first, *restrict phi = g->phi + l->first;
    double sum = 0, s_r = 0, s_eta = 0, s_phi = 0, rr = 0, ee = 0, pp = 0;
    int hits = 0;
    for (int v = 0; v < l->count; v++) {
        double e = (double)x[v] < threshold ? 0 : (double)x[v];
        double er = e * r[v], e_eta = e * eta[v], e_phi = e * phi[v];
        hits += e > 0;
        sum += e;
        s_r += er;
        s_eta += e_eta;
        s_phi += e_phi;
        rr += er * r[v];
        ee += e_eta * eta[v];
        pp += e_phi * phi[v];
    }
    double D = sum + 1e-16;
    int sectors = l->n_alpha > 1;
    o->layer[k] = sum;
    o->sparsity[k] = 1 - (double)hits / l->count;
    o->r[k] = s_r / D;
    o->eta[k] = sectors ? s_eta / D : 0;
    o->phi[k] = sectors ? s_phi / D : 0;
    o->width_r[k] = width(rr, D, o->r[k]);
    o->width_eta[k] = sectors ? width(ee, D, o->eta[k]) : 0;
    o->width_phi[k] = sectors ? width(pp, D, o->phi[k]) : 0;
    return sum;
}

void observables_of(struct observables *o, const struct geom *g, const float *x,
                    const double *energy, int n, double threshold)
{
    o->n = n;
    memcpy(o->energy, energy, (size_t)n * sizeof *energy);
    for (int i = 0; i < n; i++) {
        const float *shower = x + (int64_t)i * g->voxels;
        const int64_t first = (int64_t)i * g->layers;
        double total = 0, depth = 0, hits = 0;
        int peak = 0;
        for (int l = 0; l < g->layers; l++) {
            double energy_l =
                layer(o, first + l, g, g->layer + l, shower + g->layer[l].first, threshold);
            total += energy_l;
            depth += l * energy_l;
            hits += (1 - o->sparsity[first + l]) * g->layer[l].count;
            if (energy_l > o->layer[first + peak]) peak = l;
        }
        o->total[i] = total;
        o->hits[i] = round(hits);
        o->depth[i] = depth / (total + 1e-16);
        o->peak[i] = peak;
    }
}

/* The groups of columns, in the order of either feature vector. */
enum group {
    INCIDENT,
    LAYER,
    ETA,
    PHI,
    WIDTH_ETA,
    WIDTH_PHI,
    REFERENCE_GROUPS,
    TOTAL = REFERENCE_GROUPS,
    SPARSITY,
    R,
    WIDTH_R,
    GROUPS
};

static int groups(enum features kind)
{
    return kind == FEATURES_REFERENCE ? REFERENCE_GROUPS : GROUPS;
}

/* Has this group a column for layer l? Those of the whole shower stand at layer 0. */
static int column(const struct geom *g, int group, int l)
{
    if (group == INCIDENT || group == TOTAL) return l == 0;
    if (group >= ETA && group <= WIDTH_PHI) return g->layer[l].n_alpha > 1;
    return 1;
}

int features_count(const struct geom *g, enum features kind)
{
    int n = 0;
    for (int k = 0; k < groups(kind); k++)
        for (int l = 0; l < g->layers; l++) n += column(g, k, l);
    return n;
}

static double value(const struct observables *o, int group, int i, int l)
{
    int64_t k = (int64_t)i * o->layers + l;
    switch (group) {
    case INCIDENT:
        return log10(o->energy[i]);
    case LAYER:
        return log10(o->layer[k] + 1e-8);
    case ETA:
        return o->eta[k] / 100;
    case PHI:
        return o->phi[k] / 100;
    case WIDTH_ETA:
        return o->width_eta[k] / 100;
    case WIDTH_PHI:
        return o->width_phi[k] / 100;
    case TOTAL:
        return log10(o->total[i] + 1e-8);
    case SPARSITY:
        return o->sparsity[k];
    case R:
        return o->r[k] / 100;
    default:
        return o->width_r[k] / 100;
    }
}

void features_of(double *out, const struct observables *o, const struct geom *g, enum features kind)
{
    for (int i = 0; i < o->n; i++)
        for (int k = 0; k < groups(kind); k++)
            for (int l = 0; l < g->layers; l++) {
                if (!column(g, k, l)) continue;
                double x = value(o, k, i, l);
                *out++ = kind == FEATURES_REFERENCE && !isfinite(x) ? 0 : x;
            }
}

void features_name(char *text, int n, const struct geom *g, enum features kind, int wanted)
{
    static const char *const name[GROUPS] = { "log10_E_inc", "log10_E",   "EC_eta",      "EC_phi",
                                              "width_eta",   "width_phi", "log10_E_tot", "sparsity",
                                              "EC_r",        "width_r" };
    int at = 0;
    for (int k = 0; k < groups(kind); k++)
        for (int l = 0; l < g->layers; l++) {
            if (!column(g, k, l) || at++ != wanted) continue;
            if (k == INCIDENT || k == TOTAL)
                snprintf(text, (size_t)n, "%s", name[k]);
            else
                snprintf(text, (size_t)n, "%s_layer_%d", name[k], g->layer[l].id);
        }
}
