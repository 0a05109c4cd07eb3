/*
 * resolution.h - energy resolution and linearity of a sample of showers.
 *
 * In bins of ln E_inc, with x = E_tot / E_inc: mean mu, standard deviation s and
 *
 *   s / mu = a / sqrt(E) (+) b (+) c / E,   E in GeV, (+) in quadrature,
 *
 * fitted to (s / mu)^2 by weighted least squares with a^2, b^2, c^2 >= 0 (stochastic, constant and
 * noise term). The error of s / mu is that of normal numbers,
 * (s / mu) sqrt(1 / (2 (n - 1)) + (s / mu)^2 / n). Linearity: mu against log10 E, a weighted line.
 */
#ifndef SHOWER_RESOLUTION_H
#define SHOWER_RESOLUTION_H

#include "par/par.h"

#include <stdint.h>

enum { RESOLUTION_BINS = 12, RESOLUTION_LEAST = 30 }; /* a bin with fewer showers says nothing */

struct resolution_bin {
    int64_t n;
    double energy;          /* mean E_inc, GeV */
    double mean, spread;    /* mu, s (ddof 1) */
    double relative, error; /* s / mu */
};

struct resolution_fit {
    int bins;                         /* used; fewer than 3: no fit, all below NAN */
    double a, b, c;                   /* sqrt(GeV), 1, GeV */
    double a_error, b_error, c_error; /* 0 for a term that the fit holds at 0 */
    double chi2;
    int freedom;
    double slope, slope_error; /* d mu / d log10 E */
};

struct resolution {
    double least, width;                        /* ln E (MeV) of the lower end, and of a bin */
    double sum[RESOLUTION_BINS][4];             /* showers, sum E, sum (x - 1), sum (x - 1)^2 */
    struct resolution_bin bin[RESOLUTION_BINS]; /* after resolution_finish */
    struct resolution_fit fit;
};

/* Bins between two incident energies in MeV. Local, the same on every rank. */
void resolution_init(struct resolution *r, double e_min, double e_max);

/* n showers: incident and total energies, MeV. Those outside fall into the nearest bin. Local. */
void resolution_add(struct resolution *r, const double *energy, const double *total, int n);

/* Collective, once. */
void resolution_finish(struct resolution *r, const struct par *P);

/* The fit to n bins, those of RESOLUTION_LEAST showers and more. Local. */
struct resolution_fit resolution_fit(const struct resolution_bin *bin, int n);

#endif
