/*
 * update.h - one step uphill for a machine's parameters; the same arithmetic on every rank.
 *
 *   SGD       p += rate g
 *   momentum  v <- momentum v + g,  p += rate v
 *   Adam      Kingma and Ba, ICLR 2015, algorithm 1
 *   decay     p -= rate decay p on weights, not on biases, apart from the gradient (decoupled:
 *             Loshchilov and Hutter, ICLR 2019)
 *   lasso     |p| shrinks by rate lasso, to 0 at most, on weights (the proximal step of an L1
 *             penalty), after the decay
 *   clip      g is scaled down to norm clip when its norm is larger
 *   most      weights are kept within [-most, most]
 *   schedule  the rate of step t of `steps`, t = 0, 1, ...: constant; cosine, from rate to factor
 *             rate; or rate factor^floor(t / every); times `share`
 */
#ifndef RBM_UPDATE_H
#define RBM_UPDATE_H

#include "rbm/rbm.h"

enum update_kind { UPDATE_SGD, UPDATE_MOMENTUM, UPDATE_ADAM };
enum update_schedule { UPDATE_CONSTANT, UPDATE_COSINE, UPDATE_STEPPED };

struct update {
    enum update_kind kind;
    double rate, momentum, beta1, beta2, epsilon, decay, clip; /* clip 0: none */
    double lasso, most;                                        /* 0: none */
    enum update_schedule schedule;
    double factor, share; /* share: 1, or what a caller sets step by step */
    int64_t steps, every;
    int64_t step;  /* steps made: state */
    int64_t total; /* floats in each of the next two */
    float *first;  /* momentum, or Adam's first moment: state; owned */
    float *second; /* Adam's second moment: state; owned */
};

/* rate 0.01, momentum 0.9, beta 0.9 and 0.999, epsilon 1e-8, no decay, no clipping, share 1:
 * change the fields after. */
void update_init(struct update *u, enum update_kind kind, const struct rbm *m);
void update_free(struct update *u); /* accepts { 0 } */

/* The rate of the step to come. */
double update_rate(const struct update *u);

/* One step with gradient [table.total] of the log-likelihood; prepares m. Returns the norm of the
 * gradient before clipping; when that is not finite nothing changes. */
double update_step(struct update *u, struct rbm *m, const float *gradient);

#endif
