/*
 * sampler.h - how the sweeps of a machine are made.
 *
 *   precision  float32: the machine itself. int16: its image on a grid (rbm/grid), exactly.
 *   kind       add: masked sums of weights, any graph. lookup: sums of groups of units from tables
 *              (rbm/groups), int16 alone. sgemm: matrix products, float32 and complete machines
 *              alone: for comparison.
 *
 * With one precision add and lookup draw the same bits; sgemm draws from the same distribution, and
 * the same bits for any number of ranks (its products have one size), but not for any BLAS.
 *
 * rbm.how names the sampler of a machine; gibbs_sweep asks it. What a sampler holds of the
 * parameters is made anew when they have changed: call sampler_renew after rbm_prepare, where its
 * sentence can be told. It costs about as much as one sweep of 256 chains.
 */
#ifndef RBM_SAMPLER_H
#define RBM_SAMPLER_H

#include "rbm/grid.h"
#include "rbm/groups.h"

enum sampler_kind { SAMPLER_AUTO, SAMPLER_ADD, SAMPLER_LOOKUP, SAMPLER_SGEMM };
enum sampler_precision { SAMPLER_FLOAT32, SAMPLER_INT16 };

struct sampler {
    enum sampler_kind kind; /* never SAMPLER_AUTO */
    enum sampler_precision precision;
    const struct kern *k;
    int64_t version;      /* of the parameters that it holds; -1: none */
    struct grid grid;     /* int16 */
    int span;             /* of grid_span; add */
    struct groups groups; /* lookup */
    struct kern_lookup L;
    int16_t *weight, *table; /* [tables, KERN_GROUP], [tables, KERN_TABLE]; owned */
    uint16_t *index;         /* scratch of L; owned */
    float *dense, *x, *phi; /* sgemm: couplings [N, N], spins and fields [N, SAMPLER_ROWS]; owned */
};

/* Chains that travel together through sgemm. */
enum { SAMPLER_ROWS = 256 };

/* m's graph stays; its parameters may change. auto: int16 look-ups where they are fewer than sums,
 * else add. A sentence where m is not for the kind, or its parameters not for the grid. Sets
 * m->how, which the caller unsets by sampler_free. */
int sampler_init(struct sampler *s, struct rbm *m, const struct kern *k, enum sampler_kind kind,
                 enum sampler_precision precision, struct err *e);
void sampler_free(struct sampler *s, struct rbm *m); /* accepts { 0 } */

/* After rbm_prepare; a sentence where the parameters have left the grid. */
int sampler_renew(struct sampler *s, const struct rbm *m, struct err *e);

/* "add", "lookup", "sgemm"; "float32", "int16". */
const char *sampler_name(const struct sampler *s);
const char *sampler_precision_name(const struct sampler *s);

/* The machine that m's sweeps sample (m itself, or its image on the grid) for the float kernels. */
struct kern_net sampler_net(const struct rbm *m);

/* Is that an image, and not m itself? */
int sampler_is_image(const struct rbm *m);

/* Draw the free units of n partitions, one after the other, as m->how does: bits [N, tiles], d and
 * track as in num/kern. */
void sampler_draw(const struct rbm *m, uint64_t *bits, double *track, int64_t tiles,
                  const struct kern_draw *d, int n, const int *partition);

#endif
