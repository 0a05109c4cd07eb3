/*
 * judge.h - a sample of showers as the evaluation sees it: feature vectors, histograms, profiles.
 *
 * Samples are streamed from files in pieces; what stays in memory of a shower is its feature
 * vector. Rows are shared out by block_of. Collective.
 */
#ifndef CMD_JUDGE_H
#define CMD_JUDGE_H

#include "cmd/run.h"
#include "shower/baseline.h"
#include "shower/fpd.h"
#include "shower/geom.h"
#include "shower/histo.h"
#include "shower/observables.h"
#include "shower/paired.h"
#include "shower/profile.h"
#include "shower/source.h"

enum { JUDGE_PIECE = 128 };

struct judge {
    const struct run *r; /* borrowed */
    struct geom geom;
    enum features kind;
    int d;        /* columns of a feature vector */
    float *x, *y; /* [JUDGE_PIECE, V]; owned */
    struct observables ox, oy;
};

/* Feature vectors of a sample; total energies [s.mine.count] and those of layers [s.mine.count,
 * layers], MeV; all owned. */
struct features_of_sample {
    struct sample s;
    double *x, *total;
    float *layer;
};

int judge_init(struct judge *j, const struct run *r, struct err *e);
void judge_free(struct judge *j); /* local; accepts { 0 } */

/* Open one shower file of the geometry's voxels. */
int judge_open(struct judge *j, const char *path, struct source *s, struct err *e);

/* Largest layer and voxel energies of a sample: range [layers + 1]. */
int judge_range(struct judge *j, const struct source *s, double *range, struct err *e);

/* Features of the first n showers; also histograms and profiles as sample 0 or 1 when H is given.
 */
int judge_sample(struct judge *j, const struct source *s, int64_t n, struct features_of_sample *f,
                 struct histos *H, struct profile *p, int which, struct err *e);

/* Shower by shower: reconstruction errors. */
int judge_paired(struct judge *j, const struct source *reference, const struct source *generated,
                 struct paired *p, struct err *e);

/* Moments of a training sample for the baseline of independent voxels. */
int judge_moments(struct judge *j, const struct source *s, struct baseline *b, struct err *e);

/* Features of baseline showers, one for each incident energy of s. */
void judge_baseline(struct judge *j, const struct source *s, const struct baseline *b,
                    struct features_of_sample *f);

void judge_drop(struct features_of_sample *f); /* local; accepts { 0 } */

#endif
