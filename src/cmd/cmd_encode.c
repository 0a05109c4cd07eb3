#include "base/clock.h"
#include "base/mem.h"
#include "cmd/bits.h"
#include "cmd/columns.h"
#include "cmd/commands.h"
#include "cmd/modelfile.h"
#include "cmd/suspect.h"
#include "io/progress.h"
#include "shower/dataset.h"
#include "vae/energycode.h"

#include <string.h>

enum { BATCH = 256 };

/* Rows [from, from + n) of this rank's showers through the encoder. */
static void encode(struct model *m, const struct dataset *d, int64_t from, int n, float *u,
                   float *z, float *logit, int64_t *item, struct bits *out)
{
    int L = m->vae.L, V = d->V;
    const double *E = d->energy + d->mine.first + from;

    for (int i = 0; i < n; i++) shelf_row(&d->rows, d->rows.rank, from + i, u + (int64_t)i * V);
    transform_forward(&m->transform, n, V, E, u, u);
    for (int i = 0; i < n; i++) item[i] = d->mine.first + from + i;
    struct vae_batch b = { n, u, E, item, 0, m->others > 0 ? out->other + from * m->others : NULL };
    vae_encode(&m->vae, &b, z, logit);
    for (int64_t i = 0; i < (int64_t)n * L; i++) out->state[from * L + i] = z[i] > 0.5f;
    for (int64_t i = 0; i < (int64_t)n * out->L; i++) out->logit[from * out->L + i] = logit[i];
    for (int i = 0; i < n; i++) out->incident[from + i] = E[i];
}

static void encode_all(struct run *r, struct model *m, const struct dataset *d, struct bits *out)
{
    float *u = mem_take((int64_t)BATCH * d->V, sizeof *u);
    float *z = mem_take((int64_t)BATCH * m->vae.L, sizeof *z);
    float *logit = mem_take((int64_t)BATCH * m->vae.F, sizeof *logit);
    int64_t item[BATCH];
    struct progress progress;

    progress_start(&progress, &r->log, "encode", "showers", 0, d->mine.count);
    for (int64_t from = 0; from < d->mine.count; from += BATCH) {
        int64_t left = d->mine.count - from;
        encode(m, d, from, (int)(left < BATCH ? left : BATCH), u, z, logit, item, out);
        progress_step(&progress, from + (left < BATCH ? left : BATCH));
    }
    progress_end(&progress);
    rbm_energy_states(&m->rbm, out->state, d->mine.count, out->energy);
    mem_free(u);
    mem_free(z);
    mem_free(logit);
}

static int load_showers(struct dataset *d, struct run *r, const struct model *m, struct err *e)
{
    int n = conf_count(r->conf, "data.test");
    const char **path = mem_take(n, sizeof *path);

    for (int i = 0; i < n; i++) path[i] = conf_text_at(r->conf, "data.test", i);
    struct dataset_options o = { .most = conf_int(r->conf, "data.most"),
                                 .storage = conf_choice(r->conf, "data.storage") == 0
                                                ? DATASET_DENSE
                                                : DATASET_SPARSE,
                                 .clip = conf_choice(r->conf, "data.faults") == 1 };
    int bad = n == 0 ? err_set(e, "data.test is empty, expected the shower files to encode")
                     : dataset_load(d, r->P, path, n, m->geom.voxels, &m->transform, &o, e);
    mem_free(path);
    for (int64_t i = 0; !bad && i < d->n; i++)
        if (energycode_range(d->energy[i], e))
            bad = err_within(e, "data.test, event %lld", (long long)i);
    if (bad) return -1;
    suspect_energies(&r->log, "data.test", d->energy, d->n);
    suspect_faults(&r->log, "data.test", d);
    return 0;
}

/* The condition's other numbers of this rank's showers. */
static int take_others(struct bits *out, const struct run *r, const struct model *m,
                       const struct dataset *d, struct err *e)
{
    int n = conf_count(r->conf, "data.test"), C = m->others;
    const char **path = mem_take(n, sizeof *path);

    for (int i = 0; i < n; i++) path[i] = conf_text_at(r->conf, "data.test", i);
    double *all = columns_read(m->other, C, r->P, path, n, d->number, d->n, e);
    mem_free(path);
    if (all == NULL) return -1;
    out->others = C;
    out->range = m->other;
    out->other = mem_take(d->mine.count * C, sizeof *out->other);
    memcpy(out->other, all + d->mine.first * C, (size_t)(d->mine.count * C) * sizeof *all);
    mem_free(all);
    return 0;
}

static int act(struct run *r, struct model *m, struct dataset *d, struct bits *out, struct err *e)
{
    const char *path = conf_text(r->conf, "encode.output");

    enum modelfile_weights which = (enum modelfile_weights)conf_choice(r->conf, "encode.weights");

    if (modelfile_load(m, r->P, conf_text(r->conf, "encode.model"), BATCH, which, e)) return -1;
    if (!m->networks)
        return err_set(e, "%s: holds no networks, expected a model that encodes", m->path);
    if (modelfile_transform(m, r->conf, e) || load_showers(d, r, m, e) || run_output(r, path, e))
        return -1;
    bits_init(out, d->mine, d->n, m->vae.L, conf_flag(r->conf, "encode.logits") ? m->vae.F : 0, 1,
              1);
    if (m->others > 0 && take_others(out, r, m, d, e)) return -1;
    encode_all(r, m, d, out);
    return bits_write(out, r->P, path, e);
}

int cmd_encode(struct run *r, struct err *e)
{
    double start = clock_now();
    struct dataset d = { 0 };
    struct model m = { 0 };
    struct bits out = { 0 };
    int bad = act(r, &m, &d, &out, e);

    if (!bad) {
        json_put_text(r->result, "command", "encode");
        json_put_int(r->result, "showers", d.n);
        json_put_int(r->result, "dropped", d.dropped);
        json_put_int(r->result, "bits", m.vae.L);
        json_put_real(r->result, "seconds", clock_now() - start);
        json_put_text(r->result, "path", conf_text(r->conf, "encode.output"));
    }
    bits_free(&out);
    dataset_free(&d);
    model_free(&m);
    return bad ? -1 : RUN_DONE;
}
