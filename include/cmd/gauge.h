/*
 * gauge.h - how the training of a machine goes, in numbers for metrics.jsonl.
 *
 *   reconstruction     share of the data's free visible units that one sweep from the data changes
 *   pseudo_likelihood  sum over visible units of log P(x_i | the other visible units), nats, from
 *                      one unit drawn for each row (Hyvarinen, Neural Comput. 18 (2006)); hidden
 *                      partitions are summed over; no figure where they are coupled to each other
 *   free_energy        mean F of the data (rbm/hidden.h), E without hidden partitions; with
 *                      rbm.trajectory, log_likelihood = -free_energy - lnz_trajectory
 *   flip_rate          share of the chains' free units that the last sweep changed
 *   tempering_acceptance, tempering_least   of the exchanges of two neighbouring temperatures since
 *                      the temperatures were placed: the mean over pairs, the smallest
 *   tempering_trips    from beta = 1 to the least beta and back, of a chain since the first step
 *   weight_norm, weight_largest, bias_norm   of the parameters
 *
 * Sums are of integers or in fixed point: the same for any number of ranks.
 */
#ifndef CMD_GAUGE_H
#define CMD_GAUGE_H

#include "base/json.h"
#include "cmd/prior.h"

struct gauge {
    uint64_t *bits;     /* [N, tiles] scratch for data or chains; owned */
    uint8_t *state;     /* [share, N] scratch; owned */
    double *energy;     /* [share] scratch; owned */
    double free_energy; /* NAN: none */
    double reconstruction, pseudo_likelihood, flip_rate; /* NAN: none */
    double acceptance, least_acceptance, trips;          /* of tempering; NAN: none */
    double weight_norm, weight_largest, bias_norm;
};

/* For the data and chains of p. */
void gauge_init(struct gauge *g, const struct prior *p);
void gauge_free(struct gauge *g); /* accepts { 0 } */

/* After prior_step, from its data and chains; the machine may have moved since. Collective. */
void gauge_take(struct gauge *g, const struct prior *p);

void gauge_put(const struct gauge *g, struct json *line);

#endif
