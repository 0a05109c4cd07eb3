/*
 * solver.h - what a solver says of itself: its working graph, ranges and timing.
 *
 * Problems are written in the order of `qubits` and `couplers` as served, which is never changed.
 */
#ifndef QPU_SOLVER_H
#define QPU_SOLVER_H

#include "base/err.h"
#include "base/json.h"

#include <stdint.h>

enum { SOLVER_SHAPE = 4 };

struct solver_coupler {
    int32_t u, v;
    int64_t place; /* in the list as served */
};

struct solver {
    char *name, *graph_id;         /* graph_id is NULL where there is none; owned */
    char *topology;                /* "zephyr", or NULL; owned */
    int shape[SOLVER_SHAPE];       /* of the topology */
    int shapes;                    /* entries of it */
    int online, qpu;               /* status ONLINE; category qpu */
    double load;                   /* average, or 0 */
    struct json *properties;       /* without qubits and couplers; owned */
    int Q;                         /* qubit numbers are 0 .. Q - 1 */
    int n;                         /* working qubits, -1: not told */
    int32_t *qubit;                /* [n] as served, ascending; owned */
    int32_t *place;                /* [Q] place in qubit, or -1; owned */
    int64_t m;                     /* working couplers, -1: not told */
    int32_t (*coupler)[2];         /* [m] as served, u < v; owned */
    struct solver_coupler *sorted; /* [m] by u, then v; owned */
};

/* From the JSON object of the service. Limits on every size; numbers must fit together. On an
 * error s is { 0 }. */
int solver_read(struct solver *s, const struct json *definition, struct err *e);
void solver_free(struct solver *s); /* accepts { 0 } */

/* The place of coupler {u, v}, or -1. */
int64_t solver_coupler(const struct solver *s, int u, int v);

/* A property [least, most]: 0, or -1 when there is none. */
int solver_range(const struct solver *s, const char *name, double range[2]);

/* Does it take this parameter? Without a list of parameters, it takes all. */
int solver_takes(const struct solver *s, const char *parameter);

#endif
