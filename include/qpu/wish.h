/*
 * wish.h - the solver that the user wants: by name, by features, or the best there is.
 *
 * "NAME", "NAME;graph_id=G" (percent codes are undone), or a JSON object of features, as in
 * {"topology__type": "zephyr", "num_active_qubits__gte": 4000}. A feature is name, graph_id, qpu,
 * online, num_active_qubits, avg_load, topology__type or a property; operators are eq (when there
 * is none), gte, lte, gt, lt and in. A solver that lacks the feature does not fit.
 */
#ifndef QPU_WISH_H
#define QPU_WISH_H

#include "qpu/solver.h"

struct wish {
    char *name, *graph_id; /* or NULL; owned */
    struct json *features; /* or NULL; owned */
};

/* text NULL or "": any. On an error w is { 0 }. */
int wish_read(struct wish *w, const char *text, struct err *e);
void wish_free(struct wish *w); /* accepts { 0 } */

int wish_fits(const struct wish *w, const struct solver *s);

/* Of n solvers the QPU that fits and is online, with the most working qubits, then the least load;
 * -1 and a sentence when there is none. */
int wish_choose(const struct wish *w, const struct solver *s, int n, struct err *e);

#endif
