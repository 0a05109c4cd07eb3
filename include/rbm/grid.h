/*
 * grid.h - a machine rounded to whole numbers of steps of 2^-s.
 *
 * A coupling is rounded once for both directions: the image is a Boltzmann machine of its own, with
 * the energy E_q, and sampling from it is exact. s is the largest (<= GRID_FINEST) for which all
 * |b_i| + sum_j |w_ij| stay below 2^15 steps: then fields fit int16. Where that s is below
 * GRID_FINE, it is GRID_FINE, or the largest for which KERN_GROUP couplings fit int16 and fields
 * fit the 24 bits of a float, and sums are widened to int32 on the way. Nothing is ever clipped: a
 * coupling that does not fit GRID_COARSEST is refused.
 */
#ifndef RBM_GRID_H
#define RBM_GRID_H

#include "rbm/rbm.h"

enum { GRID_FINEST = 20, GRID_FINE = 11, GRID_COARSEST = 7 };

struct grid {
    int s;
    float step;                /* 2^-s */
    int wide;                  /* fields do not fit int16 */
    int16_t *weight;           /* [2M] in the order of near_weight, in steps; owned */
    int32_t *bias;             /* [N] in steps; owned */
    float *real_weight, *real; /* [2M], [N] the same couplings and biases as floats; owned */
    double most, usual; /* |E - E_q| of any state, and its root mean square over fair coins */
};

void grid_init(struct grid *g, const struct rbm *m);
void grid_free(struct grid *g); /* accepts { 0 } */

/* Round m's parameters; a sentence where one is not finite or too large. */
int grid_round(struct grid *g, const struct rbm *m, struct err *e);

/* E_q's couplings for the float kernels; borrowed. */
struct kern_net grid_net(const struct grid *g, const struct rbm *m);

/* The largest n such that sums of |weight| over each unit's neighbours n k .. n (k + 1) - 1 are
 * below 2^15. */
int grid_span(const struct grid *g, const struct rbm *m);

#endif
