/*
 * benchgraph.h - the machines that kernels are measured on: 1,208 units on graphs of every kind.
 * Local.
 */
#ifndef CMD_BENCHGRAPH_H
#define CMD_BENCHGRAPH_H

#include "rbm/rbm.h"

/* All partitions coupled; placed on an ideal Zephyr Z12, Pegasus P16 and Chimera C16 (two
 * partitions of 604: it has two colours); ten partners for each unit of random others. */
enum bench_graph {
    BENCH_COMPLETE,
    BENCH_ZEPHYR,
    BENCH_PEGASUS,
    BENCH_CHIMERA,
    BENCH_RANDOM,
    BENCH_GRAPHS
};

extern const char *const benchgraph_name[BENCH_GRAPHS];

/* Weights N(0, 0.05), biases 0. */
void benchgraph_init(struct rbm *m, enum bench_graph graph);

#endif
