/*
 * session.h - everything that one rank needs to draw from a service: who one is, the solver, the
 * sampler's parameters, the journal, the annealer. Local.
 */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include "cmd/service.h"
#include "qpu/journal.h"

struct session {
    struct service service;
    struct params params;
    struct journal journal;
    struct annealer annealer;
    int open; /* is there an annealer? */
};

/* As the keys of the section anneal say; `requests` at a time. x must be freed in any case. */
int session_open(struct session *x, struct run *r, int requests, struct err *e);
void session_free(struct session *x); /* accepts { 0 } with journal.lock -1 */

/* Does a problem fit on the solver and into its ranges? placed: do its units know their qubits? */
int session_check(const struct session *x, const struct ising *g, int placed, struct err *e);

#endif
