/*
 * devicecall.h - one problem for a local device (qpu/device.h).
 */
#ifndef QPU_DEVICECALL_H
#define QPU_DEVICECALL_H

#include "qpu/params.h"

struct device_call {
    int64_t number; /* its own, below 2^32: random numbers are those of (seed, number, read) */
    int64_t reads;
    const double *flux; /* [g->n] flux quanta by spin, or NULL */
    const struct params
        *params; /* anneal time, waits, schedules, ..; NULL: the device's defaults */
    int placed;  /* do the spins know their qubits? */
};

#endif
