/*
 * solvers.h - small solvers for the tests of qpu.
 */
#ifndef TESTS_QPU_SOLVERS_H
#define TESTS_QPU_SOLVERS_H

#include "qpu/solver.h"

#include <string.h>

/* A solver of 6 working qubits of 8 and 7 couplers, in an order of its own. */
static const char small_solver[] =
    "{\"identity\": {\"name\": \"S\", \"version\": {\"graph_id\": \"01ab\"}}, \"status\": "
    "\"ONLINE\","
    "\"avg_load\": 0.25, \"properties\": {\"category\": \"qpu\", \"num_qubits\": 8,"
    "\"topology\": {\"type\": \"zephyr\", \"shape\": [1, 4]}, \"qubits\": [0, 1, 2, 4, 5, 7],"
    "\"couplers\": [[4, 5], [0, 1], [1, 2], [0, 4], [2, 7], [5, 7], [1, 4]],"
    "\"parameters\": {\"num_reads\": \"\", \"answer_mode\": \"\", \"auto_scale\": \"\","
    "\"annealing_time\": \"\", \"anneal_schedule\": \"\", \"fast_anneal\": \"\","
    "\"h_gain_schedule\": \"\", \"initial_state\": \"\", \"flux_biases\": \"\","
    "\"readout_thermalization\": \"\", \"programming_thermalization\": \"\"},"
    "\"h_range\": [-4, 4], \"j_range\": [-1, 1], \"extended_j_range\": [-2, 1],"
    "\"per_qubit_coupling_range\": [-3, 2.5], \"num_reads_range\": [1, 10000],"
    "\"annealing_time_range\": [0.5, 2000], \"fast_anneal_time_range\": [0.005, 2000],"
    "\"h_gain_schedule_range\": [-3, 3], \"max_h_gain_schedule_points\": 3,"
    "\"readout_thermalization_range\": [0, 10000], \"programming_thermalization_range\": [0, "
    "10000],"
    "\"max_anneal_schedule_points\": 4, \"problem_run_duration_range\": [0, 1000000],"
    "\"default_annealing_time\": 20, \"default_programming_thermalization\": 1000,"
    "\"default_readout_thermalization\": 0, \"problem_timing_data\": {\"version\": \"1.0.0\","
    "\"typical_programming_time\": 14072.88, \"readout_time_model\": \"pwl_log_log\","
    "\"readout_time_model_parameters\": [0.0, 0.76997, 1.72428, 2.71198, 3.16391, 3.75028,"
    "1.53913, 1.87266, 2.12563, 2.33267, 2.37161, 2.37162],"
    "\"qpu_delay_time_per_sample\": 20.54, \"default_annealing_time\": 20.0,"
    "\"decorrelation_max_nominal_anneal_time\": 2000.0, \"decorrelation_time_range\": [500.0, "
    "10000.0],"
    "\"reverse_annealing_with_reinit_prog_time_delta\": 0.0,"
    "\"reverse_annealing_without_reinit_prog_time_delta\": 5.55,"
    "\"reverse_annealing_with_reinit_delay_time_delta\": -4.5,"
    "\"reverse_annealing_without_reinit_delay_time_delta\": -1.5}}}";

static inline int read_solver(struct solver *s, const char *text, struct err *e)
{
    struct json *j = json_parse_stranger(text, (int64_t)strlen(text), 16, "solver", e);
    int bad = j == NULL || solver_read(s, j, e);

    json_drop(j);
    return bad ? -1 : 0;
}

#endif
