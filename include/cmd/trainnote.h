/*
 * trainnote.h - the lines of metrics.jsonl that training writes.
 *
 * phase ae, vae, rbm: every training.log_every steps, and at an epoch's end with the epoch's means;
 * then also weight_singular, the largest singular values of the blocks of couplings between two
 * partitions (01, 02, ..., 12, ...), where the machine learns. validation: at an epoch's end. logz:
 * every training.logz_every epochs.
 */
#ifndef CMD_TRAINNOTE_H
#define CMD_TRAINNOTE_H

#include "cmd/trainer.h"

/* A line of phase "vae", "validation", ...; term: means over showers. Collective. */
int trainnote(struct trainer *t, const char *phase, const double *term, double rate, double norm,
              struct err *e);

/* ln Z of the machine, when it is time. Collective. */
int trainnote_logz(struct trainer *t, struct err *e);

#endif
