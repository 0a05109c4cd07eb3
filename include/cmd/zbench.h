/*
 * zbench.h - annealed importance sampling against the clock, for `caloq bench`: all ranks together.
 *
 * Chains are shared out over ranks by tiles of 64, as `caloq logz` does, and the clock runs from a
 * barrier until the last rank is done; the figures are of the whole run. The first steps of the
 * path are timed: a step costs the same at every beta.
 */
#ifndef CMD_ZBENCH_H
#define CMD_ZBENCH_H

#include "cmd/run.h"

/* Lines for 784 x 500 units with 100 chains on the 14,500 steps of Salakhutdinov and Murray (ICML
 * 2008), 4 x 302 all coupled, and 4 x 302 on Zephyr, 1,024 chains, 1,000 steps: in float32 and
 * int16, on the joint path and on the one that sums the largest partition out. bench.chains, where
 * it is not 0, takes the place of these numbers of chains. Collective. */
void zbench_logz(const struct run *r, struct json *list, double seconds);

#endif
