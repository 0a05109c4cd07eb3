#include "cmd/trainloop.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/modelfile.h"
#include "cmd/trainfile.h"
#include "cmd/trainnote.h"

#include <math.h>
#include <string.h>

static struct vae_batch batch_of(const struct trainer *t)
{
    const struct feed *f = &t->feed;

    return (struct vae_batch){ (int)f->mine.count, f->u, f->E, f->item, t->step, f->other };
}

/* Part number i of the rows, those that go through the networks at a time; some are empty where
 * this rank has fewer rows than another. */
static struct vae_batch part_of(const struct trainer *t, struct vae_batch all, int i)
{
    int first = i * t->micro < all.B ? i * t->micro : all.B;
    int left = all.B - first;

    return (struct vae_batch){ .B = left < t->micro ? left : t->micro,
                               .u = all.u + (int64_t)first * t->model.vae.V,
                               .E = all.E + first,
                               .item = all.item + first,
                               .step = all.step,
                               .other = all.other != NULL
                                            ? all.other + (int64_t)first * t->model.others
                                            : NULL };
}

/* The weights of this step's place in the run; without a prior nothing pulls the posterior. */
static void set_weights(struct trainer *t)
{
    double now = (double)trainer_epoch(t) + (double)t->fit.index / (double)t->fit.steps;

    weights_at(&t->weights, now, t->loss.weight);
    if (trainer_phase(t)->mode != TRAIN_AE) return;
    t->loss.weight[LOSS_ENTROPY] = t->loss.weight[LOSS_LOGIT] = 0.0;
    t->loss.weight[LOSS_POSITIVE] = t->loss.weight[LOSS_NEGATIVE] = 0.0;
}

/* One part through the networks. */
static void forward_part(struct trainer *t, const struct vae_batch *b)
{
    struct vae *v = &t->model.vae;
    int straight = conf_flag(t->r->conf, "training.straight_through");

    if (trainer_phase(t)->mode == TRAIN_RBM)
        vae_encode(v, b, v->z, NULL);
    else
        vae_forward(v, b, straight ? LATENT_STRAIGHT : LATENT_RELAXED, trainer_beta(t),
                    trainer_slope(t));
}

/* Losses of the part, with gradients. */
static void losses_part(struct trainer *t, const struct vae_batch *b, double *term)
{
    enum train_mode mode = trainer_phase(t)->mode;

    if (mode == TRAIN_RBM) return;
    vae_losses(&t->model.vae, b, mode == TRAIN_AE ? NULL : &t->model.rbm, -t->prior.energy_chains,
               &t->loss, 1, term);
}

/* Bits and logits of the part, where a step has several. */
static void keep_part(struct trainer *t, const struct vae_batch *b)
{
    struct vae *v = &t->model.vae;
    int64_t first = b->item - t->feed.item;

    if (t->bits == NULL) return;
    memcpy(t->bits + first * v->L, v->z, (size_t)(b->B * v->L) * sizeof *v->z);
    memcpy(t->logit + first * v->F, v->logit, (size_t)(b->B * v->F) * sizeof *v->logit);
}

/* The bits of the whole share are the machine's data. */
static void give_data(struct trainer *t)
{
    struct vae *v = &t->model.vae;

    prior_data_floats(&t->prior, t->bits != NULL ? t->bits : v->z,
                      t->logit != NULL ? t->logit : v->logit, v->F, (int)t->feed.mine.count);
}

/* Does the machine move before the networks' backward pass? */
static int machine_first(const struct trainer *t)
{
    return trainer_phase(t)->mode == TRAIN_VAE && conf_choice(t->r->conf, "rbm.order") == 1;
}

/* Forward, then the machine's update. A step of several parts has to go forward again: batch norms
 * take note of the second time alone. */
static int move_machine(struct trainer *t, struct err *e)
{
    if (t->pieces > 1) vae_freeze(&t->model.vae, 1, 1);
    for (int i = 0; i < t->pieces; i++) {
        struct vae_batch b = part_of(t, batch_of(t), i);
        forward_part(t, &b);
        keep_part(t, &b);
    }
    if (t->pieces > 1) trainer_freeze(t);
    give_data(t);
    return prior_step(&t->prior, &t->reducer, e);
}

/* The batch callback of nn/fit: gradients of this rank's share. */
static int64_t batch(void *ctx, int64_t epoch, int64_t index, double *term, struct err *e)
{
    struct trainer *t = ctx;
    struct feed *f = &t->feed;

    if (feed_batch(f, epoch, index, e)) return -1;
    int n = (int)f->mine.count, first = machine_first(t);
    if (f->bits) {
        prior_data_bytes(&t->prior, f->state, n);
        return n;
    }
    set_weights(t);
    if (first && move_machine(t, e)) return -1;
    for (int i = 0; i < t->pieces; i++) {
        struct vae_batch b = part_of(t, batch_of(t), i);
        t->buckets.live = i + 1 == t->pieces;
        if (!first || t->pieces > 1) forward_part(t, &b);
        losses_part(t, &b, term);
        keep_part(t, &b);
    }
    if (trainer_phase(t)->mode != TRAIN_AE && !first) give_data(t);
    return n;
}

/* After the networks' update: the machine's unless it was first, and a line now and then. */
static int stepped(void *ctx, const struct fit_report *report, struct err *e)
{
    struct trainer *t = ctx;
    enum train_mode mode = trainer_phase(t)->mode;

    int noted = (t->step + 1) % conf_int(t->r->conf, "training.log_every") == 0;
    t->prior.pool.watch = mode == TRAIN_RBM && (noted || t->fit.index == t->fit.steps);
    if (mode != TRAIN_AE && !machine_first(t) && prior_step(&t->prior, &t->reducer, e)) return -1;
    if (t->prior.pool.watch) gauge_take(&t->gauge, &t->prior);
    t->step++;
    if (mode != TRAIN_RBM) {
        t->network_steps++;
        adversary_step(&t->adversary, t->r->P, report->showers);
        average_step(&t->average, t->model.vae.params);
    }
    t->showers += report->showers;
    t->seconds = clock_now() - t->progress.start;
    progress_step(&t->progress, t->step);
    if (!noted) return 0;
    course_take(&t->prior.course);
    return trainnote(t, trainer_mode_name[mode], report->term, report->rate, report->norm, e);
}

/* Mean terms over the validation events, with true bits; NAN when there are none. judged: the
 * rows are also for what costs more (cmd/validator.h). */
static int validate(struct trainer *t, double *term, int judged, struct err *e)
{
    double sum[LOSS_TERMS + 1] = { 0 };
    struct vae *v = &t->model.vae;
    int more, ae = trainer_phase(t)->mode == TRAIN_AE;

    judged = judged && (ae || t->validator.how == BEST_CHI2);
    for (int64_t i = 0; (more = feed_validation(&t->feed, i, e)) != 0; i++) {
        if (more < 0) return -1;
        for (int k = 0; k < t->pieces; k++) {
            struct vae_batch b = part_of(t, batch_of(t), k);
            vae_forward(v, &b, LATENT_BITS, 1.0, 0.0);
            vae_losses(v, &b, ae ? NULL : &t->model.rbm, -t->prior.energy_chains, &t->loss, 0, sum);
            if (judged) validator_rows(&t->validator, v, &b);
            sum[LOSS_TERMS] += b.B;
        }
    }
    par_sum(t->r->P, sum, LOSS_TERMS + 1);
    for (int i = 0; i < LOSS_TERMS; i++)
        term[i] = sum[LOSS_TERMS] > 0.0 ? sum[i] / sum[LOSS_TERMS] : NAN;
    return 0;
}

/* The networks, or their average, on the validation events. */
static int take_stock(struct trainer *t, double *term, struct err *e)
{
    struct vae *v = &t->model.vae;
    enum train_mode mode = trainer_phase(t)->mode;
    int due = validator_due(&t->validator, t->fit.epoch, t->fit.epochs);

    validator_clear(&t->validator);
    average_swap(&t->average, &v->params);
    int bad = mode != TRAIN_RBM && validate(t, term, due, e);
    if (!bad && due && (mode != TRAIN_RBM || t->validator.how == BEST_FPD))
        bad = validator_finish(&t->validator, v, mode == TRAIN_AE, e);
    average_swap(&t->average, &v->params);
    return bad;
}

/* What the best epoch is judged by, NAN when it was not; an epoch of the machine alone is better
 * than the one before unless showers are generated. */
static double criterion(const struct trainer *t, const double *term)
{
    enum train_mode mode = trainer_phase(t)->mode;
    double x = term[LOSS_AE] + term[LOSS_HIT], all = 0.0;

    if (t->validator.how == BEST_FPD) return t->validator.fpd;
    if (mode == TRAIN_RBM) return -(double)t->fit.epoch;
    for (int i = 0; i < LOSS_TERMS; i++) all += t->loss.weight[i] * term[i];
    if (t->validator.how == BEST_VALIDATION) return all;
    if (t->validator.how == BEST_CHI2) return term[LOSS_AE] + 10.0 * t->validator.chi2;
    return mode == TRAIN_VAE && t->validator.how == BEST_AHEP
               ? x + term[LOSS_ENTROPY] + term[LOSS_POSITIVE]
               : x;
}

/* After an epoch: judge it, write it down, keep it. */
static int ended(void *ctx, const struct fit_report *report, struct err *e)
{
    struct trainer *t = ctx;
    enum train_mode mode = trainer_phase(t)->mode;
    double term[LOSS_TERMS] = { 0 }, score;

    memcpy(t->term, report->term, sizeof t->term);
    course_take(&t->prior.course);
    if (trainnote(t, trainer_mode_name[mode], report->term, report->rate, report->norm, e))
        return -1;
    if (trainnote_logz(t, e) || take_stock(t, term, e)) return -1;
    int held = t->feed.validation.count > 0 && (mode != TRAIN_RBM || !isnan(t->validator.fpd));
    if (held && trainnote(t, "validation", term, 0.0, 0.0, e)) return -1;
    score = criterion(t, held ? term : t->term);
    t->validation = held ? score : NAN;
    int better = score < t->best;
    if (better) {
        t->best = score;
        t->best_epoch = trainer_epoch(t);
    }
    trainer_patience(t);
    if (metrics_sync(&t->metrics, e)) return -1;
    int64_t every = conf_int(t->r->conf, "training.checkpoint_every");
    int last = t->fit.epoch == t->fit.epochs;
    return better || last || t->fit.epoch % every == 0 ? trainfile_write(t, better, e) : 0;
}

static int stop(void *ctx)
{
    return run_stops(((struct trainer *)ctx)->r);
}

static int bad_layer(void *ctx)
{
    return vae_bad_layer(&((struct trainer *)ctx)->model.vae);
}

static void layer_name(void *ctx, int layer, char *text, size_t n)
{
    vae_layer_name(&((struct trainer *)ctx)->model.vae, layer, text, n);
}

/* Where the config says so, fit the last step of the transform. */
static int standardise(struct trainer *t, struct err *e)
{
    struct model *m = &t->model;
    struct standard *s = &m->standard;

    if (!conf_flag(t->r->conf, "data.standardise")) return 0;
    standard_init(s, m->geom.voxels);
    if (feed_standard(&t->feed, s, e)) return -1;
    m->transform.standard = s;
    if (s->never > 0)
        log_warn(&t->r->log,
                 "data.standardise: %d of %d voxels are never hit in the training events and keep "
                 "mean 0 and std 1",
                 s->never, s->V);
    return 0;
}

int trainloop_open(struct trainer *t, struct err *e)
{
    struct run *r = t->r;
    int found = trainfile_resume(t, e);
    if (found < 0) return -1;
    if (found == 1) trainer_patience(t);
    if (found == 0) {
        prior_start(&t->prior, conf_choice(r->conf, "rbm.bias_start") == 1 &&
                                   conf_text(r->conf, "rbm.file")[0] == '\0');
        const char *start = conf_text(r->conf, "model.file");
        if (t->model.networks && start[0] != '\0') {
            if (modelfile_start(&t->model, r->P, start, e)) return -1;
            log_say(&r->log, "the networks start from those of %s", start);
        } else if (t->model.networks) {
            struct vae_data means;
            if (standardise(t, e)) return -1;
            float *block = feed_means(&t->feed, &means, e);
            if (block == NULL) return -1;
            vae_start(&t->model.vae, &means);
            mem_free(block);
            average_start(&t->average, t->model.vae.params);
        }
    }
    return metrics_open(&t->metrics, r->P, r->dir, found ? t->step : -1, &r->log, e);
}

int trainloop_run(struct trainer *t, struct err *e)
{
    int64_t all = 0;

    for (int i = 0; i < t->phases; i++) all += t->phase[i].epochs * feed_steps(&t->feed);
    progress_start(&t->progress, &t->r->log, "train", "steps", t->step, all);
    for (;;) {
        t->fit.ctx = t;
        t->fit.batch = batch;
        t->fit.stepped = stepped;
        t->fit.ended = ended;
        t->fit.stop = stop;
        t->fit.places = t->fit.optim != NULL ? vae_layers(&t->model.vae) : 0;
        t->fit.bad_place = bad_layer;
        t->fit.place_name = layer_name;
        int status = fit_run(&t->fit, e);
        if (status < 0) return -1;
        if (status > 0) {
            progress_end(&t->progress);
            if (metrics_sync(&t->metrics, e) || trainfile_write(t, 0, e)) return -1;
            return RUN_STOPPED;
        }
        if (t->at + 1 == t->phases) break;
        t->at++;
        int best = trainer_phase(t)->from_best;
        if (best && trainfile_best(t, e)) return -1;
        if (best || trainer_phase(t)->mode == TRAIN_RBM) trainer_take_average(t);
        trainer_begin(t);
    }
    progress_end(&t->progress);
    return RUN_DONE;
}
