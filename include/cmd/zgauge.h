/*
 * zgauge.h - ln Z and the log-likelihood of the machine under training, for its history.
 *
 *   lnz_ais, lnz_ais_error, lnz_rais, lnz_rais_error, lnz_ess   of training.logz_chains chains each
 *     way, the mean over training.logz_conditions events of the batch where units are clamped
 *   energy_data, log_likelihood = -energy_data - lnz_ais, log_likelihood_error   of the batch at
 *     hand; a single hidden partition is summed over, with several there is no likelihood
 *
 * The same random numbers every time: what differs is the machine. Reverse chains start from fair
 * coins and training.logz_burn sweeps.
 */
#ifndef CMD_ZGAUGE_H
#define CMD_ZGAUGE_H

#include "cmd/prior.h"

/* After an update: figures into the line, and the log-likelihood to *likelihood (NAN when there is
 * none). Collective. */
int zgauge_put(struct json *line, struct run *r, const struct prior *p, double *likelihood,
               struct err *e);

#endif
