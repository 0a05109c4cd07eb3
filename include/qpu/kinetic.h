/*
 * kinetic.h - a QPU by its data sheet: heat-bath sweeps along the anneal, and the chip's faults.
 *
 * What is new in each programming (qpu/misprint), the sweeps of a read (qpu/freezeout) and, between
 * reads:
 *
 *   heat   a programming warms the chip by sheet.programming mK, and by sheet.biases more when a
 *          flux bias is not 0; the excess decays with sheet.decay. A read at excess x has
 *          beta / (1 + x / sheet.base). Between two problems lie sheet.idle seconds.
 *   bath   b_i <- (b_i + c s_i) e^(-dt / bath_time) after each read, h_i - b_i in the next; c =
 *          bath_strength sqrt(anneal / 20 us), dt from read to read. A programming takes so much
 *          longer than bath_time that it begins with b = 0.
 *   readout   a read has one wrong bit, anywhere, with probability sheet.readout
 *
 * The time and the heat are all that a call leaves to the next one. Without a bath, reads do not
 * know of each other: they go in tiles of 64 through the kernels, any share of them. With one, each
 * follows the one before, and the first rank draws them all.
 *
 * A call of more reads than a problem may have is programmed again: in parts of whole tiles.
 */
#ifndef QPU_KINETIC_H
#define QPU_KINETIC_H

#include "base/block.h"
#include "num/kern.h"
#include "qpu/cost.h"
#include "qpu/datasheet.h"
#include "qpu/devicecall.h"
#include "qpu/ising.h"

struct kinetic_keys {
    const char *text, *file; /* the data sheet and its name */
    const char *chip;        /* the size of another chip of the same kind, or "" */
    unsigned noise;          /* datasheet_noise */
    double resolution;       /* sweeps; 0: the sheet's */
    uint64_t seed;
    const struct kern *kern; /* borrowed */
};

struct kinetic {
    struct datasheet sheet; /* owned */
    struct solver solver;   /* what it tells of itself, its chip without a dead qubit; owned */
    unsigned noise;
    double resolution;
    uint64_t seed;
    const struct kern *kern;
    double time, heat; /* us; mK above the base */
};

/* k must be freed in any case. */
int kinetic_open(struct kinetic *k, const struct kinetic_keys *keys, struct err *e);
void kinetic_free(struct kinetic *k); /* accepts { 0 } */

/* Does a read depend on the one before? */
int kinetic_remembers(const struct kinetic *k);

/* As device_draw and device_replay. With memory, `tiles` are all or none. */
int64_t kinetic_draw(struct kinetic *k, const struct ising *g, const struct device_call *c,
                     struct block tiles, uint8_t *states, double *energy, double *access,
                     struct err *e);
int kinetic_replay(struct kinetic *k, const struct ising *g, const struct device_call *c,
                   int64_t times, struct err *e);

void kinetic_wait(struct kinetic *k, double seconds);

#endif
