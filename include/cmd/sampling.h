/*
 * sampling.h - rbm.precision and rbm.sampler: how a command's chains are swept. Local.
 */
#ifndef CMD_SAMPLING_H
#define CMD_SAMPLING_H

#include "cmd/run.h"
#include "rbm/sampler.h"

/* Sets m->how; says once what is sampled, and how far the energies of an image may be off. To be
 * freed by sampler_free in any case, before m. */
int sampling_init(struct sampler *s, const struct run *r, struct rbm *m, const struct kern *k,
                  struct err *e);

#endif
