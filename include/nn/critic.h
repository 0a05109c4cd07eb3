/*
 * critic.h - a network that gives a score, and the penalty on its gradient (WGAN-GP: Gulrajani et
 * al. 2017), whose own gradient goes through the network twice.
 *
 *   P = (|g| - 1)^2,  g = d f / d x at a point x
 *
 * With v = dP / dg held fixed, dP / dtheta is the gradient of v . g, the slope of f along v. Where
 * every layer is linear or has a kink at most (conv3d, linear, leaky_relu, relu, pads, joins), that
 * slope is f's linear image of v: tangents t go forward with v as input, no biases, each kink on
 * the side that x chose; and the share of a weight is the backward signal of f at its layer's
 * output times the tangent at its input. Other kinds of layers are refused: they would have more
 * terms.
 *
 * The list reads `showers` [units] and `energy`, and has a layer `score` of one unit.
 */
#ifndef NN_CRITIC_H
#define NN_CRITIC_H

#include "nn/graph.h"

struct critic {
    struct graph g; /* its layers and shapes; no memory */
    struct tensors T;
    int n, batch;         /* units of a shower, most rows */
    float *params, *grad; /* [T.total]; owned */
    float *plain;         /* params without biases; owned */
    float *waste;         /* gradients that nobody wants; owned */
    float *memory;        /* of all that follows; owned */
    float **x, **d, **t;  /* [values] of each: values, backward signals, tangents; owned */
    float **keep;         /* [layers]; owned */
    int *seen;            /* [values]: backward has written d; owned */
    float *scratch;       /* owned */
    float *point;         /* [batch, n] where the penalty is taken; owned */
};

/* What its list may name, and from where. */
struct critic_plan {
    const struct yaml *list;
    const char *file;
    int units, batch;
    double width;
};

int critic_init(struct critic *c, const struct critic_plan *p, uint64_t seed, struct err *e);
void critic_free(struct critic *c); /* accepts { 0 } */

/* Sum of the scores of B rows [B, n] at energies t [B]; dx [B, n] (may be NULL): times * their
 * gradient by x is added. */
double critic_score(struct critic *c, const float *x, const float *t, int B, double times,
                    float *dx);

/* Add to grad the gradient of sum_b f(fake_b) - f(real_b) + penalty P(real_b + r_b (fake_b -
 * real_b)), r [B] in (0, 1). out[0] += the first two, out[1] += sum of P. */
void critic_learn(struct critic *c, const float *real, const float *fake, const float *t,
                  const float *r, int B, double penalty, double out[2]);

#endif
