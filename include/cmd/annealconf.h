/*
 * annealconf.h - the keys of the section anneal as the rooms of qpu want them. Local.
 */
#ifndef CMD_ANNEALCONF_H
#define CMD_ANNEALCONF_H

#include "cmd/run.h"
#include "qpu/annealer.h"
#include "qpu/account.h"

/* Choices of anneal.what and anneal.backend. */
enum anneal_what { ANNEAL_SAMPLE, ANNEAL_SOLVERS, ANNEAL_SOLVER, ANNEAL_COST, ANNEAL_SERVE };
enum anneal_backend { ANNEAL_SAPI, ANNEAL_GIBBS, ANNEAL_KINETIC };

struct account_keys annealconf_account(const struct conf *c);

/* Sampler parameters; lists by qubit come from files with a line "qubit value". On an error p is
 * free. */
int annealconf_params(struct params *p, const struct conf *c, const struct solver *s,
                      struct err *e);

/* Limits and waits; requests, say and ctx are the caller's to set. */
struct annealer_options annealconf_options(const struct conf *c);

#endif
