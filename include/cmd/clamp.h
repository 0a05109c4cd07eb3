/*
 * clamp.h - the units that rbm.clamped and rbm.clamped_units ask to clamp. Local.
 *
 * rbm.clamped is a partition, a list of them, or -1; rbm.clamped_units adds single units by global
 * number: 3, or 100-120.
 */
#ifndef CMD_CLAMP_H
#define CMD_CLAMP_H

#include "base/conf.h"
#include "rbm/topology.h"

#include <stdint.h>

/* which [N], zeroed: 1 for the units to clamp. A sentence when one is not there, or none is left
 * free. */
int clamp_asked(uint8_t *which, const struct topology *T, const struct conf *c, struct err *e);

#endif
