#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/describe.h"
#include "cmd/trainer.h"
#include "cmd/trainfile.h"
#include "cmd/trainloop.h"

#include <math.h>

static void report(struct trainer *t, int status)
{
    struct json *j = t->r->result;
    enum train_mode last = t->phase[t->at].mode;
    char *path = trainfile_path(t);

    json_put_text(j, "command", "train");
    json_put_text(j, "mode", trainer_mode_name[last]);
    json_put_int(j, "epoch", trainer_epoch(t));
    json_put_int(j, "step", t->step);
    for (int i = 0; i < LOSS_TERMS && last != TRAIN_RBM; i++)
        if (i < LOSS_LOGIT || weights_any(&t->weights, i))
            json_put_real(j, loss_name(i), t->term[i]);
    if (last != TRAIN_RBM) json_put_real(j, "validation", t->validation);
    if (last != TRAIN_AE) {
        json_put_real(j, "energy_data", t->prior.energy_data);
        json_put_real(j, "energy_chains", t->prior.energy_chains);
    }
    if (last != TRAIN_AE && t->prior.method == METHOD_ANNEALER) courier_account(&t->courier, j);
    json_put_int(j, "best_epoch", t->best_epoch);
    json_put_int(j, "parameters", t->model.vae.T.parameters + t->model.rbm.T.N + t->model.rbm.T.M);
    json_put_real(j, "showers_per_second",
                  t->seconds > 0.0 ? (double)t->showers / t->seconds : NAN);
    json_put_text(j, "checkpoint", path);
    if (status == RUN_STOPPED)
        log_say(&t->r->log, "stopped at step %lld, checkpoint %s; run it again to go on",
                (long long)t->step, path);
    mem_free(path);
}

/* Those who train. */
static int train(struct run *r, struct err *e)
{
    struct trainer t;
    int64_t peak = describe_peak(), taken = mem_bytes();
    struct footprint predicted = { 0, 0 };
    int status = trainer_init(&t, r, e);

    if (status == 0) {
        if (t.model.networks) describe_networks(r, &t.model);
        predicted = describe_prediction(r, peak, taken, &t.sums);
        status = trainloop_open(&t, e) ? -1 : trainloop_run(&t, e);
    }
    if (status >= 0) {
        report(&t, status);
        describe_memory(r, predicted);
    }
    courier_end(r, &t.courier, status == RUN_DONE);
    trainer_free(&t);
    return status;
}

/* A rank that only asks an annealer for reads is none of those who train. */
int cmd_train(struct run *r, struct err *e)
{
    const struct par *all = r->P;
    struct par part;
    int status = 0, driver = all->rank == all->size - 1;

    if (!courier_apart(r)) return train(r, e);
    par_split(&part, all, driver);
    r->P = &part;
    if (driver)
        courier_serve(r);
    else
        status = train(r, e);
    r->P = all;
    par_free(&part);
    if (par_agree(all, e)) return -1;
    par_bcast(all, &status, sizeof status, 0);
    return status;
}
