/*
 * service.h - a solver service as the config names it: profile, session, the solver. Local: what
 * one rank does; the others learn of it afterwards.
 */
#ifndef CMD_SERVICE_H
#define CMD_SERVICE_H

#include "cmd/annealconf.h"

struct service {
    struct account account; /* owned */
    struct sapi sapi;       /* owned */
    struct solver solver;   /* of service_choose; owned */
};

/* Find whom to talk to, say so, and open a session. v must be freed in any case. */
int service_open(struct service *v, struct run *r, int slots, struct err *e);
void service_free(struct service *v); /* accepts { 0 } */

/* All solvers, without their couplers: *s [*n] is the caller's, each to be freed. */
int service_list(struct service *v, struct solver **s, int *n, struct err *e);

/* The solver of anneal.solver (else the best one that is online) with its whole working graph; a
 * pinned graph_id must be the one it has. */
int service_choose(struct service *v, struct run *r, struct err *e);

/* Has it the same working graph still? A sentence when not. */
int service_check_graph(struct service *v, struct err *e);

#endif
