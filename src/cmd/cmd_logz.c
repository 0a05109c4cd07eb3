#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cmd/bits.h"
#include "cmd/commands.h"
#include "cmd/modelfile.h"
#include "cmd/zstate.h"
#include "io/progress.h"
#include "rbm/exact.h"
#include "vae/energycode.h"

#include <math.h>

enum { STEPS_AT_ONCE = 8 };
enum { METHOD_AIS, METHOD_RAIS, METHOD_BOTH, METHOD_BAR, METHOD_EXACT }; /* logz.method */

struct work {
    struct run *r;
    struct model model;
    struct bits data;   /* logz.data, or nothing */
    double *mean;       /* [N] of the data, or NULL */
    double mean_energy; /* E of the data */
    int joint, drawn;   /* no condition; conditions drawn from the data */
    int64_t Q;
    double *energy; /* [Q] MeV, or NULL */
    uint8_t *u;     /* [Q, n_0], or NULL */
    double *exact;  /* [Q], or NULL where enumeration is too long */
    struct zrun z;
};

static int read_data(struct work *w, struct err *e)
{
    const char *path = conf_text(w->r->conf, "logz.data");
    const struct rbm *m = &w->model.rbm;
    struct bits *b = &w->data;

    if (path[0] == '\0') return 0;
    if (bits_read(b, w->r->P, path, e)) return -1;
    if (b->N != m->T.N)
        return err_set(e, "%s: states have %d bits, expected the %d units of %s", path, b->N,
                       m->T.N, w->model.path);
    int64_t *count = mem_take(b->N, sizeof *count);
    double *energy = mem_take(b->rows.count, sizeof *energy);
    for (int64_t i = 0; i < b->rows.count * b->N; i++) count[i % b->N] += b->state[i];
    rbm_energy_states(m, b->state, b->rows.count, energy);
    for (int64_t i = 0; i < b->rows.count; i++) w->mean_energy += energy[i];
    par_sum_int(w->r->P, count, b->N);
    par_sum(w->r->P, &w->mean_energy, 1);
    w->mean_energy /= (double)b->M;
    w->mean = mem_take(b->N, sizeof *w->mean);
    for (int i = 0; i < b->N; i++) w->mean[i] = (double)count[i] / (double)b->M;
    mem_free(energy);
    mem_free(count);
    return 0;
}

/* Conditions drawn from the data: rows picked by seed, their partition bits and energies. */
static void draw_conditions(struct work *w)
{
    const struct rbm *m = &w->model.rbm;
    const struct bits *b = &w->data;
    int n0 = m->T.size[m->clamped], first = m->T.first[m->clamped];
    int64_t *sum = mem_take(w->Q * (n0 + 1), sizeof *sum);
    double *energy = mem_take(w->Q, sizeof *energy);

    for (int64_t q = 0; q < w->Q; q++) {
        struct rng g = rng_at(w->r->seed, RNG_ENERGY, q, 1);
        int64_t row = (int64_t)rng_below(&g, (uint64_t)b->M) - b->rows.first;
        if (row < 0 || row >= b->rows.count) continue;
        for (int j = 0; j < n0; j++) sum[q * n0 + j] = b->state[row * b->N + first + j];
        energy[q] = b->incident != NULL ? b->incident[row] : 0.0;
    }
    par_sum_int(w->r->P, sum, w->Q * n0);
    par_sum(w->r->P, energy, w->Q);
    for (int64_t i = 0; i < w->Q * n0; i++) w->u[i] = (uint8_t)sum[i];
    w->energy = energy;
    mem_free(sum);
}

static int set_conditions(struct work *w, struct err *e)
{
    const struct conf *c = w->r->conf;
    struct rbm *m = &w->model.rbm;
    int listed = conf_count(c, "logz.energies");

    w->joint = m->clamped < 0 || conf_choice(c, "logz.clamp") == 1;
    w->Q = 1;
    if (w->joint) {
        m->clamped = -1; /* the joint machine: partition 0 is drawn like the others */
        return 0;
    }
    w->drawn = listed == 0;
    if (w->drawn && w->data.M == 0)
        return err_set(e, "logz.energies is empty, expected energies in MeV, or logz.data to draw "
                          "them from");
    w->Q = w->drawn ? conf_int(c, "logz.conditions") : listed;
    w->u = mem_take(w->Q * m->T.size[m->clamped], sizeof *w->u);
    if (w->drawn) {
        draw_conditions(w);
        return 0;
    }
    if (model_conditional(&w->model, e)) return -1;
    w->energy = mem_take(w->Q, sizeof *w->energy);
    for (int q = 0; q < listed; q++) {
        w->energy[q] = conf_real_at(c, "logz.energies", q);
        if (energycode_range(w->energy[q], e)) return err_within(e, "logz.energies, entry %d", q);
    }
    model_condition(m, w->energy, w->Q, w->u);
    return 0;
}

/* Enumeration, its parts shared out over ranks; nothing when it would take too long. */
static int enumerate(struct work *w, int must, struct err *e)
{
    const struct par *P = w->r->P;
    const struct rbm *m = &w->model.rbm;
    struct err too_large = { "" };
    struct exact x = { 0 };

    if (exact_plan(&x, m, w->joint, (int)conf_int(w->r->conf, "logz.exact_most"),
                   must ? e : &too_large))
        return must ? err_within(e, "logz.exact_most") : 0;
    double *part = mem_take(P->size, sizeof *part);
    w->exact = mem_take(w->Q, sizeof *w->exact);
    for (int64_t q = 0; q < w->Q; q++) {
        const uint8_t *u = w->joint ? NULL : w->u + q * m->T.size[m->clamped];
        double mine = exact_sum(&x, m, u, block_of(x.parts, P->rank, P->size));
        par_allgather(P, &mine, sizeof mine, part);
        w->exact[q] = logweights_lse(part, P->size);
    }
    mem_free(part);
    exact_free(&x);
    return 0;
}

static void put_bracket(struct json *j, const struct logweights_bracket *b)
{
    json_put_real(j, "logz", b->logz);
    json_put_real(j, "error", b->error);
    json_put_real(j, "lower", b->lower);
    json_put_real(j, "upper", b->upper);
    json_put_real(j, "ess", b->ess);
    if (b->has_forward) json_put_real(j, "ais", b->log_z0 + b->forward.log_mean);
    if (b->has_forward) json_put_real(j, "ais_error", b->forward.error);
    if (b->has_reverse) json_put_real(j, "rais", b->log_z0 - b->reverse.log_mean);
    if (b->has_reverse) json_put_real(j, "rais_error", b->reverse.error);
}

static double mean_of(const double *x, int64_t n)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n; i++) sum += x[i];
    return sum / (double)n;
}

/* Mean log-likelihood of the data: -<E> - <ln Z(u)>, where the conditions stand for the data's. */
static void put_likelihood(struct work *w, double logz, double error)
{
    if (w->data.M == 0 || !(w->joint || w->drawn)) return;
    json_put_real(w->r->result, "log_likelihood", -w->mean_energy - logz);
    json_put_real(w->r->result, "log_likelihood_error", error);
}

static void report_exact(struct work *w)
{
    struct json *j = w->r->result;
    double logz = mean_of(w->exact, w->Q), spread = 0.0;

    for (int64_t q = 0; q < w->Q; q++) spread += (w->exact[q] - logz) * (w->exact[q] - logz);
    double error = w->Q > 1 ? sqrt(spread / (double)(w->Q - 1) / (double)w->Q) : 0.0;
    json_put_real(j, "logz", logz);
    json_put_real(j, "error", 0.0);
    if (w->Q > 1) json_put_real(j, "energies_error", error);
    json_put_text(j, "verdict", "exact");
    put_likelihood(w, logz, error);
}

static void report_runs(struct work *w, int bar)
{
    struct logweights_bracket *b = mem_take(w->Q, sizeof *b);
    struct json *j = w->r->result, *list = json_list();
    char verdict[200];

    for (int64_t q = 0; q < w->Q; q++) {
        struct json *one = json_new();
        b[q] = zrun_bracket(&w->z, q, bar);
        if (w->energy != NULL) json_put_real(one, "energy", w->energy[q]);
        put_bracket(one, &b[q]);
        if (w->exact != NULL) json_put_real(one, "exact", w->exact[q]);
        json_add(list, one);
    }
    struct logweights_mean mean = logweights_mean(b, w->Q);
    logweights_verdict(&mean, verdict, sizeof verdict);
    json_put_real(j, "logz", mean.logz);
    json_put_real(j, "error", mean.chains_error);
    if (w->Q > 1) json_put_real(j, "energies_error", mean.energies_error);
    json_put_real(j, "lower", mean.lower);
    json_put_real(j, "upper", mean.upper);
    json_put_real(j, "gap", mean.gap);
    json_put_real(j, "gap_error", mean.gap_error);
    json_put_int(j, "chains", w->z.chains);
    json_put_int(j, "betas", w->z.K);
    json_put_real(j, "ess", mean.ess);
    json_put_text(j, "verdict", verdict);
    if (w->exact != NULL) json_put_real(j, "exact", mean_of(w->exact, w->Q));
    put_likelihood(w, mean.logz, w->Q > 1 ? mean.energies_error : mean.chains_error);
    json_put(j, "conditions", list);
    log_say(&w->r->log, "ln Z = %.4f +- %.4f, %s", mean.logz, mean.chains_error, verdict);
    mem_free(b);
}

/* All steps of both directions, or a stop with the state on disk. */
static int walk(struct work *w, int up, int down, struct err *e)
{
    struct zrun *z = &w->z;
    int64_t all = (int64_t)(up + down) * z->K;
    struct progress progress;

    zrun_begin(z, up, down);
    if (zstate_read(z, e) < 0) return -1;
    progress_start(&progress, &w->r->log, "logz", "steps", all - zrun_left(z), all);
    while (zrun_left(z) > 0) { /* some steps first: however short its turns, a run ends */
        zrun_advance(z, STEPS_AT_ONCE);
        progress_step(&progress, all - zrun_left(z));
        if (zrun_left(z) > 0 && run_stops(w->r)) return zstate_write(z, e) ? -1 : RUN_STOPPED;
    }
    progress_end(&progress);
    zrun_end(z);
    return RUN_DONE;
}

/* Where the log-weights go; the caller frees. */
static char *output_path(const struct run *r)
{
    const char *output = conf_text(r->conf, "logz.output"), *name = conf_text(r->conf, "run.name");

    if (output[0] != '\0') return mem_text(output);
    char *file = mem_print("%s.h5", name[0] != '\0' ? name : "logz"), *path = run_path(r, file);
    mem_free(file);
    return path;
}

static int estimate(struct work *w, int method, const char *path, struct err *e)
{
    const struct kern *k = kern_named(conf_text(w->r->conf, "run.kernels"), e);

    if (k == NULL || run_output(w->r, path, e)) return -1;
    zrun_init(&w->z, w->r, &w->model.rbm, k, w->Q, w->u, w->mean);
    int status = walk(w, method != METHOD_RAIS, method != METHOD_AIS, e);
    if (status != RUN_DONE) return status;
    if (zrun_write(&w->z, path, w->energy, e)) return -1;
    zstate_remove(&w->z);
    json_put_text(w->r->result, "path", path);
    report_runs(w, method == METHOD_BAR);
    return RUN_DONE;
}

static int act(struct work *w, struct err *e)
{
    const struct conf *c = w->r->conf;
    int method = conf_choice(c, "logz.method");

    if (modelfile_load(&w->model, w->r->P, conf_text(c, "logz.model"), 1, e) || read_data(w, e) ||
        set_conditions(w, e) || enumerate(w, method == METHOD_EXACT, e))
        return -1;
    json_put_text(w->r->result, "command", "logz");
    json_put_text(w->r->result, "target", w->joint ? "joint" : "conditional");
    json_put_text(w->r->result, "method", conf_text(c, "logz.method"));
    if (method == METHOD_EXACT) {
        report_exact(w);
        return RUN_DONE;
    }
    char *path = output_path(w->r);
    int status = estimate(w, method, path, e);
    mem_free(path);
    return status;
}

int cmd_logz(struct run *r, struct err *e)
{
    struct work w = { .r = r };
    double start = clock_now();
    int status = act(&w, e);

    json_put_real(r->result, "seconds", clock_now() - start);
    zrun_free(&w.z);
    bits_free(&w.data);
    model_free(&w.model);
    mem_free(w.mean);
    mem_free(w.energy);
    mem_free(w.u);
    mem_free(w.exact);
    return status;
}
