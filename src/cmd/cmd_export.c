#include "cmd/commands.h"
#include "cmd/modelfile.h"
#include "cmd/statefile.h"

int cmd_export(struct run *r, struct err *e)
{
    const char *path = conf_text(r->conf, "export.output");
    enum modelfile_weights which = (enum modelfile_weights)conf_choice(r->conf, "export.weights");
    struct model m;
    struct h5 f = { 0 };

    if (run_output(r, path, e) ||
        modelfile_load(&m, r->P, conf_text(r->conf, "export.model"), 0, which, e))
        return -1;
    if (m.transform.standard != NULL)
        log_warn(&r->log, "%s: the means and deviations of data.standardise are not in the file",
                 path);
    int bad = h5_create(&f, r->P, path, 0, e) || statefile_write(&f, &m, e) || h5_commit(&f, e);
    h5_close(&f);
    if (!bad) {
        int named = 0;
        for (int i = 0; i < m.vae.T.n; i++) named += m.vae.T.t[i].published[0] != '\0';
        json_put_text(r->result, "command", "export");
        json_put_int(r->result, "tensors", m.vae.T.n);
        json_put_int(r->result, "named", named);
        json_put_int(r->result, "parameters", m.vae.T.parameters);
        json_put_int(r->result, "couplings", m.rbm.T.M);
        json_put_text(r->result, "path", path);
        log_say(&r->log, "%s: %d tensors, %d of them by the architecture's names", path, m.vae.T.n,
                named);
    }
    model_free(&m);
    return bad ? -1 : RUN_DONE;
}
