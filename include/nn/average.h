/*
 * average.h - an exponential moving average of parameters (Polyak and Juditsky 1992), beside them.
 *
 *   a_0 = p_0,   a_n = a_{n-1} + (1 - d_n) (p_n - a_{n-1}),   d_n = min(decay, (1 + n) / (10 + n))
 *
 * so that the first steps forget the start quickly. The whole flat buffer is averaged: constants
 * stay as they are to the bit, and moments of batch norms belong to the averaged weights to first
 * order, as the mean over the same steps of moments under the weights of each.
 */
#ifndef NN_AVERAGE_H
#define NN_AVERAGE_H

#include <stdint.h>

struct average {
    double decay; /* 0: nothing is averaged */
    int64_t n;    /* floats; 0 without average */
    int64_t step; /* updates taken in; to be saved */
    float *x;     /* [n]; to be saved; owned */
};

void average_init(struct average *a, double decay, int64_t n);
void average_free(struct average *a); /* accepts { 0 } */

/* The average of params alone, no step made. */
void average_start(struct average *a, const float *params);

/* Take in params after an update. */
void average_step(struct average *a, const float *params);

/* The average takes the place of *params, which must hold n floats, or gives it back. */
void average_swap(struct average *a, float **params);

#endif
