#include "base/file.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/modelfile.h"
#include "cmd/rbmfile.h"
#include "cmd/rbmsfile.h"

#include <stdio.h>

enum { LAYOUT_CALOQ, LAYOUT_RBMS, LAYOUT_EDGES }; /* choices of convert.layout */
enum { LINE = 64 };

/* "i j weight" a line; nine digits give every float back. Rank 0 writes. */
static int write_edges(const struct run *r, const struct rbm *m, const char *path, struct err *e)
{
    const struct topology *T = &m->T;

    if (r->P->rank == 0) {
        char *text = mem_take((T->M + T->K + 2) * LINE, 1);
        int64_t n = snprintf(text, LINE, "# %d units, partitions", T->N);
        for (int k = 0; k < T->K; k++) n += snprintf(text + n, LINE, " %d", T->size[k]);
        n += snprintf(text + n, LINE, "\n# unit unit coupling\n");
        for (int64_t k = 0; k < T->M; k++)
            n += snprintf(text + n, LINE, "%d %d %.9g\n", T->edge[k][0], T->edge[k][1],
                          (double)m->weight[k]);
        file_replace(path, text, n, e);
        mem_free(text);
    }
    return par_agree(r->P, e);
}

static int write_h5(const struct run *r, const struct rbm *m, const char *path, int layout,
                    struct err *e)
{
    struct h5 f;

    if (h5_create(&f, r->P, path, 0, e)) return -1;
    int bad = (layout == LAYOUT_RBMS ? rbmsfile_write(&f, m, e) : rbmfile_write(&f, "/", m, e)) ||
              h5_commit(&f, e);
    h5_close(&f);
    return bad ? -1 : 0;
}

int cmd_convert(struct run *r, struct err *e)
{
    const char *path = conf_text(r->conf, "convert.output");
    int layout = conf_choice(r->conf, "convert.layout");
    struct model m;

    if (run_output(r, path, e) ||
        modelfile_load(&m, r->P, conf_text(r->conf, "convert.model"), 1, e))
        return -1;
    int bad = layout == LAYOUT_EDGES ? write_edges(r, &m.rbm, path, e)
                                     : write_h5(r, &m.rbm, path, layout, e);
    if (!bad) {
        json_put_text(r->result, "command", "convert");
        json_put_text(r->result, "layout", conf_text(r->conf, "convert.layout"));
        json_put_int(r->result, "units", m.rbm.T.N);
        json_put_int(r->result, "couplings", m.rbm.T.M);
        json_put_text(r->result, "path", path);
        log_say(&r->log, "%s: %d units, %lld couplings", path, m.rbm.T.N, (long long)m.rbm.T.M);
    }
    model_free(&m);
    return bad ? -1 : RUN_DONE;
}
