/*
 * scalebench.h - how much faster all ranks together draw than one of them alone, for `caloq bench`.
 */
#ifndef CMD_SCALEBENCH_H
#define CMD_SCALEBENCH_H

#include "cmd/run.h"

/* A line for each machine: every rank sweeps 1,024 chains of its own; first the lowest rank while
 * the others wait, then all. times_one_rank compares the rates by the clock on the wall;
 * times_one_rank_cpu the work in a second of processor time, which does not suffer from other
 * programs' turns. With one rank there is nothing to tell. Collective. */
void scalebench_gibbs(const struct run *r, struct json *list, double seconds);

#endif
