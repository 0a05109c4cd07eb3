/*
 * histo.h - the challenge's histograms of two samples, and how far apart they are.
 *
 * Sample 0 is the reference, sample 1 the generated showers. Binnings are those of CaloChallenge's
 * evaluate.py; entries outside the edges are dropped, the last bin is closed on the right. Counts
 * are integers: adding blocks and ranks in any order gives the same histogram.
 *
 *   for each rank's blocks of the reference   histos_range(range, ...);   par_max(P, range, L + 1)
 *   histos_init(H, g, range)
 *   for each rank's blocks of both samples    histos_add(H, sample, ...)
 *   histos_sum(H, P)
 */
#ifndef SHOWER_HISTO_H
#define SHOWER_HISTO_H

#include "base/err.h"
#include "io/h5.h"
#include "par/par.h"
#include "shower/geom.h"
#include "shower/observables.h"

#include <stdint.h>

enum { HISTO_NAME = 48, HISTO_TEXT = 96, HISTO_DECADES = 8 };
enum { HISTO_REFERENCE, HISTO_GENERATED, HISTO_SAMPLES };

enum histo_family {
    HISTO_RESPONSE, /* E_tot / E_inc */
    HISTO_LAYER,    /* E_l */
    HISTO_ETA,      /* centres of energy */
    HISTO_PHI,
    HISTO_WIDTH_ETA,
    HISTO_WIDTH_PHI,
    HISTO_VOXEL, /* all voxels of all showers */
    HISTO_SPARSITY,
    HISTO_R,
    HISTO_WIDTH_R,
    HISTO_HITS,  /* voxels with energy; these three are not the challenge's */
    HISTO_DEPTH, /* mean layer */
    HISTO_PEAK,  /* layer of the largest energy */
    HISTO_FAMILIES
};

struct histo {
    char name[HISTO_NAME]; /* "E_layer_7", a link in a file */
    char title[HISTO_TEXT], xlabel[HISTO_TEXT];
    const char *units; /* "MeV", "mm", "1" */
    enum histo_family family;
    int layer;  /* or -1 */
    int decade; /* only showers of E_inc in [10^decade, 10^(decade + 1)) MeV; -1: all */
    int bins, logarithmic;
    double *edge;                   /* [bins + 1]; owned */
    double guess;                   /* bins per unit of x, or of the bits of x when logarithmic */
    int64_t *count[HISTO_SAMPLES];  /* [bins]; owned */
    int64_t dropped[HISTO_SAMPLES]; /* entries outside the edges */
};

struct histos {
    int n;
    struct histo *h;  /* [n]; owned */
    double threshold; /* MeV; a voxel below it is 0 */
};

/* Raise range [layers + 1], which starts at 0: the largest E_l of each layer, then the largest
 * voxel. The log-binned histograms of the reference end there. Local. */
void histos_range(double *range, const struct observables *o, const float *x, int voxels);

/* Local, the same on every rank. threshold: where the log-binned histograms begin, MeV; 0: six
 * decades below where they end. Quantities of the whole shower and the voxels also have a
 * histogram for each decade of the incident energy between least and most MeV (the first
 * HISTO_DECADES of them; none when most is 0): "hits_E4" holds 10 to 100 GeV. */
void histos_init(struct histos *H, const struct geom *g, double threshold, const double *range,
                 double least, double most);
void histos_free(struct histos *H); /* accepts { 0 } and a second call */

/* The showers of o, with their voxels x [o->n, voxels]. Local. */
void histos_add(struct histos *H, int sample, const struct observables *o, const float *x,
                int voxels);

/* Collective, once. */
void histos_sum(struct histos *H, const struct par *P);

/* One entry of one histogram. */
void histo_put(struct histo *h, int sample, double x);

/* Separation power (eq. 15 of arXiv:2009.03796): S = 1/2 sum (p - q)^2 / (p + q + 1e-16) over the
 * shares p, q of the entries in range; 0 the same, 1 disjoint. A sample without entries is as far
 * as can be from one with entries. */
double histo_separation(const struct histo *h);

/* What S is expected to be for two samples of one law and these sizes:
 * (occupied bins - 1) (1/n_0 + 1/n_1) / 4. */
double histo_floor(const struct histo *h);

/*
 * Chi-squared of the two histograms' shapes: sum (sqrt(N_b / N_a) a_i - sqrt(N_a / N_b) b_i)^2 /
 * (a_i + b_i) over occupied bins, of occupied - 1 degrees of freedom for two samples of one law
 * (Gagunashvili, NIM A 614 (2010) 287). Voxels of one shower are not independent: there it is
 * large.
 */
double histo_chi2(const struct histo *h, int *freedom);

/* Means over the layers of each family: separations, and chi-squared over its degrees of freedom.
 * by_energy: over all histograms of one decade. */
struct histo_summary {
    double separation[HISTO_FAMILIES], floor[HISTO_FAMILIES], chi2[HISTO_FAMILIES];
    double by_energy, by_energy_floor;
};
struct histo_summary histos_summary(const struct histos *H);

/* "response", "layer_energy", "ec_eta", ...: the key after "separation." in result lines. */
const char *histo_family_name(enum histo_family f);

/* Groups /histograms/NAME: edges [bins + 1], reference and generated (int64 [bins]); attributes
 * title, xlabel, units, separation, floor, chi2, freedom, layer, decade, logarithmic,
 * dropped_reference, dropped_generated. Collective. */
int histos_write(struct h5 *f, const struct histos *H, struct err *e);

#endif
