#include "base/file.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/edgefile.h"
#include "cmd/modelfile.h"
#include "cmd/rbmfile.h"
#include "cmd/rbmsfile.h"

#include <string.h>

enum { LAYOUT_CALOQ, LAYOUT_RBMS, LAYOUT_EDGES }; /* choices of convert.layout */

/* Rank 0 writes. */
static int write_edges(const struct run *r, const struct rbm *m, const char *path, struct err *e)
{
    if (r->P->rank == 0) {
        char *text = edgefile_text(m);
        file_replace(path, text, (int64_t)strlen(text), e);
        mem_free(text);
    }
    return par_agree(r->P, e);
}

/* An edge list without a line of its partitions takes those of convert.nodes. */
static int load_edges(struct model *m, const struct run *r, const char *path, struct err *e)
{
    int K = conf_count(r->conf, "convert.nodes"), size[TOPOLOGY_PARTITIONS];

    if (K > TOPOLOGY_PARTITIONS)
        return err_set(e, "convert.nodes lists %d partitions, expected at most %d", K,
                       TOPOLOGY_PARTITIONS);
    for (int k = 0; k < K; k++) size[k] = (int)conf_int_at(r->conf, "convert.nodes", k);
    char *text = run_text(r->P, path, e);
    if (text == NULL) return -1;
    *m = (struct model){ 0 };
    int bad = edgefile_read(&m->rbm, K, K > 0 ? size : NULL, text, path, e);
    mem_free(text);
    return bad;
}

static int write_h5(const struct run *r, const struct model *m, const char *path, int layout,
                    struct err *e)
{
    struct h5 f;

    if (h5_create(&f, r->P, path, 0, e)) return -1;
    int bad = (layout == LAYOUT_RBMS ? rbmsfile_write(&f, &m->rbm, e)
                                     : modelfile_write_rbm(&f, "/", m, e)) ||
              h5_commit(&f, e);
    h5_close(&f);
    return bad ? -1 : 0;
}

int cmd_convert(struct run *r, struct err *e)
{
    const char *path = conf_text(r->conf, "convert.output");
    int layout = conf_choice(r->conf, "convert.layout");
    const char *from = conf_text(r->conf, "convert.model");
    struct model m;

    if (run_output(r, path, e) ||
        (edgefile_is(from) ? load_edges(&m, r, from, e)
                           : modelfile_load(&m, r->P, from, 1, MODELFILE_PLAIN, e)))
        return -1;
    int bad =
        layout == LAYOUT_EDGES ? write_edges(r, &m.rbm, path, e) : write_h5(r, &m, path, layout, e);
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
