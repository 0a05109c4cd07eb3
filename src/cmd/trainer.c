#include "cmd/trainer.h"

#include "base/mem.h"
#include "num/dnnhalf.h"

#include <math.h>
#include <string.h>

const char *const trainer_mode_name[] = { "ae", "vae", "rbm" };

const struct train_phase *trainer_phase(const struct trainer *t)
{
    return &t->phase[t->at];
}

int64_t trainer_epoch(const struct trainer *t)
{
    int64_t before = 0;

    for (int i = 0; i < t->at; i++) before += t->phase[i].epochs;
    return before + t->fit.epoch;
}

/* How sharp the relaxation is: a ramp over all steps that train the networks. */
static double ramp(const struct trainer *t, const char *first, double last)
{
    int64_t all = 0;

    for (int i = 0; i < t->phases; i++)
        if (t->phase[i].mode != TRAIN_RBM) all += t->phase[i].epochs * feed_steps(&t->feed);
    return latent_ramp(conf_real(t->r->conf, first), last, t->network_steps, all > 1 ? all - 1 : 1);
}

/* The epoch at hand and the part of it that is done. */
static double now(const struct trainer *t)
{
    return (double)trainer_epoch(t) + (double)t->fit.index / (double)t->fit.steps;
}

double trainer_beta(const struct trainer *t)
{
    double x;

    if (weights_course(&t->weights, WEIGHTS_BETA, now(t), &x)) return x;
    return ramp(t, "training.beta_start", conf_real(t->r->conf, "training.beta_end"));
}

double trainer_slope(const struct trainer *t)
{
    double x;

    if (weights_course(&t->weights, WEIGHTS_SLOPE, now(t), &x)) return x;
    return ramp(t, "training.slope_start", 0.0);
}

/* One optimiser a phase: its schedule runs over the phase's steps. */
static void begin_optimiser(struct trainer *t, int64_t steps)
{
    static const enum optim_kind kind[] = { OPTIM_SGD, OPTIM_ADAM, OPTIM_ADAMW };
    const struct conf *c = t->r->conf;
    struct optim_options o = optim_default();

    o.kind = kind[conf_choice(c, "training.optimiser")];
    o.momentum = conf_real(c, "training.momentum");
    if (o.kind == OPTIM_SGD && o.momentum > 0.0) o.kind = OPTIM_MOMENTUM;
    o.rate = conf_real(c, "training.learning_rate");
    o.decay = conf_real(c, "training.decay");
    o.clip = conf_real(c, "training.clip");
    o.schedule = (enum optim_schedule)conf_choice(c, "training.schedule");
    o.warmup = conf_int(c, "training.warmup");
    o.steps = o.schedule == OPTIM_STEP
                  ? conf_int(c, "training.schedule_every") * feed_steps(&t->feed)
                  : steps;
    o.factor = conf_real(c, "training.schedule_factor");
    optim_free(&t->optim);
    struct block *own = mem_take(t->buckets.n, sizeof *own);
    buckets_own(&t->buckets, own);
    if (t->reducer.sharing != NULL)
        optim_init_own(&t->optim, &o, &t->model.vae.T, own, t->buckets.n);
    else
        optim_init(&t->optim, &o, &t->model.vae.T);
    mem_free(own);
    int encoder = trainer_phase(t)->freeze == FREEZE_ENCODER;
    int decoder = trainer_phase(t)->freeze == FREEZE_DECODER;
    if (encoder) optim_freeze(&t->optim, "encoder/", 1);
    if (decoder) optim_freeze(&t->optim, "decoder/", 1);
    if (t->model.networks) trainer_freeze(t);
}

void trainer_freeze(struct trainer *t)
{
    enum train_freeze what = trainer_phase(t)->freeze;

    vae_freeze(&t->model.vae, what == FREEZE_ENCODER, what == FREEZE_DECODER);
}

void trainer_take_average(struct trainer *t)
{
    if (t->average.n > 0)
        memcpy(t->model.vae.params, t->average.x, (size_t)t->average.n * sizeof *t->average.x);
}

static struct loss_options losses(const struct trainer *t)
{
    const struct conf *c = t->r->conf;
    struct loss_options o = loss_default();

    weights_at(&t->weights, (double)trainer_epoch(t), o.weight);
    o.c = conf_real(c, "training.mse_coefficient");
    o.w = conf_real(c, "training.mse_exponent");
    o.mask = conf_flag(c, "training.mask");
    o.exact_entropy = conf_choice(c, "training.entropy") == 1;
    o.layer_of = t->model.geom.layer_of;
    return o;
}

void trainer_patience(struct trainer *t)
{
    int64_t patience = conf_int(t->r->conf, "training.patience");
    int judged = trainer_phase(t)->mode != TRAIN_RBM || t->validator.how == BEST_FPD;

    if (patience > 0 && judged && t->best_epoch >= 0 &&
        trainer_epoch(t) - t->best_epoch >= patience)
        t->fit.epochs = t->fit.epoch;
}

void trainer_begin(struct trainer *t)
{
    const struct train_phase *p = trainer_phase(t);
    int64_t steps = feed_steps(&t->feed);
    struct vae *v = &t->model.vae;
    int networks = p->mode != TRAIN_RBM;

    if (networks) begin_optimiser(t, steps * p->epochs);
    adversary_join(&t->adversary, v, networks);
    t->prior.update.rate =
        p->freeze == FREEZE_RBM ? 0.0 : conf_real(t->r->conf, "rbm.learning_rate");
    t->fit = (struct fit){ .params = networks ? v->params : NULL,
                           .grad = networks ? v->grad : NULL,
                           .n = networks ? v->T.total : 0,
                           .optim = networks ? &t->optim : NULL,
                           .reducer = &t->reducer,
                           .buckets = networks ? &t->buckets : NULL,
                           .terms = LOSS_TERMS,
                           .steps = steps,
                           .epochs = p->epochs };
    t->loss = losses(t);
    t->best = INFINITY;
    t->best_epoch = -1;
}

/* The place of a word in a list that holds it: the config has checked the choice. */
static int word(const char *text, const char *const *list)
{
    int i = 0;

    while (strcmp(list[i], text) != 0) i++;
    return i;
}

static int read_phases(struct trainer *t, struct err *e)
{
    static const char *const freeze_name[] = { "none", "encoder", "decoder", "rbm" };
    const struct conf *c = t->r->conf;
    const char *list = "training.phases";
    int n = conf_count(c, list), bits = feed_of_bits(c);

    if (n > TRAIN_PHASES)
        return err_set(e, "training.phases lists %d phases, expected at most %d", n, TRAIN_PHASES);
    t->phases = n > 0 ? n : 1;
    t->phase[0] = (struct train_phase){ (enum train_mode)conf_choice(c, "training.mode"),
                                        conf_int(c, "training.epochs"), FREEZE_NONE, 0 };
    for (int i = 0; i < n; i++) {
        const char *mode = conf_item_text(c, list, i, "mode");
        const char *freeze = conf_item_text(c, list, i, "freeze");
        t->phase[i].mode = (enum train_mode)word(mode, trainer_mode_name);
        t->phase[i].freeze = (enum train_freeze)word(freeze, freeze_name);
        t->phase[i].epochs = conf_item_int(c, list, i, "epochs");
        t->phase[i].from_best = strcmp(conf_item_text(c, list, i, "from"), "best") == 0;
    }
    for (int i = 0; i < t->phases; i++)
        if (bits && t->phase[i].mode != TRAIN_RBM)
            return err_set(e, "training.mode is %s and data.kind is %s, expected rbm",
                           trainer_mode_name[t->phase[i].mode], conf_text(c, "data.kind"));
    return 0;
}

/* The gradient in shared memory, its sums told by backward; updates by shares where the ranks of a
 * node are several. */
static int share_gradient(struct trainer *t, struct err *e)
{
    enum { AUTO, ON, OFF };
    const struct par *P = t->r->P;
    struct vae *v = &t->model.vae;
    int how = conf_choice(t->r->conf, "training.shard");

    buckets_init(&t->buckets, &v->T, BUCKET_FLOATS);
    nodesum_take(&t->sums, P, v->T.total, t->buckets.n);
    t->reducer = nodesum_reducer(&t->sums, how != OFF);
    vae_gradient(v, t->sums.x);
    t->buckets.grad = v->grad;
    t->buckets.reducer = &t->reducer;
    vae_buckets(v, &t->buckets);
    vae_reducer(v, &t->reducer);
    if (t->sums.window.small.text[0] != '\0')
        log_say(&t->r->log,
                "gradients of %.2f GB a rank: %s; they are summed by messages, and each rank keeps "
                "the optimiser's whole state",
                4e-9 * (double)v->T.total, t->sums.window.small.text);
    if (how == ON && t->reducer.sharing == NULL && P->size > 1)
        return err_set(e, "training.shard is on, and no two ranks share memory (or a node has one "
                          "rank): expected auto or off");
    return 0;
}

static int precision(struct trainer *t, struct err *e)
{
    if (conf_choice(t->r->conf, "training.precision") == 0) return 0;
    if (!dnnhalf_here())
        err_set(e,
                "training.precision is bfloat16, and the processor of rank %d has no "
                "instructions for it: expected float32",
                t->r->P->rank);
    if (par_agree(t->r->P, e)) return -1;
    vae_half(&t->model.vae);
    return 0;
}

int trainer_init(struct trainer *t, struct run *r, struct err *e)
{
    int batch_size = (int)conf_int(r->conf, "training.batch");
    int share = (int)block_of(batch_size, 0, r->P->size).count; /* of showers */
    int networks = !feed_of_bits(r->conf);

    *t = (struct trainer){ .r = r, .best_epoch = -1, .best = INFINITY, .validation = NAN };
    if ((t->kern = kern_named(conf_text(r->conf, "run.kernels"), e)) == NULL) return -1;
    t->reducer = par_reducer(r->P);
    t->micro = (int)conf_int(r->conf, "training.micro_batch");
    if (t->micro == 0 || t->micro > share) t->micro = share;
    if (read_phases(t, e) || weights_read(&t->weights, r->conf, e) ||
        model_build(&t->model, r, networks, t->micro, e) || feed_open(&t->feed, r, &t->model, e) ||
        sampling_init(&t->sampler, r, &t->model.rbm, t->kern, e) ||
        adversary_init(&t->adversary, r, &t->model, t->micro, e))
        return -1;
    if (networks && (precision(t, e) || share_gradient(t, e))) return -1;
    if (networks)
        average_init(&t->average, conf_real(r->conf, "training.ema"), t->model.vae.T.total);
    if (networks && t->micro < share) {
        t->bits = mem_take((int64_t)share * t->model.vae.L, sizeof *t->bits);
        t->logit = mem_take((int64_t)share * t->model.vae.F, sizeof *t->logit);
    }
    t->pieces = (share + t->micro - 1) / t->micro;
    int64_t steps = 0;
    for (int i = 0; i < t->phases; i++)
        if (t->phase[i].mode != TRAIN_AE) steps += t->phase[i].epochs * feed_steps(&t->feed);
    if (prior_init(&t->prior, r, &t->model.rbm, t->kern, &t->feed, steps, e)) return -1;
    t->prior.courier = &t->courier;
    if (t->prior.method == METHOD_ANNEALER &&
        courier_open(&t->courier, r, &t->model.rbm, &t->feed, t->kern, steps, e))
        return -1;
    gauge_init(&t->gauge, &t->prior);
    if (validator_init(&t->validator, r, &t->model, t->kern, &t->feed, t->micro, e)) return -1;
    trainer_begin(t);
    return 0;
}

void trainer_free(struct trainer *t)
{
    metrics_close(&t->metrics);
    optim_free(&t->optim);
    average_free(&t->average);
    adversary_free(&t->adversary);
    gauge_free(&t->gauge);
    validator_free(&t->validator);
    prior_free(&t->prior);
    courier_free(&t->courier);
    feed_close(&t->feed);
    sampler_free(&t->sampler, &t->model.rbm);
    model_free(&t->model);
    buckets_free(&t->buckets);
    nodesum_free(&t->sums);
    mem_free(t->bits);
    mem_free(t->logit);
    *t = (struct trainer){ 0 };
}
