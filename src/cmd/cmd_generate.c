#include "base/clock.h"
#include "base/mem.h"
#include "cmd/columns.h"
#include "cmd/commands.h"
#include "cmd/draw.h"
#include "cmd/energies.h"
#include "cmd/modelfile.h"
#include "cmd/sampling.h"
#include "cmd/showers.h"
#include "io/progress.h"
#include "vae/energycode.h"

#include <string.h>

struct work {
    struct run *r;
    struct model model;
    struct sampler sampler; /* of its machine */
    struct bits bits;
    struct h5 file;
    int batch;
    double sampling, decoding; /* s */
};

/* Incident energies of a Bits file that has none: they stand in partition 0. */
static int decode_energies(struct work *w, const char *path, struct err *e)
{
    struct bits *b = &w->bits;
    int n0 = w->model.rbm.T.size[0];
    float *word = mem_take(n0, sizeof *word);

    b->incident = mem_take(b->rows.count, sizeof *b->incident);
    for (int64_t i = 0; i < b->rows.count && !err_is(e); i++) {
        for (int j = 0; j < n0; j++) word[j] = b->state[i * b->N + j];
        if (energycode_decode(w->model.code, &b->incident[i], word, n0, e))
            err_within(e, "%s: /states row %lld", path, (long long)(b->rows.first + i));
    }
    mem_free(word);
    return par_agree(w->r->P, e);
}

static int read_latents(struct work *w, const char *path, struct err *e)
{
    struct bits *b = &w->bits;

    if (bits_read(b, w->r->P, path, e)) return -1;
    if (b->N != w->model.vae.L)
        return err_set(e, "%s: states have %d bits, expected the %d of %s", path, b->N,
                       w->model.vae.L, w->model.path);
    if (b->incident == NULL) return decode_energies(w, path, e);
    for (int64_t i = 0; i < b->rows.count && !err_is(e); i++)
        if (energycode_range(b->incident[i], e))
            err_within(e, "%s: /incident_energies row %lld", path, (long long)(b->rows.first + i));
    return par_agree(w->r->P, e);
}

static int draw_latents(struct work *w, struct err *e)
{
    const struct conf *c = w->r->conf;
    const struct kern *k = kern_named(conf_text(c, "run.kernels"), e);
    int64_t n;

    struct temper_options how = { .rungs = (int)conf_int(c, "generate.tempering"),
                                  .least = conf_real(c, "generate.tempering_least"),
                                  .sweeps = (int)conf_int(c, "generate.sweeps") };

    if (k == NULL || model_conditional(&w->model, e)) return -1;
    if (how.rungs > 1 && temper_check(how.rungs, e)) return err_within(e, "generate.tempering");
    double *energy = energies_wanted(w->r, &n, e);
    if (energy == NULL) return -1;
    if (sampling_init(&w->sampler, w->r, &w->model.rbm, k, e)) {
        mem_free(energy);
        return -1;
    }
    model_aliases(&w->model, &w->r->log, "generate.energies", energy, n);
    draw_states(&w->bits, w->r->P, &w->model, k, (enum draw_prior)conf_choice(c, "generate.prior"),
                &how, w->r->seed, energy, n);
    mem_free(energy);
    return 0;
}

/* The latents that were drawn, as a Bits file. */
static int write_states(struct work *w, struct err *e)
{
    const char *states = conf_text(w->r->conf, "generate.states");

    if (states[0] == '\0' || conf_text(w->r->conf, "generate.latents")[0] != '\0') return 0;
    return run_output(w->r, states, e) || bits_write(&w->bits, w->r->P, states, e) ? -1 : 0;
}

/* A row of the condition's other numbers for each shower: of generate.conditions, else of the file
 * that energies or latents come from. */
static int read_others(struct work *w, const char *latents, struct err *e)
{
    const struct conf *c = w->r->conf;
    const struct model *m = &w->model;
    struct bits *b = &w->bits;
    const char *path = conf_text(c, "generate.conditions");

    if (m->others == 0 && path[0] == '\0') return 0;
    if (m->others == 0)
        return err_set(e, "generate.conditions is %s, but %s is told of the energy alone", path,
                       m->path);
    if (path[0] == '\0') path = latents[0] != '\0' ? latents : energies_file(c);
    if (path == NULL)
        return err_set(e,
                       "generate.conditions is empty, expected a file with %s of each shower, of "
                       "which %s is told beside the energy",
                       m->other[0].name, m->path);
    double *all = columns_read(m->other, m->others, w->r->P, &path, 1, NULL, b->M, e);
    if (all == NULL) return -1;
    b->others = m->others;
    b->range = m->other;
    b->other = mem_take(b->rows.count * b->others, sizeof *b->other);
    memcpy(b->other, all + b->rows.first * b->others,
           (size_t)(b->rows.count * b->others) * sizeof *all);
    mem_free(all);
    return 0;
}

/* Rows of this rank: bits -> network units -> MeV. */
static void decode(struct work *w, struct block rows, float *z, float *x, float *energy,
                   int64_t *item)
{
    const struct bits *b = &w->bits;
    int64_t from = rows.first - b->rows.first;
    int n = (int)rows.count, L = b->N, V = w->model.geom.voxels;
    const double *E = b->incident + from;

    for (int64_t i = 0; i < (int64_t)n * L; i++) z[i] = b->state[from * L + i];
    for (int i = 0; i < n; i++) {
        item[i] = rows.first + i;
        energy[i] = (float)E[i];
    }
    struct vae_batch batch = { n,    NULL, E,
                               item, 0,    b->others > 0 ? b->other + from * b->others : NULL };
    vae_decode(&w->model.vae, &batch, z, x);
    transform_inverse(&w->model.transform, n, V, E, x, NULL, x);
}

static int write_all(struct work *w, struct err *e)
{
    const struct bits *b = &w->bits;
    const struct par *P = w->r->P;
    int V = w->model.geom.voxels, bad = 0;
    float *z = mem_take((int64_t)w->batch * b->N, sizeof *z);
    float *x = mem_take((int64_t)w->batch * V, sizeof *x);
    float *energy = mem_take(w->batch, sizeof *energy);
    int64_t *item = mem_take(w->batch, sizeof *item);
    double pieces = (double)((b->rows.count + w->batch - 1) / w->batch);
    struct progress progress;

    par_max(P, &pieces, 1); /* all ranks make as many collective calls */
    progress_start(&progress, &w->r->log, "generate", "showers", 0, b->rows.count);
    for (int64_t i = 0; i < (int64_t)pieces && !bad; i++) {
        struct block rows = showers_piece(b->rows, i, w->batch);
        double start = clock_now();
        decode(w, rows, z, x, energy, item);
        w->decoding += clock_now() - start;
        bad = showers_write(&w->file, rows, energy, x, e);
        progress_step(&progress, block_end(rows) - b->rows.first);
    }
    progress_end(&progress);
    mem_free(z);
    mem_free(x);
    mem_free(energy);
    mem_free(item);
    bad = bad || columns_write(&w->file, b->range, b->others, b->M, b->rows, b->other, e);
    return bad ? -1 : h5_commit(&w->file, e);
}

static int act(struct work *w, struct err *e)
{
    const struct conf *c = w->r->conf;
    const char *output = conf_text(c, "generate.output"),
               *latents = conf_text(c, "generate.latents");

    enum modelfile_weights which = (enum modelfile_weights)conf_choice(c, "generate.weights");

    if (modelfile_load(&w->model, w->r->P, conf_text(c, "generate.model"), w->batch, which, e))
        return -1;
    if (!w->model.networks)
        return err_set(e, "%s: holds no networks, expected a model that decodes", w->model.path);
    if (modelfile_transform(&w->model, c, e)) return -1;
    w->model.transform.threshold = w->model.geom.threshold; /* as the detector reads */
    double start = clock_now();
    if ((latents[0] != '\0' ? read_latents(w, latents, e) : draw_latents(w, e)) ||
        read_others(w, latents, e) || write_states(w, e))
        return -1;
    w->sampling = clock_now() - start;
    if (run_output(w->r, output, e) ||
        showers_create(&w->file, w->r->P, output, w->bits.M, w->model.geom.voxels,
                       (int)conf_int(c, "generate.gzip"), e))
        return -1;
    return write_all(w, e);
}

int cmd_generate(struct run *r, struct err *e)
{
    struct work w = { .r = r, .batch = (int)conf_int(r->conf, "generate.batch") };
    double start = clock_now();
    int bad = act(&w, e);

    if (!bad) {
        double seconds = clock_now() - start;
        json_put_text(r->result, "command", "generate");
        json_put_int(r->result, "showers", w.bits.M);
        json_put_text(r->result, "prior",
                      conf_text(r->conf, "generate.latents")[0] != '\0'
                          ? "file"
                          : conf_text(r->conf, "generate.prior"));
        json_put_text(r->result, "weights", w.model.averaged ? "average" : "plain");
        json_put_real(r->result, "showers_per_second", (double)w.bits.M / seconds);
        json_put_real(r->result, "milliseconds_per_shower", 1e3 * seconds / (double)w.bits.M);
        json_put_real(r->result, "sampling_seconds", w.sampling);
        json_put_real(r->result, "decoding_seconds", w.decoding);
        json_put_text(r->result, "path", conf_text(r->conf, "generate.output"));
    }
    h5_close(&w.file);
    bits_free(&w.bits);
    sampler_free(&w.sampler, &w.model.rbm);
    model_free(&w.model);
    return bad ? -1 : RUN_DONE;
}
