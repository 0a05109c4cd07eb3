/*
 * benchmachine.h - the machines that `caloq bench` measures, with random weights. Local.
 */
#ifndef CMD_BENCHMACHINE_H
#define CMD_BENCHMACHINE_H

#include "rbm/rbm.h"

enum benchmachine { BENCH_DIGITS, BENCH_COMPLETE, BENCH_ZEPHYR, BENCH_MACHINES };

/* "complete 784x500", "complete 4x302", "zephyr 4x302" (of Zephyr Z12, nearest its centre). */
extern const char *const benchmachine_name[BENCH_MACHINES];

/* Couplings of width 0.05, biases 0; nothing clamped. */
void benchmachine_make(struct rbm *m, enum benchmachine which);

#endif
