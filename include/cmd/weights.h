/*
 * weights.h - the weights of the losses' terms, as training goes on; and beta and slope, if asked.
 *
 * Each term has a constant weight (training.ae_weight, ...) unless training.weights lists points
 * {term, epoch, weight} of it: between two of them the weight goes linearly, before the first and
 * behind the last it stays. Epochs are counted over all phases. Two more courses may be listed so:
 * `beta`, the sharpness of the relaxed bits, and `slope`, of the output's leaky rectifier.
 */
#ifndef CMD_WEIGHTS_H
#define CMD_WEIGHTS_H

#include "base/conf.h"
#include "vae/loss.h"

enum { WEIGHTS_POINTS = 32 };
enum { WEIGHTS_BETA = LOSS_TERMS, WEIGHTS_SLOPE, WEIGHTS_COURSES };

struct weights {
    double plain[LOSS_TERMS];
    int points[WEIGHTS_COURSES];
    double epoch[WEIGHTS_COURSES][WEIGHTS_POINTS], weight[WEIGHTS_COURSES][WEIGHTS_POINTS];
};

/* A list that is not in the order of epochs, or too long, is a sentence. */
int weights_read(struct weights *w, const struct conf *c, struct err *e);

/* All terms' weights at an epoch into out. The energy of chains goes with that of data: one
 * difference. */
void weights_at(const struct weights *w, double epoch, double out[LOSS_TERMS]);

/* Beta or slope at an epoch into *x, when points of it are listed; else 0. */
int weights_course(const struct weights *w, int course, double epoch, double *x);

/* Has this term ever a weight above 0? */
int weights_any(const struct weights *w, int term);

#endif
