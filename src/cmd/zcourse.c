#include "cmd/zcourse.h"

#include "cmd/zreport.h"
#include "io/ckpt.h"

#include <stdio.h>

struct figures {
    double logz, error, ess;
    int64_t chains, step, conditional;
};

static int read(struct figures *x, const struct h5 *f, struct err *e)
{
    if (!h5_has(f, "trajectory"))
        return err_set(e,
                       "%s: training followed no ln Z there, expected a checkpoint of a run with "
                       "rbm.trajectory",
                       f->path);
    return h5_get_real(f, "trajectory", "logz", &x->logz, e) ||
           h5_get_real(f, "trajectory", "error", &x->error, e) ||
           h5_get_real(f, "trajectory", "ess", &x->ess, e) ||
           h5_get_int(f, "trajectory", "chains", &x->chains, e) ||
           h5_get_int(f, "trajectory", "step", &x->step, e) ||
           h5_get_int(f, "trajectory", "conditional", &x->conditional, e);
}

int zcourse_report(const struct ztarget *t, struct err *e)
{
    struct json *j = t->r->result;
    struct h5 f = { 0 };
    struct figures x;
    char verdict[80];
    int bad = ckpt_open_any(&f, t->r->P, t->model.path, e) || read(&x, &f, e);

    h5_close(&f);
    if (!bad && x.conditional && t->joint)
        bad = err_set(e,
                      "logz.clamp: none: training followed the mean ln Z(u) of %s, expected "
                      "logz.clamp: auto",
                      t->model.path);
    if (bad) return -1;
    snprintf(verdict, sizeof verdict, "one direction only, no bracket (ESS %.0f of %lld)", x.ess,
             (long long)x.chains);
    json_put_real(j, "logz", x.logz);
    json_put_real(j, "error", x.error);
    json_put_real(j, "ess", x.ess);
    json_put_int(j, "chains", x.chains);
    json_put_int(j, "betas", x.step);
    json_put_text(j, "verdict", verdict);
    json_put_text(j, "note",
                  "the path is the training itself: betas are its updates; with clamped "
                  "units the mean over the events that its tiles drew");
    zreport_likelihood(t, x.logz, x.error);
    log_say(&t->r->log, "ln Z = %.4f +- %.4f, %s", x.logz, x.error, verdict);
    return 0;
}
