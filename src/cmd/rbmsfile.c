#include "cmd/rbmsfile.h"

#include "base/mem.h"
#include "io/h5_scalar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 64 };

/* The largest N of the groups update_N, or -1. */
static int64_t last_update(const struct h5 *f)
{
    struct err none = { "" };
    int64_t last = -1;
    char **name, *end;
    int n;

    if (h5_members(f, "/", &name, &n, &none)) return -1;
    for (int i = 0; i < n; i++) {
        if (strncmp(name[i], "update_", 7) == 0 && name[i][7] != '\0') {
            int64_t at = strtoll(name[i] + 7, &end, 10);
            if (*end == '\0' && at > last) last = at;
        }
        mem_free(name[i]);
    }
    mem_free(name);
    return last;
}

int rbmsfile_is(const struct h5 *f)
{
    struct err none = { "" };
    char format[NAME];

    return h5_get_text(f, "/", "format", format, NAME, &none) != 0 && last_update(f) >= 0;
}

static int read_vector(const struct h5 *f, const char *group, const char *what, int n, float *x,
                       struct err *e)
{
    struct h5_shape s;
    char name[2 * NAME];

    snprintf(name, sizeof name, "%s/%s", group, what);
    if (h5_shape(f, name, &s, e)) return -1;
    if (s.dims != 1 || s.n[0] != n)
        return err_set(e, "%s: %s has another length than weight_matrix, expected %d", f->path,
                       name, n);
    return h5_read_all(f, name, H5_FLOAT, x, e);
}

int rbmsfile_read(const struct h5 *f, struct rbm *m, struct err *e)
{
    int64_t at = last_update(f);
    struct topology T = { 0 };
    struct h5_shape s;
    char group[NAME], name[2 * NAME];

    *m = (struct rbm){ 0 };
    snprintf(group, sizeof group, "update_%lld/params", (long long)at);
    if (!h5_has(f, group)) snprintf(group, sizeof group, "update_%lld", (long long)at);
    snprintf(name, sizeof name, "%s/weight_matrix", group);
    if (h5_shape(f, name, &s, e)) return -1;
    if (s.dims != 2 || s.n[0] < 1 || s.n[1] < 1 || s.n[0] > 1 << 24 || s.n[1] > 1 << 24)
        return err_set(e, "%s: %s has %d dimensions, expected visible x hidden of binary units",
                       f->path, name, s.dims);
    int size[2] = { (int)s.n[0], (int)s.n[1] };
    if (topology_complete(&T, 2, size, e)) return err_within(e, "%s", f->path);
    rbm_init(m, &T, -1);
    m->hidden = 2;
    int bad = h5_read_all(f, name, H5_FLOAT, m->weight, e) ||
              read_vector(f, group, "vbias", size[0], m->bias, e) ||
              read_vector(f, group, "hbias", size[1], m->bias + size[0], e) ||
              (rbm_check(m, e) && err_within(e, "%s: %s", f->path, group));
    if (bad)
        rbm_free(m);
    else
        rbm_prepare(m);
    return bad ? -1 : 0;
}

static int write_parameters(struct h5 *f, const char *group, const struct rbm *m, struct err *e)
{
    int V = m->T.size[0], H = m->T.size[1];
    struct h5_shape w = { 2, { V, H }, H5_FLOAT }, v = { 1, { V }, H5_FLOAT },
                    h = { 1, { H }, H5_FLOAT };
    char name[3][NAME];

    snprintf(name[0], NAME, "%s/weight_matrix", group);
    snprintf(name[1], NAME, "%s/vbias", group);
    snprintf(name[2], NAME, "%s/hbias", group);
    return h5_write_all(f, name[0], &w, m->weight, "1", "couplings, visible x hidden", e) ||
                   h5_write_all(f, name[1], &v, m->bias, "1", "biases of visible units", e) ||
                   h5_write_all(f, name[2], &h, m->bias + V, "1", "biases of hidden units", e)
               ? -1
               : 0;
}

/* What rbms wants to know of a training; ours is another, so the least that it accepts. */
static int write_hyperparameters(struct h5 *f, const struct rbm *m, struct err *e)
{
    const struct {
        const char *name;
        enum h5_type type;
        double x;
    } row[] = {
        { "num_visibles", H5_INT64, m->T.size[0] },
        { "num_hiddens", H5_INT64, m->T.size[1] },
        { "num_chains", H5_INT64, 1 },
        { "batch_size", H5_INT64, 1 },
        { "gibbs_steps", H5_INT64, 1 },
        { "learning_rate", H5_DOUBLE, 0.0 },
        { "L1", H5_DOUBLE, 0.0 },
        { "L2", H5_DOUBLE, 0.0 },
    };
    char name[NAME];

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        snprintf(name, sizeof name, "hyperparameters/%s", row[i].name);
        if (h5_scalar_number(f, name, row[i].type, row[i].x, e)) return -1;
    }
    return h5_scalar_text(f, "hyperparameters/filename", f->path, e);
}

int rbmsfile_write(struct h5 *f, const struct rbm *m, struct err *e)
{
    if (m->T.K != 2 || m->T.kind != TOPOLOGY_COMPLETE || m->held > 0)
        return err_set(e,
                       "the rbms layout holds visible and hidden units that are all coupled: "
                       "expected 2 partitions, complete, none clamped; this machine has %d%s",
                       m->T.K, m->held > 0 ? ", one clamped" : "");
    struct h5_shape chains = { 2, { 1, m->T.size[0] }, H5_FLOAT };
    float *zero = mem_take(m->T.size[0], sizeof *zero);
    int bad = write_parameters(f, "update_0/params", m, e) ||
              write_parameters(f, "update_0", m, e) ||
              h5_scalar_number(f, "update_0/time", H5_DOUBLE, 0.0, e) ||
              h5_scalar_text(f, "model_type", "BBRBM", e) || write_hyperparameters(f, m, e) ||
              h5_write_all(f, "parallel_chains", &chains, zero, "1", "visible units", e);
    mem_free(zero);
    return bad ? -1 : 0;
}
