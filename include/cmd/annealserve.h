/*
 * annealserve.h - draws for another program over a pipe: a line of JSON in, a line out.
 *
 *   in   {"id": TEXT, "h": [..], "couplers": [[i, j], ..], "J": [..], "reads": R, "seed": X}
 *        and, each if wanted: "flux_biases" [..] in flux quanta in the order of h;
 *        of anneal.backend: gibbs "beta" and "sweeps";
 *        of kinetic "qubits" [..] in the order of h, "params" {annealing_time,
 *        programming_thermalization, readout_thermalization, anneal_schedule, h_gain_schedule,
 *        auto_scale, flux_drift_compensation, reduce_intersample_correlation} as SAPI names them
 *   out  {"id": TEXT, "solutions": BASE64, "energies": BASE64} as in an answer of the format qp
 *        (qpu/qp.h), with the spins in the order of h, and of kinetic "access_time" in us; or
 *        {"id": TEXT, "error": TEXT}
 *
 * The device of the section anneal draws, so a kinetic one ages from problem to problem; of its
 * calls the seed is the number. Ends with the standard input, or at a signal.
 */
#ifndef CMD_ANNEALSERVE_H
#define CMD_ANNEALSERVE_H

#include "cmd/run.h"
#include "num/kern.h"

/* One rank alone. Returns RUN_DONE, RUN_STOPPED or -1; fills `problems` and `reads` of the result.
 */
int annealserve_run(struct run *r, const struct kern *k, struct err *e);

#endif
