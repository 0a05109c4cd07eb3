/*
 * annealserve.h - draws for another program over a pipe: a line of JSON in, a line out.
 *
 *   in   {"id": TEXT, "h": [..], "couplers": [[i, j], ..], "J": [..], "reads": R,
 *         "beta": B, "sweeps": S, "seed": X}        the last three may be left out
 *   out  {"id": TEXT, "solutions": BASE64, "energies": BASE64} as in an answer of the format qp
 *        (qpu/qp.h), with the spins in the order of h; or {"id": TEXT, "error": TEXT}
 *
 * P(s) ~ exp(-B H(s)), s in {-1, 1}. Ends with the standard input, or at a signal.
 */
#ifndef CMD_ANNEALSERVE_H
#define CMD_ANNEALSERVE_H

#include "cmd/run.h"
#include "num/kern.h"

/* One rank alone. Returns RUN_DONE, RUN_STOPPED or -1; fills `problems` and `reads` of the result.
 */
int annealserve_run(struct run *r, const struct kern *k, struct err *e);

#endif
