/*
 * distances.h - what else the evaluation measures between two samples, beside FPD and KPD:
 * precision and its kin, correlation matrices, Wasserstein's distances, resolution. Each puts its
 * figures into the result. Collective.
 */
#ifndef CMD_DISTANCES_H
#define CMD_DISTANCES_H

#include "cmd/judge.h"
#include "shower/resolution.h"

/* precision, recall, density, coverage of the first evaluate.prdc showers of each (0: none). */
int distances_prdc(struct judge *j, const struct source *reference, const struct source *generated,
                   struct err *e);

/* correlation.layers, .voxels, .hits: Frobenius norms, as evaluate.correlations asks for. Layers
 * are in memory (x, y); voxels and hits are read from the files, twice each. */
int distances_correlation(struct judge *j, const struct source *reference,
                          const struct features_of_sample *x, const struct source *generated,
                          const struct features_of_sample *y, struct err *e);

/* correlation.latents of the two Bits files of evaluate.latents (none: not measured). */
int distances_latents(struct judge *j, struct err *e);

/* wasserstein.GROUP: means over the columns of each group of features; all of them to w [j->d]. */
void distances_wasserstein(struct judge *j, const struct features_of_sample *reference,
                           const struct features_of_sample *generated, double *w);

/* resolution.SAMPLE: the fit and its bins, for energies from least to most MeV. */
void distances_resolution(struct judge *j, const char *sample, const struct source *s,
                          const struct features_of_sample *f, double least, double most);

#endif
