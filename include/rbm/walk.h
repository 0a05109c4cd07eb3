/*
 * walk.h - all states of some units of a machine, part by part, the units of one partition summed
 * over in each of them.
 *
 *   f(s) = sum over the summed partition of e^-E = e^score(s) prod_h (1 + e^field_h(s))
 *
 * A part fixes the top units and walks the low ones, 2^12 states at most, in product form: y_h =
 * e^field_h is multiplied by e^+-W where a unit flips (num/kern.h, walk) and made anew in each
 * part, so rounding never piles up. Where a field of a part could leave +-690, e^field would leave
 * the numbers of a double: that part is walked with sums of log(1 + e^field), slower by ten.
 */
#ifndef RBM_WALK_H
#define RBM_WALK_H

#include "num/kern.h"
#include "rbm/rbm.h"

enum { WALK_LOW = 12 }; /* units walked within a part */

struct walk {
    const struct kern *kern; /* borrowed */
    int n, low;              /* units walked; within a part */
    const int *unit;         /* [n]; borrowed. Bit b of the number of a state is unit[b] */
    int first, size;         /* the partition that is summed over */
    int room;                /* size, rounded up to whole rows of 8 */
    int plain;               /* no product form: less than 3 units, or asked for (the slow twin) */
    /* tables of the machine's weights, by walk_prepare; owned */
    double *weight;           /* [low, room] couplings of low units with summed ones */
    double *up, *down, *same; /* as struct kern_walk: e^weight, e^-weight, 1 */
    double *inner;            /* [2^low] couplings within the walked low units */
    double *rise, *fall;      /* [size] what they can add to a field, and take from it */
    double widest;            /* largest |weight| */
    /* the part */
    const uint8_t *fixed; /* [N] 1 where a unit is clamped, in the summed partition too; or NULL */
    uint8_t
        *state; /* [N] of clamped units and those outside the summed partition, low ones 0; owned */
    double *field;    /* [size] of the summed units, 0 of clamped ones; owned */
    double base;      /* -E of `state` */
    double *y;        /* [room]; owned */
    double *f;        /* [2^low] f(s) e^-log_scale; owned */
    double log_scale; /* the largest f lies within 0 .. 2^20 */
    /* work; owned */
    double *score, *column;
    int64_t *exponent;
    int *cut;
    int cuts;
    int steep; /* this part has fields beyond +-690 */
};

/* unit [n] are walked, partition `summed` is summed over; the rest of the machine is as it is set
 * in walk_part. */
void walk_init(struct walk *w, const struct rbm *m, int n, const int *unit, int summed);
void walk_free(struct walk *w); /* accepts { 0 } */

/* After every change of the weights. */
void walk_prepare(struct walk *w, const struct rbm *m);

/* Bits of the top units are those of `part`; clamped units have the bytes u (NULL: 0, or walked).
 * Fills state, f and log_scale. */
void walk_part(struct walk *w, const struct rbm *m, const uint8_t *u, int64_t part);

/* Expectations of the summed units under p [2^low] in the part of walk_part: total [room], and sum
 * [low, room] += those where a low unit is set. */
void walk_meet(struct walk *w, const double *p, double *total, double *sum);

#endif
