/*
 * hidden.h - partitions that the data do not show, summed over by hand.
 *
 *   F(v) = -log sum_h exp(-E(v, h)) = E(v, 0) - sum_h log(1 + e^phi_h(v)),   P(v) = e^-F(v) / Z
 *
 * where no two hidden units are coupled: one hidden layer, in one or several partitions. rbm.hidden
 * names them. A row of visible units has the units of the other partitions in their order.
 */
#ifndef RBM_HIDDEN_H
#define RBM_HIDDEN_H

#include "rbm/rbm.h"

/* May the hidden partitions be summed over? A sentence when two of them are coupled. None: 0. */
int hidden_check(const struct rbm *m, struct err *e);

/* Units that are visible. */
int hidden_visible(const struct rbm *m);

/* Rows of visible units [n, visible] to states [n, N], hidden units 0. */
void hidden_spread(uint8_t *states, const struct rbm *m, const uint8_t *rows, int64_t n);

/* F of states [n, N]; their hidden bits are not read. mean (NULL or [N]): the expectation of every
 * unit given the visible ones is added to it, n times, in steps of 2^-20: sums over ranks are
 * exact. Only after hidden_check. */
void hidden_energy(const struct rbm *m, const uint8_t *states, int64_t n, double *energy,
                   double *mean);

/* The same of the partitions whose bits of `which` are 1, no two of them coupled. */
void hidden_summed(const struct rbm *m, uint64_t which, const uint8_t *states, int64_t n,
                   double *energy, double *mean);

#endif
