#include "base/clock.h"
#include "base/mem.h"
#include "cmd/classify.h"
#include "cmd/commands.h"
#include "cmd/describe.h"
#include "cmd/distances.h"
#include "cmd/evalfiles.h"
#include "cmd/judge.h"
#include "cmd/suspect.h"
#include "shower/kpd.h"

#include <math.h>

enum { BASELINE_BINS = 15 };

struct work {
    struct run *r;
    struct judge judge;
    struct source reference, generated, training;
    struct features_of_sample x, y;
    struct histos histos;
    struct profile profile;
    struct fpd_options fpd;
    double *wasserstein; /* [judge.d] */
    double lap;          /* when the part at hand began */
};

/* A part is over. */
static void lap(struct work *w, const char *key)
{
    const double now = clock_now();

    json_put_real(w->r->result, key, now - w->lap);
    w->lap = now;
}

/* What the fullest rank had resident, beside a rank's share of all voxels as floats. */
static void memory(struct work *w)
{
    const double events = (double)(w->reference.events + w->generated.events);
    double shard = 4e-6 * w->judge.geom.voxels * events / w->r->P->size;
    double peak = 1e-6 * (double)describe_peak();

    par_max(w->r->P, &peak, 1);
    json_put_real(w->r->result, "memory.peak_mb", peak);
    json_put_real(w->r->result, "memory.shard_mb", shard);
    log_say(&w->r->log, "memory: peak %.0f MB on one rank, whose share of the voxels is %.0f MB",
            peak, shard);
}

static int gather(struct work *w, struct err *e)
{
    struct judge *j = &w->judge;
    double *range = mem_take(j->geom.layers + 1, sizeof *range), least, most;
    int bad = judge_range(j, &w->reference, range, e);

    if (!bad) {
        source_range(&w->reference, &least, &most);
        histos_init(&w->histos, &j->geom, j->geom.threshold, range, least, most);
        profile_init(&w->profile, &j->geom, least, most);
        bad = judge_sample(j, &w->reference, w->reference.events, &w->x, &w->histos, &w->profile,
                           HISTO_REFERENCE, e) ||
              judge_sample(j, &w->generated, w->generated.events, &w->y, &w->histos, &w->profile,
                           HISTO_GENERATED, e);
    }
    mem_free(range);
    if (bad) return -1;
    histos_sum(&w->histos, w->r->P);
    profile_sum(&w->profile, w->r->P);
    return 0;
}

static void put_of(struct json *j, const char *what, const char *family, double x)
{
    char *key = mem_print("%s.%s", what, family);

    json_put_real(j, key, x);
    mem_free(key);
}

static void put_separations(struct work *w)
{
    struct histo_summary s = histos_summary(&w->histos);
    struct json *j = w->r->result;

    for (int i = 0; i < HISTO_FAMILIES; i++) {
        const char *name = histo_family_name((enum histo_family)i);
        put_of(j, "separation", name, s.separation[i]);
        put_of(j, "separation_floor", name, s.floor[i]);
        put_of(j, "chi2_per_freedom", name, s.chi2[i]);
    }
    put_of(j, "separation", "by_energy", s.by_energy);
    put_of(j, "separation_floor", "by_energy", s.by_energy_floor);
}

static int distances(struct work *w, struct err *e)
{
    struct json *j = w->r->result;
    struct fpd fpd;
    struct kpd kpd;
    double plain;

    if (fpd_distance(&fpd, w->r->P, &w->x.s, &w->y.s, w->judge.d, &w->fpd, e) ||
        fpd_plain(&plain, w->r->P, &w->x.s, &w->y.s, w->judge.d, e) ||
        kpd_distance(&kpd, w->r->P, &w->x.s, &w->y.s, w->judge.d,
                     (int)conf_int(w->r->conf, "evaluate.kpd_batch"), 42, e))
        return -1;
    json_put_real(j, "fpd", fpd.value);
    json_put_real(j, "fpd_error", fpd.error);
    json_put_real(j, "fpd_full_sample", plain);
    json_put_real(j, "kpd", kpd.value);
    json_put_real(j, "kpd_error", kpd.error);
    return 0;
}

static int more_distances(struct work *w, struct err *e)
{
    struct judge *j = &w->judge;
    double least, most;

    if (distances_prdc(j, &w->reference, &w->generated, e)) return -1;
    lap(w, "seconds.neighbours");
    if (distances_correlation(j, &w->reference, &w->x, &w->generated, &w->y, e) ||
        distances_latents(j, e))
        return -1;
    lap(w, "seconds.correlations");
    w->wasserstein = mem_take(j->d, sizeof *w->wasserstein);
    distances_wasserstein(j, &w->x, &w->y, w->wasserstein);
    source_range(&w->reference, &least, &most);
    distances_resolution(j, "reference", &w->reference, &w->x, least, most);
    distances_resolution(j, "generated", &w->generated, &w->y, least, most);
    lap(w, "seconds.columns");
    if (classify_all(j, &w->reference, &w->generated, e)) return -1;
    lap(w, "seconds.classifiers");
    return 0;
}

static int fpd_of(struct work *w, struct features_of_sample *f, const char *key, const char *error,
                  struct err *e)
{
    struct fpd fpd;

    if (fpd_distance(&fpd, w->r->P, &w->x.s, &f->s, w->judge.d, &w->fpd, e)) return -1;
    json_put_real(w->r->result, key, fpd.value);
    json_put_real(w->r->result, error, fpd.error);
    return 0;
}

/* Two yardsticks: independent real showers of as many events as were generated (the floor), and
 * showers that know the means and no correlation. */
static int yardsticks(struct work *w, struct err *e)
{
    const char *path = conf_text(w->r->conf, "evaluate.training");
    struct judge *j = &w->judge;
    struct features_of_sample real = { 0 }, blind = { 0 };
    struct baseline b = { 0 };
    double least, most;

    if (path[0] == '\0') return 0;
    if (judge_open(j, path, &w->training, e)) return -1;
    int64_t n = w->training.events < w->generated.events ? w->training.events : w->generated.events;
    source_range(&w->training, &least, &most);
    baseline_init(&b, BASELINE_BINS, j->geom.voxels, least, most * (1.0 + 1e-9));
    int bad = judge_sample(j, &w->training, n, &real, NULL, NULL, 0, e) ||
              fpd_of(w, &real, "fpd_floor", "fpd_floor_error", e) ||
              judge_moments(j, &w->training, &b, e);
    if (!bad) {
        judge_baseline(j, &w->generated, &b, &blind);
        bad = fpd_of(w, &blind, "fpd_independent", "fpd_independent_error", e);
    }
    judge_drop(&real);
    judge_drop(&blind);
    baseline_free(&b);
    return bad ? -1 : 0;
}

static void put_error(struct json *j, const char *key, const struct paired_error *p)
{
    struct json *one = json_new();

    json_put_int(one, "showers", p->n);
    json_put_real(one, "mean", p->mean);
    json_put_real(one, "std", p->std);
    json_put_real(one, "q05", p->q05);
    json_put_real(one, "q16", p->q16);
    json_put_real(one, "median", p->median);
    json_put_real(one, "q84", p->q84);
    json_put_real(one, "q95", p->q95);
    json_put(j, key, one);
}

/* How the error of the total energy grows with the energy. */
static void put_law(struct json *j, const struct error_law *l)
{
    struct json *law = json_new();

    for (int s = 0; s < ERROR_SCENARIOS; s++) {
        struct json *one = json_new();
        json_put_real(one, "factor", l->factor[s]);
        json_put_real(one, "rms", l->rms[s]);
        if (s == ERROR_POWER) {
            json_put_real(one, "delta", l->delta);
            json_put_real(one, "delta_error", l->delta_error);
        }
        json_put(law, errorlaw_name((enum error_scenario)s), one);
    }
    json_put(j, "error_law", law);
}

static int pairs(struct work *w, struct err *e)
{
    struct json *j = json_new(), *layers = json_new();
    struct paired p;

    paired_init(&p, w->judge.geom.layers);
    int bad = judge_paired(&w->judge, &w->reference, &w->generated, &p, e);
    if (!bad) {
        put_error(j, "total", &p.total);
        for (int l = 0; l < p.layers; l++) {
            char *key = mem_print("%d", w->judge.geom.layer[l].id);
            put_error(layers, key, &p.layer[l]);
            mem_free(key);
        }
        put_law(j, &p.law);
        json_put_real(j, "voxel_rms_mev", p.voxel_rms);
        json_put_real(j, "voxel_rms_of_incident", p.voxel_relative);
        json_put(j, "layers", layers);
        json_put(w->r->result, "paired", j);
    } else {
        json_drop(layers);
        json_drop(j);
    }
    paired_free(&p);
    return bad ? -1 : 0;
}

static int act(struct work *w, struct err *e)
{
    const struct conf *c = w->r->conf;

    w->fpd = (struct fpd_options){ conf_int(c, "evaluate.fpd_min"), conf_int(c, "evaluate.fpd_max"),
                                   42 };
    if (w->fpd.min >= w->fpd.max)
        return err_set(e, "evaluate.fpd_max is %lld, expected more than evaluate.fpd_min (%lld)",
                       (long long)w->fpd.max, (long long)w->fpd.min);
    if (judge_init(&w->judge, w->r, e) ||
        judge_open(&w->judge, conf_text(c, "evaluate.reference"), &w->reference, e) ||
        judge_open(&w->judge, conf_text(c, "evaluate.generated"), &w->generated, e))
        return -1;
    json_put_text(w->r->result, "command", "evaluate");
    json_put_int(w->r->result, "reference_showers", w->reference.events);
    json_put_int(w->r->result, "generated_showers", w->generated.events);
    json_put_int(w->r->result, "features", w->judge.d);
    if (gather(w, e)) return -1;
    lap(w, "seconds.histograms");
    suspect(w->r, &w->judge, "reference", &w->reference, &w->x);
    suspect(w->r, &w->judge, "generated", &w->generated, &w->y);
    if (distances(w, e)) return -1;
    lap(w, "seconds.distances");
    if (more_distances(w, e) || yardsticks(w, e)) return -1;
    put_separations(w);
    struct evalfiles_pairs both = { 0, w->x.s.mine, w->reference.energy + w->x.s.mine.first,
                                    w->x.total, w->y.total };
    if (conf_flag(c, "evaluate.paired")) {
        if (pairs(w, e)) return -1;
        both.n = w->reference.events;
    }
    if (evalfiles_write(w->r, &w->judge, &w->histos, &w->profile, w->wasserstein, &both, e))
        return -1;
    memory(w);
    return 0;
}

int cmd_evaluate(struct run *r, struct err *e)
{
    const double start = clock_now();
    struct work w = { .r = r, .lap = start };
    int bad = act(&w, e);

    json_put_real(r->result, "seconds", clock_now() - start);
    judge_drop(&w.x);
    judge_drop(&w.y);
    mem_free(w.wasserstein);
    histos_free(&w.histos);
    profile_free(&w.profile);
    source_close(&w.training);
    source_close(&w.generated);
    source_close(&w.reference);
    judge_free(&w.judge);
    return bad ? -1 : RUN_DONE;
}
