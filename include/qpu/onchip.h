/*
 * onchip.h - a problem on the kinetic device's chip, as programmed, and reads of it in tiles.
 *
 * The machine is that of -H at beta = 1; a sweep has the inverse temperature and the worth of
 * fields and flux biases that freezeout gives it.
 *
 * A spin among others flips more rarely than a lone one: its levels are apart by what its
 * neighbours do, of variance v = sum_j J_ij^2, and a flip has a line of width w: its rate is 1 / (1
 * + v / w^2) of a lone spin's. So its last attempt comes when a lone spin has 1 + v / w^2 left: it
 * stays as it is from there on, and the more it is coupled, the hotter it comes out.
 */
#ifndef QPU_ONCHIP_H
#define QPU_ONCHIP_H

#include "base/block.h"
#include "qpu/freezeout.h"
#include "qpu/misprint.h"

struct onchip {
    struct rbm m;   /* owned, as all below */
    struct ising g; /* as programmed */
    int32_t *place; /* [n] the unit of a spin */
    double *flux;   /* [n] scratch: biases in quanta */
    float *part[3]; /* [n] by unit: the biases of couplings, of h, of flux at freeze-out */
    double *stop;   /* [n] by unit: it stays when fewer attempts are left */
    uint8_t *still; /* [n] by unit: does it stay now? */
    int moves;      /* do the biases change along the anneal? */
    uint64_t seed;  /* of this programming */
};

/* Room for problems of the graph of g. */
void onchip_init(struct onchip *c, const struct ising *g);
void onchip_free(struct onchip *c); /* accepts { 0 } */

/* What p makes of h / scale, J / scale of g, and of biases flux [n] in quanta. f says whether there
 * is a gain schedule. */
int onchip_program(struct onchip *c, const struct misprint *p, const struct ising *g, double scale,
                   const double *flux, const struct freezeout *f, struct err *e);

/* The biases of a sweep into c->m. */
void onchip_biases(struct onchip *c, const struct freezeout *f, int sweep);

/* Which units stay at a sweep, into c->still and as clamped units of c->m; returns those that do
 * not. */
int onchip_freeze(struct onchip *c, const struct freezeout *f, int sweep);

/* Of `reads` reads in all those of these tiles, each by itself: states [rows, n]; returns the rows.
 * factor [tiles.count * 64] of their inverse temperatures. */
int64_t onchip_read(struct onchip *c, const struct freezeout *f, const struct kern *k,
                    const float *factor, int64_t reads, struct block tiles, uint8_t *states);

#endif
