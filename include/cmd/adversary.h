/*
 * adversary.h - a critic beside the networks in training (model.critic): they also lower - f(v) of
 * what they reconstruct, v = LeakyReLU(a) under the true mask, while f learns to tell v from true
 * showers, one update a step, with the penalty on its gradient (nn/critic.h). Its state is in the
 * checkpoint.
 */
#ifndef CMD_ADVERSARY_H
#define CMD_ADVERSARY_H

#include "base/json.h"
#include "cmd/model.h"
#include "io/h5.h"
#include "nn/critic.h"
#include "nn/optim.h"

enum { ADVERSARY_SCORE, ADVERSARY_GAP, ADVERSARY_PENALTY, ADVERSARY_SUMS };

struct adversary {
    int on;
    struct critic c;
    struct optim optim;
    double weight, penalty; /* of - f(v) in the networks' loss; of P in the critic's */
    uint64_t seed;
    char *text;                  /* of the critic's file; owned */
    float *made, *mix;           /* [batch, V] v and its gradient, [batch] r; owned */
    double *whole;               /* [T.total + ADVERSARY_SUMS]: gradient over ranks; owned */
    double sum[ADVERSARY_SUMS];  /* of this step on this rank */
    double last[ADVERSARY_SUMS]; /* means of the last step over all showers */
};

/* From model.critic, training.critic_*; without a critic `on` stays 0 and the rest does nothing. */
int adversary_init(struct adversary *a, const struct run *r, const struct model *m, int batch,
                   struct err *e);
void adversary_free(struct adversary *a); /* accepts { 0 } */

/* Be heard in the model's backward, or not. Local. */
void adversary_join(struct adversary *a, struct vae *v, int on);

/* The critic's update, after the networks'. Collective. */
void adversary_step(struct adversary *a, const struct par *P, int64_t showers);

/* Its numbers of the last step: adversarial, critic_gap, critic_penalty. */
void adversary_put(const struct adversary *a, struct json *line);

/* /critic of a checkpoint. Collective. */
int adversary_write(const struct adversary *a, struct h5 *f, struct err *e);
int adversary_read(struct adversary *a, const struct h5 *f, struct err *e);

#endif
