/*
 * classifier.h - can a network tell generated showers from reference ones?
 *
 * The challenge's test (evaluate.py): each sample is cut into 60 % for training, 20 % to choose the
 * epoch and to calibrate, 20 % for the verdict; a network of one output z is trained with
 * BCE(sigmoid(z), reference = 1, generated = 0) by Adam; the epoch of the best accuracy on the
 * second part is kept; its scores are calibrated there by isotonic regression, clipped to [1e-6, 1
 * - 1e-6].
 *
 *   AUC = area under the ROC curve,  JSD = (ln 2 - BCE) / ln 2;   .5 and 0: cannot be told apart
 *
 * The network is a list of layers (nn/graph) over the inputs `features` (all d columns), `energy`
 * (the first column) and `voxels` (the others, shaped); its output is named `score`. Ranks keep
 * their rows: each works on those of a batch that it has, and gradients are summed. Results agree
 * between numbers of ranks to rounding.
 */
#ifndef SHOWER_CLASSIFIER_H
#define SHOWER_CLASSIFIER_H

#include "base/block.h"
#include "base/err.h"
#include "base/yaml.h"
#include "nn/layers.h"
#include "par/par.h"

#include <stdint.h>

struct classifier_sample {
    int64_t n;         /* showers on all ranks, at least 10 */
    struct block mine; /* rows of this rank */
    const float *x;    /* [mine.count, d]; borrowed */
};

struct classifier_options {
    const struct yaml
        *layers;         /* a list of layers, or a mapping of `layers` and `blocks`; borrowed */
    const char *file;    /* what sentences call it */
    int d;               /* columns */
    struct shape voxels; /* of columns 1..d-1; { 0 } for { d - 1 } units */
    int epochs, batch;   /* 50, 1000 */
    double rate;         /* 2e-4 */
    uint64_t seed;
};

struct classifier {
    double auc, jsd;         /* after calibration */
    double auc_raw, jsd_raw; /* before */
    double accuracy;         /* of the kept epoch on the second part */
    int epoch;               /* the kept one, from 1 */
    int64_t parameters;
};

/* Collective. Bad layers, samples too small and a loss that is not finite are sentences. */
int classifier_train(struct classifier *r, const struct par *P,
                     const struct classifier_sample *reference,
                     const struct classifier_sample *generated, const struct classifier_options *o,
                     struct err *e);

#endif
