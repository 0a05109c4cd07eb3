#include "cmd/modelfile.h"

#include "base/file.h"
#include "base/mem.h"
#include "cmd/columns.h"
#include "cmd/edgefile.h"
#include "cmd/rbmfile.h"
#include "cmd/rbmsfile.h"
#include "io/ckpt.h"

#include <stdio.h>
#include <string.h>

static const char model_group[] = "/model", average_group[] = "/average";

/* Where a tensor of the networks lies. */
static char *tensor_path(const char *group, const struct tensor *t)
{
    return mem_print("%s/%s", group, t->name);
}

static struct h5_shape tensor_shape(const struct tensor *t)
{
    struct h5_shape s = { .dims = t->dims, .type = H5_FLOAT };

    for (int d = 0; d < s.dims; d++) s.n[d] = t->n[d];
    return s;
}

static int write_tensors(struct h5 *f, const char *group, const struct vae *v, const float *x,
                         struct err *e)
{
    for (int i = 0; i < v->T.n; i++) {
        struct h5_shape s = tensor_shape(&v->T.t[i]);
        char *path = tensor_path(group, &v->T.t[i]);
        int bad = h5_write_all(f, path, &s, x + v->T.t[i].first, "1", "parameters", e);
        mem_free(path);
        if (bad) return -1;
    }
    return 0;
}

static int read_tensors(const struct h5 *f, const char *group, const struct vae *v, float *x,
                        struct err *e)
{
    int bad = 0;

    for (int i = 0; i < v->T.n && !bad; i++) {
        struct h5_shape want = tensor_shape(&v->T.t[i]), got;
        char *path = tensor_path(group, &v->T.t[i]);
        bad = h5_shape(f, path, &got, e);
        for (int d = 0; d < want.dims && !bad; d++)
            if (got.dims != want.dims || got.n[d] != want.n[d])
                bad = err_set(e, "%s: %s has another shape than its architecture says", f->path,
                              path);
        if (!bad) bad = h5_read_all(f, path, H5_FLOAT, x + v->T.t[i].first, e);
        mem_free(path);
    }
    return bad ? -1 : 0;
}

/* Mean and std of every voxel's hits, where the transform has them. */
static int write_standard(struct h5 *f, const struct standard *s, struct err *e)
{
    struct h5_shape row = { 1, { s->V }, H5_FLOAT };

    if (s->V == 0) return 0;
    return h5_write_all(f, "transform/mean", &row, s->mean, "1", "of a voxel's hits", e) ||
                   h5_write_all(f, "transform/std", &row, s->std, "1", "of a voxel's hits", e) ||
                   h5_put_real(f, "transform", "lift", s->lift, e)
               ? -1
               : 0;
}

static int read_standard(const struct h5 *f, struct model *m, struct err *e)
{
    struct standard *s = &m->standard;
    struct h5_shape mean, std;
    double lift;

    if (!h5_has(f, "transform/mean")) return 0;
    if (h5_shape(f, "transform/mean", &mean, e) || h5_shape(f, "transform/std", &std, e)) return -1;
    if (mean.dims != 1 || mean.n[0] != m->geom.voxels || std.dims != 1 || std.n[0] != mean.n[0])
        return err_set(e, "%s: transform/mean has %lld numbers, expected one for each of %d voxels",
                       f->path, (long long)mean.n[0], m->geom.voxels);
    standard_free(s);
    standard_init(s, m->geom.voxels);
    m->transform.standard = s;
    if (h5_read_all(f, "transform/mean", H5_FLOAT, s->mean, e) ||
        h5_read_all(f, "transform/std", H5_FLOAT, s->std, e) ||
        h5_get_real(f, "transform", "lift", &lift, e))
        return -1;
    s->lift = (float)lift;
    return 0;
}

static int read_transform(const struct h5 *f, struct model *m, struct err *e)
{
    struct err none = { "" }; /* older files know no threshold */
    int64_t kind;

    if (h5_get_int(f, "/model", "transform", &kind, e) ||
        h5_get_real(f, "/model", "transform_r", &m->transform.r, e) ||
        h5_get_real(f, "/model", "transform_scale", &m->transform.scale, e))
        return -1;
    if (kind < TRANSFORM_LOGIT || kind > TRANSFORM_GEV)
        return err_set(e, "%s: transform %lld is not known", f->path, (long long)kind);
    m->transform.kind = (enum transform_kind)kind;
    h5_get_real(f, "/model", "transform_threshold", &m->transform.threshold, &none);
    return read_standard(f, m, e);
}

int modelfile_transform(const struct model *m, const struct conf *c, struct err *e)
{
    static const char *const name[] = { "logit", "log1p", "gev" };
    static const char *const no_yes[] = { "false", "true" };
    const struct transform *t = &m->transform;
    const char *key = NULL, *here = NULL, *there = NULL;

    if (conf_given(c, "data.transform") && conf_choice(c, "data.transform") != (int)t->kind) {
        key = "data.transform";
        here = conf_text(c, key);
        there = name[t->kind];
    } else if (conf_given(c, "data.standardise") &&
               conf_flag(c, "data.standardise") != (t->standard != NULL)) {
        key = "data.standardise";
        there = no_yes[t->standard != NULL];
    } else if (conf_given(c, "data.threshold") &&
               conf_flag(c, "data.threshold") != (t->threshold > 0.0)) {
        key = "data.threshold";
        there = no_yes[t->threshold > 0.0];
    }
    if (key == NULL) return 0;
    if (here == NULL) here = no_yes[conf_flag(c, key)];
    return err_set(e, "%s: %s is %s, but the model in %s was trained with %s; leave the key away",
                   conf_origin(c, key), key, here, m->path, there);
}

int modelfile_write_rbm(struct h5 *f, const char *group, const struct model *m, struct err *e)
{
    if (rbmfile_write(f, group, &m->rbm, e)) return -1;
    if (m->code == ENERGYCODE_CALOQ) return 0;
    return h5_put_text(f, group, "energy_code", energycode_name(m->code), e);
}

/* The machine and the code of its partition 0. */
static int read_rbm(const struct h5 *f, const char *group, struct model *m, struct err *e)
{
    return rbmfile_read(f, group, &m->rbm, e) || model_read_code(f, group, &m->code, e) ? -1 : 0;
}

int modelfile_write(struct h5 *f, const struct model *m, struct err *e)
{
    if (m->networks &&
        (h5_write_text(f, "architecture", m->architecture, "layers, YAML", e) ||
         h5_write_text(f, "geometry", m->geometry, "voxels, YAML", e) ||
         write_tensors(f, model_group, &m->vae, m->vae.params, e) ||
         columns_save(f, m->other, m->others, e) ||
         h5_put_int(f, "/model", "transform", m->transform.kind, e) ||
         h5_put_real(f, "/model", "transform_r", m->transform.r, e) ||
         h5_put_real(f, "/model", "transform_scale", m->transform.scale, e) ||
         h5_put_real(f, "/model", "transform_threshold", m->transform.threshold, e) ||
         write_standard(f, &m->standard, e)))
        return -1;
    return modelfile_write_rbm(f, "/rbm", m, e);
}

int modelfile_write_average(struct h5 *f, const struct model *m, const struct average *a,
                            struct err *e)
{
    if (a->n == 0) return 0;
    return write_tensors(f, average_group, &m->vae, a->x, e) ||
                   h5_put_int(f, average_group, "step", a->step, e) ||
                   h5_put_real(f, average_group, "decay", a->decay, e)
               ? -1
               : 0;
}

int modelfile_read_average(const struct h5 *f, const struct model *m, struct average *a,
                           struct err *e)
{
    if (a->n == 0) return 0;
    if (!h5_has(f, "average")) return 1;
    return h5_get_int(f, average_group, "step", &a->step, e) ||
                   read_tensors(f, average_group, &m->vae, a->x, e)
               ? -1
               : 0;
}

int modelfile_read(const struct h5 *f, struct model *m, struct err *e)
{
    struct rbm rbm;

    if (m->networks &&
        (read_tensors(f, model_group, &m->vae, m->vae.params, e) || read_standard(f, m, e)))
        return -1;
    if (rbmfile_read(f, "/rbm", &rbm, e)) return -1;
    int same = topology_same(&rbm.T, &m->rbm.T);
    if (same) memcpy(m->rbm.param, rbm.param, (size_t)rbm.table.total * sizeof *rbm.param);
    rbm_free(&rbm);
    rbm_prepare(&m->rbm);
    return same ? 0
                : err_set(e, "%s: its machine has other units or couplings than this config says",
                          f->path);
}

/* best.h5 of a folder, else its newest checkpoint; a file is itself. Opened. */
static int open_named(struct h5 *f, const struct par *P, const char *path, struct err *e)
{
    int folder = P->rank == 0 && file_is_folder(path), best = 0;
    char *name = file_join(path, "best.h5");
    int64_t epoch;

    if (P->rank == 0) best = file_exists(name);
    par_bcast(P, &folder, sizeof folder, 0);
    par_bcast(P, &best, sizeof best, 0);
    int bad;
    if (!folder)
        bad = ckpt_open_any(f, P, path, e);
    else if (best)
        bad = ckpt_open(f, P, name, e);
    else if ((bad = ckpt_open_newest(f, P, path, &epoch, NULL, e)) == 1)
        bad = err_set(e, "%s: holds no checkpoint, expected best.h5 or checkpoint-EPOCH.h5", path);
    mem_free(name);
    return bad;
}

/* The parameters, or their average. */
static int load_tensors(const struct h5 *f, struct model *m, enum modelfile_weights which,
                        struct err *e)
{
    int there = h5_has(f, "average");

    if (which == MODELFILE_AVERAGE && !there)
        return err_set(e, "%s: holds no averaged weights: it was trained with training.ema: 0",
                       f->path);
    m->averaged = there && which != MODELFILE_PLAIN;
    return read_tensors(f, m->averaged ? average_group : model_group, &m->vae, m->vae.params, e);
}

int modelfile_start(struct model *m, const struct par *P, const char *path, struct err *e)
{
    struct h5 f;

    if (open_named(&f, P, path, e)) return -1;
    enum energycode code;
    int64_t kind;
    int bad = h5_has(&f, "architecture")
                  ? h5_get_int(&f, "/model", "transform", &kind, e) ||
                        model_read_code(&f, "/rbm", &code, e)
                  : err_set(e, "%s: holds no networks, expected a checkpoint of a model", f.path);
    if (!bad && code != m->code) bad = model_other_code(f.path, code, m->code, e);
    if (!bad && (kind != (int64_t)m->transform.kind ||
                 h5_has(&f, "transform/mean") != (m->transform.standard != NULL)))
        bad =
            err_set(e, "%s: its networks were trained on another data.transform than this config's",
                    f.path);
    if (!bad) bad = load_tensors(&f, m, MODELFILE_PLAIN, e);
    h5_close(&f);
    return bad ? -1 : 0;
}

static int load_networks(const struct h5 *f, struct model *m, int batch,
                         enum modelfile_weights which, struct err *e)
{
    char *architecture = NULL, *geometry = NULL;

    if (h5_read_text(f, "architecture", &architecture, e)) return -1;
    if (h5_read_text(f, "geometry", &geometry, e)) {
        mem_free(architecture);
        return -1;
    }
    if (columns_load(f, m->other, &m->others, e)) {
        mem_free(architecture);
        mem_free(geometry);
        return -1;
    }
    if (model_networks(m, architecture, f->path, geometry, f->path, batch, 0, e)) return -1;
    return read_transform(f, m, e) ? -1 : load_tensors(f, m, which, e);
}

static int load_from(const struct h5 *f, struct model *m, int batch, enum modelfile_weights which,
                     struct err *e)
{
    char format[64] = "";
    struct err none = { "" };

    m->path = mem_text(f->path);
    m->transform = transform_logit();
    h5_get_text(f, "/", "format", format, (int)sizeof format, &none);
    if (strcmp(format, "caloq-checkpoint") == 0) {
        if (read_rbm(f, "/rbm", m, e)) return -1;
        return h5_has(f, "architecture") ? load_networks(f, m, batch, which, e) : 0;
    }
    if (strcmp(format, "caloq-rbm") == 0 || h5_has(f, "partition_sizes"))
        return read_rbm(f, "/", m, e);
    if (rbmsfile_is(f)) return rbmsfile_read(f, &m->rbm, e);
    return err_set(e, "%s: neither a checkpoint nor an RBM file (attribute format is \"%s\")",
                   f->path, format);
}

static int load_edges(struct model *m, const struct par *P, const char *path, struct err *e)
{
    char *text = run_text(P, path, e);

    if (text == NULL) return -1;
    int bad = edgefile_read(&m->rbm, 0, NULL, text, path, e);
    mem_free(text);
    if (bad) return -1;
    m->path = mem_text(path);
    m->transform = transform_logit();
    return 0;
}

int modelfile_load(struct model *m, const struct par *P, const char *path, int batch,
                   enum modelfile_weights which, struct err *e)
{
    struct h5 f;

    *m = (struct model){ 0 };
    if (edgefile_is(path)) return load_edges(m, P, path, e);
    if (open_named(&f, P, path, e)) return -1;
    int bad = load_from(&f, m, batch, which, e);
    h5_close(&f);
    if (bad) model_free(m);
    return bad ? -1 : 0;
}
