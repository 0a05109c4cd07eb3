/*
 * ratio.h - the response E_tot / E_inc of two samples of the same events, bin by bin of E_inc.
 *
 * The chi-squared of CaloQuVAE's model selection: 15 bins of incident energy with centres
 * 10^linspace(3, 6, 15) MeV, half an octave to both sides (they overlap); in each, the two samples'
 * ratios fill 30 equal bins between the least and the largest of both, the last one closed; chi2 is
 * the mean over the 15 of sum (p - q)^2 / (p + q) over occupied bins of counts p, q.
 */
#ifndef SHOWER_RATIO_H
#define SHOWER_RATIO_H

#include "par/par.h"

#include <stdint.h>

enum { RATIO_ENERGIES = 15, RATIO_BINS = 30 };

/* Of n events here: incident energies [n] in MeV, ratios of both samples [n] each. The same on
 * every rank, for any number of ranks. Collective. */
double ratio_chi2(const struct par *P, int64_t n, const double *energy, const double *a,
                  const double *b);

#endif
