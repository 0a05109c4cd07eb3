#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/sampling.h"
#include "cmd/zcourse.h"
#include "cmd/zfile.h"
#include "cmd/zreport.h"
#include "cmd/zstate.h"
#include "cmd/ztable.h"
#include "cmd/zwalk.h"

/* Where the log-weights go; the caller frees. */
static char *output_path(const struct run *r)
{
    const char *output = conf_text(r->conf, "logz.output");

    return output[0] != '\0' ? mem_text(output) : run_named(r, "h5");
}

/* Everything of an estimate by chains; owned. */
struct estimate {
    struct sampler sampler; /* of the target's machine */
    struct zsubject subject;
    struct zplan plan;
    struct zpath path;
    struct zweights weights;
    struct zquality quality;
    struct ztable table; /* of logz.table, or { 0 } */
};

/* Paths that are weighed point by point end at the machine, whatever sampled them; the others are
 * estimates of what is sampled. */
static int choose_sampler(struct ztarget *t, struct estimate *x, const struct kern *k,
                          struct err *e)
{
    const struct run *r = t->r;
    enum zmethod method = (enum zmethod)conf_choice(r->conf, "logz.method");

    if (sampling_init(&x->sampler, r, &t->model.rbm, k, e)) return -1;
    if (sampler_is_image(&t->model.rbm) && method > ZMETHOD_BAR)
        return err_set(e, "logz.method is %s and rbm.precision int16, expected float32",
                       conf_text(r->conf, "logz.method"));
    return 0;
}

static int sample(struct ztarget *t, struct estimate *x, const char *name, struct err *e)
{
    struct run *r = t->r;
    const struct kern *k = kern_named(conf_text(r->conf, "run.kernels"), e);

    if (k == NULL || run_output(r, name, e) || choose_sampler(t, x, k, e)) return -1;
    x->subject = ztarget_subject(t, k);
    if (zplan_of(&x->plan, r->conf, &t->model.rbm, e) ||
        zpath_init(&x->path, &x->subject, &x->plan, e))
        return -1;
    zweights_init(&x->weights, t->Q, &x->plan, x->path.K);
    int table = conf_flag(r->conf, "logz.table");
    int status = table ? ztable_init(&x->table, t, &x->subject, &x->plan, e) : RUN_DONE;
    if (status != RUN_DONE) return status;
    status = conf_count(r->conf, "logz.merge") > 0
                 ? zwalk_merge(&x->weights, &x->subject, &x->plan, &x->path, e)
                 : zwalk_run(&x->weights, t, &x->subject, &x->plan, &x->path, e);
    if (status != RUN_DONE) return status;
    zquality_init(&x->quality, &x->plan, &x->weights, r->seed);
    if (zfile_write(&x->subject, &x->plan, &x->path, &x->weights, &x->quality, t->energy, name, e))
        return -1;
    zstate_remove(&x->subject);
    json_put_text(r->result, "path", name);
    struct logweights_mean mean = zreport_runs(t, &x->plan, &x->path, &x->weights, &x->quality);
    if (table && ztable_report(&x->table, t, &x->subject, &x->plan, &mean, e)) return -1;
    return RUN_DONE;
}

/* run.resume: must: some file that a stop leaves, of the oracle, the chains or the random machine,
 * each of which goes on from its own and lets the others begin. Collective. */
static int must_resume(const struct run *r, struct err *e)
{
    static const char *const left[] = { "exact.h5", "state.h5", "random.state.h5", "random.h5" };
    int n = conf_flag(r->conf, "logz.table") ? 4 : 2, there = 0;

    if (conf_choice(r->conf, "run.resume") != RESUME_MUST) return 0;
    for (int i = 0; i < n && r->P->rank == 0; i++) {
        char *path = run_named(r, left[i]);
        there |= file_exists(path);
        mem_free(path);
    }
    par_bcast(r->P, &there, sizeof there, 0);
    if (there) return 0;
    return err_set(e, "%s: holds no state of this run, and run.resume is must", r->dir);
}

static int act(struct run *r, struct ztarget *t, struct estimate *x, struct err *e)
{
    enum zmethod method = (enum zmethod)conf_choice(r->conf, "logz.method");

    if (must_resume(r, e)) return -1;
    int status = ztarget_init(t, r, method == ZMETHOD_EXACT, e);
    if (status != RUN_DONE) return status;
    json_put_text(r->result, "command", "logz");
    json_put_text(r->result, "target", t->joint ? "joint" : "conditional");
    json_put_text(r->result, "method", conf_text(r->conf, "logz.method"));
    if (method == ZMETHOD_EXACT) {
        zreport_exact(t);
        return RUN_DONE;
    }
    if (method == ZMETHOD_TRAJECTORY) return zcourse_report(t, e) ? -1 : RUN_DONE;
    char *name = output_path(r);
    status = sample(t, x, name, e);
    mem_free(name);
    return status;
}

int cmd_logz(struct run *r, struct err *e)
{
    struct ztarget t = { 0 };
    struct estimate x = { 0 };
    double start = clock_now();
    int status = act(r, &t, &x, e);

    json_put_real(r->result, "seconds", clock_now() - start);
    ztable_free(&x.table);
    zquality_free(&x.quality);
    zweights_free(&x.weights);
    zpath_free(&x.path);
    sampler_free(&x.sampler, &t.model.rbm);
    ztarget_free(&t);
    return status;
}
