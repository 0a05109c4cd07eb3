/*
 * conditions.h - what the networks are told of an event beside its shower (`model.condition`).
 *
 * A vector: first the incident energy, t(E) = (ln E - low) / (high - low) scale, its numbers those
 * of the architecture's `energy`; then the event's other numbers, each (x - low) / (high - low), or
 * the same of logarithms, within the range that is declared for it. The networks read the whole
 * vector as `conditions` and its first number as `energy`. How it enters is the architecture's
 * business: concatenated, added, as a factor and a shift, in the encoder alone, or not at all.
 */
#ifndef VAE_CONDITIONS_H
#define VAE_CONDITIONS_H

#include "base/err.h"
#include "base/yaml.h"

enum { CONDITIONS_MOST = 8, CONDITIONS_NAME = 32 };

/* A number beside the energy. */
struct conditions_range {
    char name[CONDITIONS_NAME]; /* of its dataset in shower files */
    double low, high;           /* what it may be */
    int log;                    /* scaled by its logarithm; then low > 0 */
};

struct conditions {
    double low, high, scale; /* of ln E */
    int others;
    struct conditions_range other[CONDITIONS_MOST];
};

/* `energy: {low: 6, high: 14, scale: 1}` of an architecture. */
int conditions_energy(struct conditions *c, const struct yaml *tree, const char *file,
                      struct err *e);

/* Is the range one? A sentence when not. */
int conditions_range_is(const struct conditions_range *r, struct err *e);

/* Is x within it? */
int conditions_within(const struct conditions_range *r, double x, struct err *e);

/* From E [B] in MeV and other [B, others] (NULL when there are none): t [B, 1] and, with others,
 * vector [B, 1 + others]. */
void conditions_fill(const struct conditions *c, int B, const double *E, const double *other,
                     float *t, float *vector);

#endif
