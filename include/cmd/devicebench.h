/*
 * devicebench.h - spins per ns and core of the kinetic device, for `caloq bench`.
 *
 * A call of the device on 1,208 units of its chip, with all its noise: READS reads that go together
 * (without a bath), and fewer that wait for each other (with one). A line for each, over the data
 * sheet of anneal.device and one with a bath; the yardstick is the bare sweep of `gibbs`, float32
 * add, on the same graph. Collective.
 */
#ifndef CMD_DEVICEBENCH_H
#define CMD_DEVICEBENCH_H

#include "cmd/run.h"

int devicebench(const struct run *r, struct json *list, double seconds, struct err *e);

#endif
