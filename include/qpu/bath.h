/*
 * bath.h - reads one after the other, each with what spins near the qubits keep of the ones before.
 *
 *   h_i - b_i in a read;   b_i <- keep (b_i + kick s_i) after it;   b = 0 in the first
 *
 * Nothing can be shared out: read r waits for r - 1. So a read's spins go by themselves, each with
 * its local field, which its neighbours mend when they flip: late in an anneal few do.
 */
#ifndef QPU_BATH_H
#define QPU_BATH_H

#include "qpu/onchip.h"

struct bath {
    double kick, keep;
};

/* All reads of a programming into states [reads, n]; factor [reads] as in onchip_read. Returns
 * reads. Random numbers: of (seed of the programming, read, sweep, unit). A device
 * without kick draws other numbers than onchip_read, from the same distribution. */
int64_t bath_read(const struct bath *b, struct onchip *c, const struct freezeout *f,
                  const struct kern *k, const float *factor, int64_t reads, uint8_t *states);

#endif
