/*
 * device.h - annealers that live in this program, behind one interface.
 *
 *   gibbs    block Gibbs sweeps at one inverse temperature (qpu/local): P(s) ~ exp(-beta H(s))
 *   kinetic  a QPU by its data sheet (qpu/kinetic): freeze-out, heat, noise, times
 *
 * A draw programs one problem (struct device_call) and reads it `reads` times: states in the order
 * of time, bytes 0 (s = -1) and 1, H of the problem as it was asked for, and the access time by the
 * device's timing model.
 *
 * Flux biases phi, in flux quanta by spin, have the sign of the hardware: at freeze-out phi acts
 * like a field h = -phi / flux_per_h, so that a positive bias favours s = +1.
 *
 * Order and ranks. What a draw gives is a function of the seed, the number of the call, the read,
 * and of the time and the heat that the calls before have left: every rank opens the same device
 * and makes the same calls in the same order, each with its own share of the reads (device_share;
 * an empty one too). Then reads, time and heat are the same on any number of ranks. A program that
 * goes on after a stop makes the calls of before count by device_replay, without drawing them.
 */
#ifndef QPU_DEVICE_H
#define QPU_DEVICE_H

#include "qpu/kinetic.h"
#include "qpu/local.h"

enum device_kind { DEVICE_GIBBS, DEVICE_KINETIC };

/* What a device is opened from. */
struct device_keys {
    enum device_kind kind;
    double beta; /* gibbs: inverse temperature */
    int sweeps;  /* gibbs: of a read */
    uint64_t seed;
    const struct kern *kern;        /* borrowed */
    const char *text, *file, *chip; /* kinetic: as in kinetic_keys; chip NULL: the sheet's */
    unsigned noise;                 /* kinetic: datasheet_noise */
    double resolution;              /* kinetic; 0: the sheet's */
};

struct device {
    enum device_kind kind;
    const char *name;       /* borrowed from below, or "gibbs" */
    double flux_per_h;      /* flux quanta that act like a field of -1 at freeze-out; > 0 */
    struct local local;     /* gibbs */
    struct kinetic kinetic; /* kinetic; owned */
    double time;            /* us since it was opened: of all calls, and waits */
};

/* What it tells of itself, as a service does (gibbs: nothing but its name); borrowed. */
const struct solver *device_solver(const struct device *d);

/* d must be freed in any case. */
int device_open(struct device *d, const struct device_keys *k, struct err *e);
void device_free(struct device *d); /* accepts { 0 } */

/* A rank's share of the tiles of 64 reads. */
struct block device_share(const struct device *d, int64_t reads, int rank, int size);

/* Read r is lane r % 64 of tile r / 64. Those of `tiles`, into states [rows, g->n] and energy
 * [rows]; both have room for whole tiles. Returns the rows, or -1 and one sentence for what the
 * device would refuse: nothing is clipped. *access: us of the whole call, or NULL. */
int64_t device_draw(struct device *d, const struct ising *g, const struct device_call *c,
                    struct block tiles, uint8_t *states, double *energy, double *access,
                    struct err *e);

/* Nothing happens for a while: the device cools. */
void device_wait(struct device *d, double seconds);

/* `times` calls like c of a problem like g pass without being drawn. */
int device_replay(struct device *d, const struct ising *g, const struct device_call *c,
                  int64_t times, struct err *e);

#endif
