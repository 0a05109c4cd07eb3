#include "base/clock.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/zreport.h"
#include "cmd/zstate.h"
#include "io/progress.h"

enum { STEPS_AT_ONCE = 8 };

/* All steps of both directions, or a stop with the state on disk. */
static int walk(struct zrun *z, int up, int down, struct err *e)
{
    int64_t all = (int64_t)(up + down) * z->K;
    struct progress progress;

    zrun_begin(z, up, down);
    if (zstate_read(z, e) < 0) return -1;
    progress_start(&progress, &z->r->log, "logz", "steps", all - zrun_left(z), all);
    while (zrun_left(z) > 0) { /* some steps first: however short its turns, a run ends */
        zrun_advance(z, STEPS_AT_ONCE);
        progress_step(&progress, all - zrun_left(z));
        if (zrun_left(z) > 0 && run_stops(z->r)) return zstate_write(z, e) ? -1 : RUN_STOPPED;
    }
    progress_end(&progress);
    zrun_end(z);
    return RUN_DONE;
}

/* Where the log-weights go; the caller frees. */
static char *output_path(const struct run *r)
{
    const char *output = conf_text(r->conf, "logz.output"), *name = conf_text(r->conf, "run.name");

    if (output[0] != '\0') return mem_text(output);
    char *file = mem_print("%s.h5", name[0] != '\0' ? name : "logz"), *path = run_path(r, file);
    mem_free(file);
    return path;
}

static int sample(struct ztarget *t, struct zrun *z, enum zmethod method, const char *path,
                  struct err *e)
{
    struct run *r = t->r;
    const struct kern *k = kern_named(conf_text(r->conf, "run.kernels"), e);

    if (k == NULL || run_output(r, path, e)) return -1;
    zrun_init(z, r, &t->model.rbm, k, t->Q, t->u, t->mean);
    int status = walk(z, method != ZMETHOD_RAIS, method != ZMETHOD_AIS, e);
    if (status != RUN_DONE) return status;
    if (zrun_write(z, path, t->energy, e)) return -1;
    zstate_remove(z);
    json_put_text(r->result, "path", path);
    zreport_runs(t, z, method == ZMETHOD_BAR);
    return RUN_DONE;
}

static int act(struct run *r, struct ztarget *t, struct zrun *z, struct err *e)
{
    enum zmethod method = (enum zmethod)conf_choice(r->conf, "logz.method");

    int status = ztarget_init(t, r, method == ZMETHOD_EXACT, e);

    if (status != RUN_DONE) return status;
    json_put_text(r->result, "command", "logz");
    json_put_text(r->result, "target", t->joint ? "joint" : "conditional");
    json_put_text(r->result, "method", conf_text(r->conf, "logz.method"));
    if (method == ZMETHOD_EXACT) {
        zreport_exact(t);
        return RUN_DONE;
    }
    char *path = output_path(r);
    status = sample(t, z, method, path, e);
    mem_free(path);
    return status;
}

int cmd_logz(struct run *r, struct err *e)
{
    struct ztarget t = { 0 };
    struct zrun z = { 0 };
    double start = clock_now();
    int status = act(r, &t, &z, e);

    json_put_real(r->result, "seconds", clock_now() - start);
    zrun_free(&z);
    ztarget_free(&t);
    return status;
}
