#include "cmd/trainfile.h"

#include "base/file.h"
#include "base/mem.h"
#include "cmd/keys.h"
#include "cmd/modelfile.h"
#include "cmd/priorfile.h"
#include "io/ckpt.h"

#include <math.h>
#include <string.h>

/* A resumed run must not change these. */
static const char shaping[] =
    "run.seed data.kind data.dataset data.binarise data.transform data.log1p data.standardise "
    "data.threshold "
    "model.energy_code model.critic model.condition model.condition_ranges rbm.topology "
    "rbm.chip rbm.dead rbm.partitions rbm.nodes rbm.clamped rbm.clamped_units rbm.chains "
    "rbm.method rbm.tempering rbm.trajectory "
    "rbm.chain_condition rbm.precision "
    "rbm.optimiser training.optimiser training.best training.batch";

char *trainfile_path(const struct trainer *t)
{
    return ckpt_name(t->r->dir, trainer_epoch(t));
}

/* The optimiser's state in the order of the flat buffer, of all ranks: their blocks, and zeros for
 * what is in no block (fixed tensors). */
static int write_state(struct h5 *f, const struct trainer *t, struct err *e)
{
    const char *name = "optimizer/networks/state";
    const struct optim *p = &t->optim;
    struct h5_shape s = { 1, { p->state_n }, H5_FLOAT };

    if (t->reducer.sharing == NULL) return h5_write_all(f, name, &s, p->state, "1", "moments", e);
    int bad = h5_define(f, name, &s, 0, 0, "1", "moments", e);
    for (int64_t m = 0; m < p->state_n && !bad; m += p->n) {
        const float *x = p->state + m / p->n * p->held;
        int64_t end = p->n; /* blocks run from the buffer's end to its begin */
        for (int k = 0; k <= p->owns && !bad; k++) {
            const struct block *place = k < p->owns ? &t->buckets.place[k] : NULL;
            int64_t from = place != NULL ? block_end(*place) : 0, gap = end - from;
            if (gap > 0) {
                float *zero = mem_take(t->r->P->rank == 0 ? gap : 0, sizeof *zero);
                bad = h5_write_rows(f, name, H5_FLOAT,
                                    (struct block){ m + from, t->r->P->rank == 0 ? gap : 0 }, zero,
                                    e);
                mem_free(zero);
            }
            if (place == NULL || bad) continue;
            struct block mine = { m + p->own[k].first, t->r->P->node == 0 ? p->own[k].count : 0 };
            bad = h5_write_rows(f, name, H5_FLOAT, mine, x, e);
            x += optim_room(p->own[k]);
            end = place->first;
        }
    }
    return bad;
}

static int read_state(const struct h5 *f, struct trainer *t, struct err *e)
{
    const char *name = "optimizer/networks/state";
    struct optim *p = &t->optim;
    int bad = 0;

    if (t->reducer.sharing == NULL) return h5_read_all(f, name, H5_FLOAT, p->state, e);
    for (int64_t m = 0; m < p->state_n && !bad; m += p->n) {
        float *x = p->state + m / p->n * p->held;
        for (int k = 0; k < p->owns && !bad; k++) {
            bad = h5_read_rows(f, name, H5_FLOAT,
                               (struct block){ m + p->own[k].first, p->own[k].count }, x, e);
            x += optim_room(p->own[k]);
        }
    }
    return bad;
}

static int write_networks(struct h5 *f, const struct trainer *t, struct err *e)
{
    if (!t->model.networks || t->phase[t->at].mode == TRAIN_RBM) return 0;
    if (t->optim.state_n > 0 && write_state(f, t, e)) return -1;
    return h5_write_text(f, "optimizer/networks/names", "flat buffer, in the order of /model",
                         "what state holds", e) ||
                   h5_put_int(f, "optimizer/networks", "step", t->optim.step, e)
               ? -1
               : 0;
}

/* What the reads have told of the temperature, and have cost. */
static int write_annealer(struct h5 *f, const struct trainer *t, struct err *e)
{
    const struct errand_book *b = &t->courier.x.book;

    if (t->prior.method != METHOD_ANNEALER) return 0;
    return h5_put_real(f, "progress", "anneal_scale", b->at.scale, e) ||
                   h5_put_real(f, "progress", "anneal_beta", b->at.beta, e) ||
                   h5_put_real(f, "progress", "anneal_beta_error", b->at.error, e) ||
                   h5_put_real(f, "progress", "anneal_access", b->access, e)
               ? -1
               : 0;
}

static int read_annealer(const struct h5 *f, struct trainer *t, struct err *e)
{
    struct errand_book *b = &t->courier.x.book;

    if (t->prior.method != METHOD_ANNEALER) return 0;
    return h5_get_real(f, "progress", "anneal_scale", &b->at.scale, e) ||
                   h5_get_real(f, "progress", "anneal_beta", &b->at.beta, e) ||
                   h5_get_real(f, "progress", "anneal_beta_error", &b->at.error, e) ||
                   h5_get_real(f, "progress", "anneal_access", &b->access, e)
               ? -1
               : 0;
}

static int write_progress(struct h5 *f, const struct trainer *t, struct err *e)
{
    struct h5_shape s = { 1, { FIT_TERMS + 1 }, H5_DOUBLE },
                    terms = { 1, { LOSS_TERMS }, H5_DOUBLE };

    return h5_write_all(f, "progress/sums", &s, t->fit.sum, "1", "terms of the epoch at hand", e) ||
                   h5_write_all(f, "progress/terms", &terms, t->term, "1", "of the last epoch",
                                e) ||
                   h5_put_real(f, "progress", "validation", t->validation, e) ||
                   h5_put_real(f, "progress", "energy_data", t->prior.energy_data, e) ||
                   h5_put_int(f, "progress", "phase", t->at, e) ||
                   h5_put_int(f, "progress", "epoch", t->fit.epoch, e) ||
                   h5_put_int(f, "progress", "index", t->fit.index, e) ||
                   h5_put_int(f, "progress", "step", t->step, e) ||
                   h5_put_int(f, "progress", "network_steps", t->network_steps, e) ||
                   h5_put_int(f, "progress", "best_epoch", t->best_epoch, e) ||
                   h5_put_real(f, "progress", "best", t->best, e) ||
                   h5_put_real(f, "progress", "energy_chains", t->prior.energy_chains, e) ||
                   write_annealer(f, t, e)
               ? -1
               : 0;
}

int trainfile_write(const struct trainer *t, int is_best, struct err *e)
{
    const struct par *P = t->r->P;
    char *path = trainfile_path(t), *config = conf_dump(t->r->conf);
    struct h5 f = { 0 };
    int bad = ckpt_create(&f, P, path, e) || modelfile_write(&f, &t->model, e) ||
              modelfile_write_average(&f, &t->model, &t->average, e) ||
              h5_write_text(&f, "config", config, "every key as used, YAML", e) ||
              priorfile_write(&f, &t->prior, e) || write_networks(&f, t, e) ||
              adversary_write(&t->adversary, &f, e) || write_progress(&f, t, e) ||
              ckpt_commit(&f, e);

    h5_close(&f);
    mem_free(config);
    mem_free(path);
    if (bad || (is_best && ckpt_best(P, t->r->dir, trainer_epoch(t), e))) return -1;
    return ckpt_prune(P, t->r->dir, (int)conf_int(t->r->conf, "run.keep"), e);
}

/* Where two texts part: the sentence names the line and what either says. */
static int texts_differ(const char *key, const char *path, const char *then, const char *now,
                        const struct h5 *f, struct err *e)
{
    int line = 1;

    for (;; line++) {
        size_t a = strcspn(then, "\n"), b = strcspn(now, "\n");
        if (a != b || memcmp(then, now, a) != 0 || then[a] == '\0' || now[b] == '\0')
            return err_set(e,
                           "%s:%d: %s is not the one in %s, which has '%.*s' there, not '%.*s'; "
                           "take another run.dir",
                           path, line, key, f->path, a < 60 ? (int)a : 60, then,
                           b < 60 ? (int)b : 60, now);
        then += a + 1;
        now += b + 1;
    }
}

/* Do config and architecture still say what the checkpoint was made with? */
static int same_shape(const struct h5 *f, const struct trainer *t, struct err *e)
{
    char *text = NULL, *architecture = NULL, *geometry = NULL;
    int n;
    const struct conf_key *keys = keys_table(&n);
    struct conf *then = conf_new(keys, n);
    int bad = h5_read_text(f, "config", &text, e) || conf_read(then, text, f->path, e);
    const char *key = bad ? NULL : conf_differs(then, t->r->conf, shaping);

    if (key != NULL)
        bad = err_set(e,
                      "%s: %s differs from the checkpoint's; take another run.dir, or "
                      "run.resume: never to begin anew",
                      conf_origin(t->r->conf, key), key);
    if (!bad && t->model.networks) {
        bad = h5_read_text(f, "architecture", &architecture, e) ||
              h5_read_text(f, "geometry", &geometry, e);
        if (!bad && strcmp(architecture, t->model.architecture) != 0)
            bad = texts_differ("model.architecture", conf_text(t->r->conf, "model.architecture"),
                               architecture, t->model.architecture, f, e);
        if (!bad && strcmp(geometry, t->model.geometry) != 0)
            bad = texts_differ("data.geometry", conf_text(t->r->conf, "data.geometry"), geometry,
                               t->model.geometry, f, e);
    }
    mem_free(text);
    mem_free(geometry);
    mem_free(architecture);
    conf_free(then);
    return bad ? -1 : 0;
}

static int read_networks(const struct h5 *f, struct trainer *t, struct err *e)
{
    struct h5_shape s;

    if (!t->model.networks || t->phase[t->at].mode == TRAIN_RBM) return 0;
    if (h5_get_int(f, "optimizer/networks", "step", &t->optim.step, e)) return -1;
    if (t->optim.state_n == 0) return 0;
    if (h5_shape(f, "optimizer/networks/state", &s, e)) return -1;
    if (s.n[0] != t->optim.state_n)
        return err_set(e, "%s: the optimiser's state has %lld numbers, expected %lld", f->path,
                       (long long)s.n[0], (long long)t->optim.state_n);
    return read_state(f, t, e);
}

/* Where the run stood; begins the phase. */
static int read_progress(const struct h5 *f, struct trainer *t, struct err *e)
{
    int64_t at;

    if (h5_get_int(f, "progress", "phase", &at, e)) return -1;
    if (at < 0 || at >= t->phases)
        return err_set(e, "%s: stopped in phase %lld, training.phases lists %d", f->path,
                       (long long)at, t->phases);
    t->at = (int)at;
    if (h5_get_int(f, "progress", "step", &t->step, e) ||
        h5_get_int(f, "progress", "network_steps", &t->network_steps, e))
        return -1;
    trainer_begin(t);
    if (h5_get_int(f, "progress", "epoch", &t->fit.epoch, e) ||
        h5_get_int(f, "progress", "index", &t->fit.index, e) ||
        h5_get_int(f, "progress", "best_epoch", &t->best_epoch, e) ||
        h5_get_real(f, "progress", "best", &t->best, e) ||
        h5_get_real(f, "progress", "validation", &t->validation, e) ||
        h5_get_real(f, "progress", "energy_data", &t->prior.energy_data, e) ||
        h5_get_real(f, "progress", "energy_chains", &t->prior.energy_chains, e) ||
        read_annealer(f, t, e) || h5_read_all(f, "progress/terms", H5_DOUBLE, t->term, e) ||
        h5_read_all(f, "progress/sums", H5_DOUBLE, t->fit.sum, e))
        return -1;
    if (t->fit.index >= 0 && t->fit.index < t->fit.steps) return 0;
    return err_set(e,
                   "%s: stopped after %lld steps of an epoch, which has %lld with these data; "
                   "expected the data it was trained on",
                   f->path, (long long)t->fit.index, (long long)t->fit.steps);
}

/* An average begins where the checkpoint was made without one. */
static int read_average(const struct h5 *f, struct trainer *t, struct err *e)
{
    int found = modelfile_read_average(f, &t->model, &t->average, e);

    if (found > 0) average_start(&t->average, t->model.vae.params);
    return found < 0 ? -1 : 0;
}

int trainfile_resume(struct trainer *t, struct err *e)
{
    struct run *r = t->r;
    int how = conf_choice(r->conf, "run.resume");
    struct h5 f = { 0 };
    int64_t epoch;

    if (how == RESUME_NEVER) /* older checkpoints would be taken for newer ones */
        return ckpt_forget(r->P, r->dir, e);
    int found = ckpt_open_newest(&f, r->P, r->dir, &epoch, &r->log, e);
    if (found < 0) return -1;
    if (found == 1 && how == RESUME_MUST)
        return err_set(e, "%s: holds no checkpoint, and run.resume is must", r->dir);
    if (found == 1) return 0;
    int bad = same_shape(&f, t, e) || modelfile_read(&f, &t->model, e) || read_average(&f, t, e) ||
              read_progress(&f, t, e) || priorfile_read(&f, &t->prior, e) ||
              read_networks(&f, t, e) || adversary_read(&t->adversary, &f, e);
    if (!bad) log_say(&r->log, "going on from %s, step %lld", f.path, (long long)t->step);
    h5_close(&f);
    return bad ? -1 : 1;
}

int trainfile_best(struct trainer *t, struct err *e)
{
    char *path = run_path(t->r, "best.h5");
    struct h5 f = { 0 };
    int bad = ckpt_open(&f, t->r->P, path, e) || modelfile_read(&f, &t->model, e) ||
              read_average(&f, t, e);

    h5_close(&f);
    mem_free(path);
    return bad ? -1 : 0;
}
