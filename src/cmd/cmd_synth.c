#include "base/clock.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/showers.h"
#include "io/progress.h"
#include "shower/geom.h"
#include "shower/synth.h"

#include <math.h>

enum { PIECE = 256 };

/* What one command needs from begin to end. */
struct work {
    struct run *r;
    struct geom geom;
    struct synth synth;
    struct h5 file;
    int64_t n, first;
    double min, max; /* MeV */
    int octaves;
    float *energy, *x; /* [PIECE], [PIECE, V] */
    double response;   /* sum over this rank's showers of E_tot / E_inc */
};

static void draw(struct work *w, struct block rows)
{
    int V = w->geom.voxels;

    for (int64_t i = 0; i < rows.count; i++) {
        int64_t number = w->first + rows.first + i;
        double energy = w->octaves ? synth_octave(w->r->seed, number, w->min, w->max)
                                   : synth_energy(w->r->seed, number, w->min, w->max);
        double sum = 0.0;
        float *x = w->x + i * V;
        w->energy[i] = (float)energy;
        synth_shower(&w->synth, w->r->seed, number, energy, x);
        for (int v = 0; v < V; v++) sum += x[v];
        w->response += sum / energy;
    }
}

static int write_all(struct work *w, struct err *e)
{
    const struct par *P = w->r->P;
    struct block mine = block_of(w->n, P->rank, P->size);
    int64_t pieces = showers_pieces(P, w->n, PIECE);
    struct progress progress;

    progress_start(&progress, &w->r->log, "synth", "showers", 0, mine.count);
    for (int64_t i = 0; i < pieces; i++) {
        struct block rows = showers_piece(mine, i, PIECE);
        draw(w, rows);
        if (showers_write(&w->file, rows, w->energy, w->x, e)) return -1;
        if (run_stops(w->r))
            return err_set(e, "%s: synth was stopped after %lld showers; nothing was written",
                           w->file.path, (long long)par_sum_one(P, block_end(rows) - mine.first));
        progress_step(&progress, block_end(rows) - mine.first);
    }
    progress_end(&progress);
    if (h5_put_text(&w->file, "/", "recipe", w->synth.set.label, e)) return -1;
    return h5_commit(&w->file, e);
}

static int synthesise(struct work *w, struct err *e)
{
    const struct conf *c = w->r->conf;
    const char *output = conf_text(c, "synth.output");

    if (w->min >= w->max)
        return err_set(e,
                       "synth.energy_max is %g MeV, expected more than synth.energy_min (%g MeV)",
                       w->max, w->min);
    w->octaves = conf_choice(c, "synth.spectrum") == 1;
    if (w->octaves && floor(log2(w->max)) < ceil(log2(w->min)))
        return err_set(e, "synth.spectrum: no power of two lies between %g and %g MeV", w->min,
                       w->max);
    if (geom_load(&w->geom, w->r->P, conf_text(c, "synth.geometry"), e)) return -1;
    struct synth_set set;
    if (synth_recipe(&set, &w->geom, e)) return -1;
    synth_init(&w->synth, &w->geom, &set);
    w->energy = mem_take(PIECE, sizeof *w->energy);
    w->x = mem_take((int64_t)PIECE * w->geom.voxels, sizeof *w->x);
    if (run_output(w->r, output, e) ||
        showers_create(&w->file, w->r->P, output, w->n, w->geom.voxels,
                       (int)conf_int(c, "synth.gzip"), e))
        return -1;
    return write_all(w, e);
}

int cmd_synth(struct run *r, struct err *e)
{
    const struct conf *c = r->conf;
    struct work w = { .r = r,
                      .n = conf_int(c, "synth.showers"),
                      .first = conf_int(c, "synth.first"),
                      .min = conf_real(c, "synth.energy_min"),
                      .max = conf_real(c, "synth.energy_max") };
    double start = clock_now();
    int bad = synthesise(&w, e);

    if (!bad) {
        par_sum(r->P, &w.response, 1);
        json_put_text(r->result, "command", "synth");
        json_put_int(r->result, "showers", w.n);
        json_put_int(r->result, "voxels", w.geom.voxels);
        json_put_text(r->result, "recipe", w.synth.set.label);
        json_put_real(r->result, "mean_response", w.response / (double)w.n);
        json_put_real(r->result, "showers_per_second", (double)w.n / (clock_now() - start));
        json_put_text(r->result, "path", conf_text(c, "synth.output"));
    }
    h5_close(&w.file);
    synth_free(&w.synth);
    geom_free(&w.geom);
    mem_free(w.x);
    mem_free(w.energy);
    return bad ? -1 : RUN_DONE;
}
