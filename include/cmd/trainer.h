/*
 * trainer.h - the state of a training run: feed, model, optimisers, phases of epochs of steps.
 *
 * A step of mode ae trains the networks as an autoencoder; vae also pulls the posterior towards the
 * machine and trains the machine on the posterior's bits; rbm trains the machine alone, on bits of
 * frozen networks or of a file. The state that counts is in the checkpoint: a run that stops and
 * starts again takes the same steps, bit for bit at equal ranks.
 */
#ifndef CMD_TRAINER_H
#define CMD_TRAINER_H

#include "base/reducer.h"
#include "cmd/adversary.h"
#include "cmd/courier.h"
#include "cmd/feed.h"
#include "cmd/gauge.h"
#include "cmd/model.h"
#include "cmd/prior.h"
#include "cmd/sampling.h"
#include "cmd/run.h"
#include "cmd/validator.h"
#include "cmd/weights.h"
#include "io/metrics.h"
#include "io/progress.h"
#include "nn/average.h"
#include "nn/fit.h"
#include "nn/optim.h"
#include "par/nodesum.h"

enum train_mode { TRAIN_AE, TRAIN_VAE, TRAIN_RBM }; /* choices of training.mode */

enum train_freeze { FREEZE_NONE, FREEZE_ENCODER, FREEZE_DECODER, FREEZE_RBM };

enum { TRAIN_PHASES = 64 };

struct train_phase {
    enum train_mode mode;
    int64_t epochs;
    enum train_freeze freeze;
    int from_best; /* start from best.h5 of the phase before */
};

struct trainer {
    struct run *r; /* borrowed */
    const struct kern *kern;
    struct model model;
    struct sampler sampler; /* of its machine */
    struct feed feed;
    struct courier courier; /* rbm.method: annealer */
    struct prior prior;
    struct gauge gauge;
    struct validator validator;
    struct optim optim;
    struct nodesum sums;    /* the networks' gradient, in memory that a node's ranks share */
    struct buckets buckets; /* and its pieces */
    struct average average; /* of the networks' parameters: training.ema */
    struct adversary adversary;
    struct reducer reducer;
    struct fit fit;
    struct metrics metrics;
    struct progress progress;
    struct loss_options loss;
    struct weights weights;
    int micro, pieces;   /* rows that go through the networks at a time, such parts of a step */
    float *bits, *logit; /* [share, L] and [share, F] of a step of several such; owned, or NULL */
    int phases;
    struct train_phase phase[TRAIN_PHASES];
    /* state */
    int at;                  /* the phase at hand */
    int64_t step;            /* steps made, over all phases */
    int64_t network_steps;   /* of them, steps that trained the networks */
    double best;             /* least validation loss of this phase */
    int64_t best_epoch;      /* and its epoch, counted over all phases; -1: none yet */
    double term[LOSS_TERMS]; /* means over the last epoch */
    double validation;       /* its validation loss, NAN without validation events */
    int64_t showers;         /* seen since this start */
    double seconds;          /* and the time it took */
};

/* Everything that the config says, at the begin of the first phase. Collective. The trainer must be
 * freed in any case. */
int trainer_init(struct trainer *t, struct run *r, struct err *e);
void trainer_free(struct trainer *t); /* accepts { 0 } */

extern const char *const trainer_mode_name[]; /* by enum train_mode */

/* The phase at hand. */
const struct train_phase *trainer_phase(const struct trainer *t);

/* Epochs done, over all phases. */
int64_t trainer_epoch(const struct trainer *t);

/* Sharpness of the relaxation and slope of the output at the step at hand: ramps over all steps
 * that train the networks. Local. */
double trainer_beta(const struct trainer *t);
double trainer_slope(const struct trainer *t);

/* Has the phase gone training.patience epochs without a better one? Then it is over. Local. */
void trainer_patience(struct trainer *t);

/* Let stand still what the phase at hand does not train. Local. */
void trainer_freeze(struct trainer *t);

/* Let the networks be their average, where there is one. Local. */
void trainer_take_average(struct trainer *t);

/* Begin the phase t->at: optimiser, schedule, losses, no step made. Local. */
void trainer_begin(struct trainer *t);

#endif
