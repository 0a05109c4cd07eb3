/*
 * presets.h - training.preset: the published training schemes, as other defaults of keys. Local.
 *
 *   old              one loss with the energies of data and chains, one Adam for all parameters
 *   slides           MSE + hits + entropy for the networks; the machine by its own exact gradient,
 *                    Eq. (20) of the slides, SGD at .001, before the networks' backward pass
 *   slides+positive  and the posterior is pulled towards the machine by the positive energy
 *   ae-first         an autoencoder for 200 epochs; the machine alone for 50 on the bits of its
 *                    best epoch; 50 epochs of everything by slides+positive
 *
 * What a preset sets stands in one table, src/cmd/presets.c. A key that the file or the command
 * line gives is not touched; the run folder's config holds every key as used.
 */
#ifndef CMD_PRESETS_H
#define CMD_PRESETS_H

#include "base/conf.h"

/* Fill in what training.preset says. Phases that would make a given training.mode or
 * training.epochs idle are refused. */
int presets_fill(struct conf *c, struct err *e);

#endif
