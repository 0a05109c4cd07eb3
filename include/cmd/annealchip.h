/*
 * annealchip.h - the chip on which a machine is embedded.
 *
 * That of a service or of a device that tells its qubits and couplers, else (gibbs) an ideal one of
 * anneal.topology and anneal.chip; for local devices without what anneal.dead lists.
 */
#ifndef CMD_ANNEALCHIP_H
#define CMD_ANNEALCHIP_H

#include "cmd/run.h"
#include "qpu/solver.h"
#include "qpu/strands.h"

struct annealchip {
    struct lattice L; /* owned, as all below */
    struct vicinity v;
    struct strands s;
};

/* Every rank for itself. c must be freed in any case. */
int annealchip_open(struct annealchip *c, const struct run *r, const struct solver *s, int local,
                    struct err *e);
void annealchip_free(struct annealchip *c); /* accepts { 0 } */

#endif
