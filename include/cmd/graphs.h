/*
 * graphs.h - what `caloq info` says of a topology: degrees, classes, couplers.
 */
#ifndef CMD_GRAPHS_H
#define CMD_GRAPHS_H

#include "cmd/run.h"
#include "rbm/topology.h"

/* The machine of a file, into the log and the object "topology" of the result: units, partitions,
 * couplers, partition_couplers (rows a < b of [a, b, couplers], those that have any), degrees
 * (degree: units). */
void graphs_machine(struct run *r, const struct topology *T);

/* The same for what the rbm.* keys ask for, and, on a chip, an object "chip" with what all its
 * working qubits give (without rbm.nodes, the chip alone). Collective. */
int graphs_asked(struct run *r, struct err *e);

#endif
