/*
 * optim.h - SGD, momentum, Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019) over
 * the flat buffer, with learning-rate schedules and clipping.
 *
 * Weight decay acts on tensors of two and more dimensions alone (not on biases, slopes and norms).
 * Fixed tensors (means of the data, moving averages of batch norms) live in the same buffer and do
 * not move.
 */
#ifndef NN_OPTIM_H
#define NN_OPTIM_H

#include "base/block.h"
#include "num/tensors.h"

#include <stdint.h>

enum optim_kind { OPTIM_SGD, OPTIM_MOMENTUM, OPTIM_ADAM, OPTIM_ADAMW };
enum optim_schedule { OPTIM_CONSTANT, OPTIM_COSINE, OPTIM_STEP };

struct optim_options {
    enum optim_kind kind;
    double rate;         /* at the top of the schedule */
    double momentum;     /* 0.9 */
    double beta1, beta2; /* 0.9, 0.999 */
    double epsilon;      /* 1e-8 */
    double decay;        /* SGD, momentum, Adam: L2 in the gradient; AdamW: decoupled */
    double clip;         /* largest norm of the gradient; 0: none */
    enum optim_schedule schedule;
    int64_t warmup; /* steps of linear rise from 0 */
    int64_t steps;  /* COSINE: where it ends; STEP: steps between two drops */
    double factor;  /* COSINE: last rate / rate; STEP: each drop's factor */
};

struct optim {
    struct optim_options o;
    int64_t step;            /* updates made; to be saved */
    int64_t n;               /* floats of the flat buffer */
    int64_t state_n;         /* floats of the whole state: 0, n or 2n */
    int owns;                /* blocks that are updated here: one of all n, or this rank's shares */
    struct block *own;       /* [owns] in the flat buffer; owned */
    int64_t held;            /* floats that they take */
    float *state;            /* [0, 1 or 2, held] momenta, to be saved; owned */
    const struct tensors *T; /* borrowed */
    unsigned char *frozen;   /* [T->n]: not updated; owned */
};

/* Sensible values: Adam, rate 1e-3, constant. */
struct optim_options optim_default(void);

void optim_init(struct optim *p, const struct optim_options *o, const struct tensors *T);
/* The same for an update of some blocks alone, which begin at multiples of 16: others have the rest
 * of the state. */
void optim_init_own(struct optim *p, const struct optim_options *o, const struct tensors *T,
                    const struct block *own, int owns);
void optim_free(struct optim *p); /* accepts { 0 } */

/* Floats that a block takes in the state: whole lines of 16. */
static inline int64_t optim_room(struct block b)
{
    return (b.count + 15) / 16 * 16;
}

/* Freeze (on = 1) or thaw the tensors whose name begins with prefix; returns how many. */
int optim_freeze(struct optim *p, const char *prefix, int on);

/* The rate of the next step. */
double optim_rate(const struct optim *p);

/* A step in two: the sum of squares of grad in our blocks; and, given that over all blocks, the
 * update of ours. */
double optim_squares(const struct optim *p, const float *grad);
double optim_update(struct optim *p, float *params, const float *grad, double factor,
                    double squares);

/* params -= rate * f(factor * grad). factor turns a sum into a mean (1 / showers). Returns the norm
 * of factor * grad before clipping, frozen tensors left out; when that is not finite, nothing
 * has been changed. */
double optim_step(struct optim *p, float *params, const float *grad, double factor);

#endif
