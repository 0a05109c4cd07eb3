/*
 * zstarts.h - the states that the chains of a batch start from.
 */
#ifndef CMD_ZSTARTS_H
#define CMD_ZSTARTS_H

#include "cmd/zplan.h"
#include "cmd/ztiles.h"

/* start [N, tiles.mine.count]: the conditions' bits, and for reverse chains what logz.start says:
 * fair coins, the run's persistent chains or data, all followed by logz.burn sweeps, or ladders of
 * temperatures of so many sweeps that end in base [N]; for RAISE the data themselves. Collective.
 */
int zstarts_fill(uint64_t *start, const struct ztiles *tiles, const struct zsubject *s,
                 const struct zplan *plan, const float *base, struct err *e);

#endif
