#include "base/mem.h"
#include "cmd/clamp.h"
#include "cmd/commands.h"
#include "cmd/modelfile.h"
#include "cmd/statefile.h"
#include "cmd/stateprior.h"
#include "io/ckpt.h"

/* The machine of the file, clamped as rbm.clamped says; then the networks of the config. */
static int read_model(struct model *m, const struct run *r, const struct h5 *f, struct err *e)
{
    if (conf_flag(r->conf, "data.standardise"))
        return err_set(e, "%s: data.standardise is true, but %s holds no means and deviations",
                       conf_origin(r->conf, "data.standardise"), f->path);
    if (stateprior_read(f, &m->rbm, e)) return -1;
    uint8_t *which = mem_take(m->rbm.T.N, 1);
    int bad = clamp_asked(which, &m->rbm.T, r->conf, e);
    if (!bad) rbm_hold(&m->rbm, which);
    if (!bad) rbm_prepare(&m->rbm);
    mem_free(which);
    return bad || model_add_networks(m, r, 0, e) || statefile_networks(f, &m->vae, e) ? -1 : 0;
}

int cmd_import(struct run *r, struct err *e)
{
    const char *from = conf_text(r->conf, "import.state"),
               *path = conf_text(r->conf, "import.output");
    char *config = conf_dump(r->conf);
    struct model m = { .transform = { 0 } };
    struct h5 f = { 0 };
    int bad = run_output(r, path, e) || h5_open(&f, r->P, from, e) || read_model(&m, r, &f, e);

    h5_close(&f);
    bad = bad || ckpt_create(&f, r->P, path, e) || modelfile_write(&f, &m, e) ||
          h5_write_text(&f, "config", config, "every key as used, YAML", e) || ckpt_commit(&f, e);
    h5_close(&f);
    mem_free(config);
    if (!bad) {
        json_put_text(r->result, "command", "import");
        json_put_int(r->result, "parameters", m.vae.T.parameters);
        json_put_int(r->result, "couplings", m.rbm.T.M);
        json_put_text(r->result, "path", path);
        log_say(&r->log, "%s: %lld parameters, a machine of %d units and %lld couplings", path,
                (long long)m.vae.T.parameters, m.rbm.T.N, (long long)m.rbm.T.M);
    }
    model_free(&m);
    return bad ? -1 : RUN_DONE;
}
