#include "cmd/presets.h"

#include "base/mem.h"

#include <string.h>

/* Both networks by Adam at 1e-4, bits sharper and sharper: the same in every scheme. */
#define TRAINING(course, positive)                                                                 \
    "training: {" course ", optimiser: adam, learning_rate: 1e-4, schedule: constant, warmup: 0, " \
    "decay: 0, clip: 0, beta_start: 1, beta_end: 100, slope_start: 0.05, mask: true, "             \
    "straight_through: false, entropy: sampled, ae_weight: 1, hit_weight: 1, entropy_weight: 1, "  \
    "positive_weight: " positive ", logit_weight: 0, layer_weight: 0, mse_exponent: 0.5, "         \
    "mse_coefficient: 0.01}\n"

#define JOINT "mode: vae, epochs: 200"
#define IN_TURN                                                                                    \
    "phases: [{mode: ae, epochs: 200}, {mode: rbm, epochs: 50, from: best}, "                      \
    "{mode: vae, epochs: 50}]"

/* The same rule as the networks', on the bits that they decode. */
#define ONE_LOSS                                                                                   \
    "rbm: {order: after, optimiser: adam, learning_rate: 1e-4, schedule: constant, decay: 0, "     \
    "gradient: plain, data_statistics: relaxed}\n"

/* Eq. (20): probabilities of the posterior against chains, no centring, no momentum. */
#define OWN_GRADIENT                                                                               \
    "rbm: {order: before, optimiser: sgd, learning_rate: 0.001, schedule: constant, momentum: 0, " \
    "momentum_epochs: 0, decay: 0, gradient: plain, data_statistics: probabilities}\n"

static const struct preset {
    const char *name, *keys; /* of training.preset's choices; YAML */
} preset[] = {
    { "none", "" },
    { "old", TRAINING(JOINT, "1") ONE_LOSS },
    { "slides", TRAINING(JOINT, "0") OWN_GRADIENT },
    { "slides+positive", TRAINING(JOINT, "1") OWN_GRADIENT },
    { "ae-first", TRAINING(IN_TURN, "1") OWN_GRADIENT },
};

int presets_fill(struct conf *c, struct err *e)
{
    const struct preset *p = &preset[conf_choice(c, "training.preset")];
    const char *idle = conf_given(c, "training.mode")     ? "training.mode"
                       : conf_given(c, "training.epochs") ? "training.epochs"
                                                          : NULL;

    if (strstr(p->keys, "phases:") != NULL && idle != NULL && !conf_given(c, "training.phases"))
        return err_set(e,
                       "%s: %s has no effect beside the phases of training.preset: %s; leave it "
                       "out, or give training.phases",
                       conf_origin(c, idle), idle, p->name);
    char *origin = mem_print("training.preset: %s", p->name);
    int bad = p->keys[0] != '\0' ? conf_fill(c, p->keys, origin, e) : 0;
    mem_free(origin);
    return bad;
}
