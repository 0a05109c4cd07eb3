/*
 * cost.h - what a problem will cost, from the solver's timing data. Times in microseconds.
 *
 *   access = programming + reads (anneal + readout(n) + delay + max(readout thermalisation,
 *            decorrelation))
 *   limit    (anneal + readout thermalisation + readout(n)) reads + programming thermalisation
 *            <= problem_run_duration_range
 *
 * Reverse annealing adds to programming and delay. Source: D-Wave, "Operation and timing".
 */
#ifndef QPU_COST_H
#define QPU_COST_H

#include "qpu/params.h"

struct cost {
    int known;                           /* does the solver tell its timing? */
    double programming;                  /* with thermalisation */
    double anneal, readout, delay, wait; /* a read */
    double limit;                        /* of the run duration; INFINITY: none */
    double thermal[2];                   /* of programming and readout */
};

/* For problems of n active variables. */
void cost_init(struct cost *c, const struct solver *s, const struct params *p, int n);

/* Access time of one problem; NAN when the solver does not tell its timing. */
double cost_access(const struct cost *c, int64_t reads);

/* The most reads of one problem: by num_reads_range and the run duration; 0: not even one. */
int64_t cost_most_reads(const struct cost *c, const struct solver *s);

#endif
