#include "cmd/ztarget.h"

#include "base/mem.h"
#include "base/rng.h"
#include "cmd/modelfile.h"
#include "io/ckpt.h"
#include "rbm/hidden.h"
#include "rbm/spins.h"
#include "vae/energycode.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Rows of visible units become states, hidden units 0. */
static void show_all(struct bits *b, const struct rbm *m)
{
    uint8_t *state = mem_take(b->rows.count * m->T.N, 1);

    hidden_spread(state, m, b->state, b->rows.count);
    mem_free(b->state);
    b->state = state;
    b->N = m->T.N;
}

static int read_data(struct ztarget *t, struct err *e)
{
    const char *path = conf_text(t->r->conf, "logz.data");
    const struct rbm *m = &t->model.rbm;
    struct bits *b = &t->data;
    struct err coupled = { "" };

    if (path[0] == '\0') return 0;
    if (bits_read(b, t->r->P, path, e)) return -1;
    t->partial = m->hidden != 0 && b->N == hidden_visible(m);
    if (t->partial) show_all(b, m);
    if (b->N != m->T.N)
        return err_set(e, "%s: states have %d bits, expected the %d units of %s", path, b->N,
                       m->T.N, t->model.path);
    t->mean = mem_take(b->N, sizeof *t->mean);
    double *energy = mem_take(b->rows.count, sizeof *energy);
    int open = hidden_check(m, &coupled);
    if (m->hidden != 0 && open)
        log_warn(&t->r->log, "%s: the likelihood is that of whole states", coupled.text);
    if (t->summed >= 0 || open) {
        for (int64_t i = 0; i < b->rows.count * b->N; i++) t->mean[i % b->N] += b->state[i];
        if (t->summed >= 0)
            hidden_summed(m, (uint64_t)1 << t->summed, b->state, b->rows.count, energy, NULL);
        else
            rbm_energy_states(m, b->state, b->rows.count, energy);
    } else
        hidden_energy(m, b->state, b->rows.count, energy, t->mean);
    for (int64_t i = 0; i < b->rows.count; i++) t->mean_energy += energy[i];
    par_sum(t->r->P, t->mean, b->N);
    par_sum(t->r->P, &t->mean_energy, 1);
    t->mean_energy /= (double)b->M;
    for (int i = 0; i < b->N; i++) t->mean[i] /= (double)b->M;
    mem_free(energy);
    return 0;
}

/* States drawn from the data: rows picked by seed, with their incident energies. */
static void draw_states(struct ztarget *t)
{
    const struct bits *b = &t->data;
    int64_t *sum = mem_take(t->Q * b->N, sizeof *sum);
    double *energy = mem_take(t->Q, sizeof *energy);

    for (int64_t q = 0; q < t->Q; q++) {
        struct rng g = rng_at(t->r->seed, RNG_ENERGY, q, 1);
        int64_t row = (int64_t)rng_below(&g, (uint64_t)b->M) - b->rows.first;
        if (row < 0 || row >= b->rows.count) continue;
        for (int i = 0; i < b->N; i++) sum[q * b->N + i] = b->state[row * b->N + i];
        energy[q] = b->incident != NULL ? b->incident[row] : 0.0;
    }
    par_sum_int(t->r->P, sum, t->Q * b->N);
    par_sum(t->r->P, energy, t->Q);
    t->state = mem_take(t->Q * b->N, sizeof *t->state);
    for (int64_t i = 0; i < t->Q * b->N; i++) t->state[i] = (uint8_t)sum[i];
    t->energy = energy;
    mem_free(sum);
}

/* The clamped units' bits of the drawn states. */
static void take_conditions(struct ztarget *t)
{
    const struct rbm *m = &t->model.rbm;

    for (int64_t q = 0; q < t->Q; q++)
        for (int j = 0; j < m->held; j++) t->u[q * m->held + j] = t->state[q * m->T.N + m->hold[j]];
}

static int list_conditions(struct ztarget *t, int listed, struct err *e)
{
    const struct conf *c = t->r->conf;

    if (model_conditional(&t->model, e)) return -1;
    t->energy = mem_take(t->Q, sizeof *t->energy);
    for (int q = 0; q < listed; q++) {
        t->energy[q] = conf_real_at(c, "logz.energies", q);
        if (energycode_range(t->energy[q], e)) return err_within(e, "logz.energies, entry %d", q);
    }
    model_condition(&t->model, t->energy, t->Q, t->u);
    model_aliases(&t->model, &t->r->log, "logz.energies", t->energy, t->Q);
    return 0;
}

static int set_conditions(struct ztarget *t, struct err *e)
{
    const struct conf *c = t->r->conf;
    struct rbm *m = &t->model.rbm;
    int listed = conf_count(c, "logz.energies");
    int raise = conf_choice(c, "logz.method") == ZMETHOD_RAISE;

    t->joint = m->held == 0 || conf_choice(c, "logz.clamp") == 1;
    if (t->joint) m->held = 0; /* the joint machine: clamped units are drawn like the others */
    t->drawn = raise || (!t->joint && listed == 0);
    if (raise && t->data.M == 0)
        return err_set(e, "logz.method: raise needs logz.data, a Bits file of states");
    if (t->drawn && t->data.M == 0)
        return err_set(e, "logz.energies is empty, expected energies in MeV, or logz.data to draw "
                          "them from");
    t->Q = t->drawn ? conf_int(c, "logz.conditions") : t->joint ? 1 : listed;
    if (t->drawn) draw_states(t);
    if (t->joint) return 0;
    t->u = mem_take(t->Q * m->held, sizeof *t->u);
    if (!t->drawn) return list_conditions(t, listed, e);
    take_conditions(t);
    return 0;
}

/* The run's persistent chains, for logz.start: chains. */
static int read_pool(struct ztarget *t, struct err *e)
{
    struct h5 f = { 0 };
    struct h5_shape s;
    int64_t n, N = t->model.rbm.T.N;
    int clamped = t->clamps;

    if (conf_choice(t->r->conf, "logz.start") != ZSTART_CHAINS) return 0;
    if (t->joint && clamped)
        return err_set(e,
                       "logz.start: chains: the chains of %s are clamped to incident energies and "
                       "are no sample of the joint machine; expected logz.start: long, or "
                       "logz.clamp: auto",
                       t->model.path);
    int bad = ckpt_open_any(&f, t->r->P, t->model.path, e);
    if (!bad && h5_has(&f, "chains/state")) {
        if (h5_has(&f, "chains/beta"))
            bad = err_set(e,
                          "%s: its persistent chains are ladders of temperatures; expected "
                          "logz.start: tempered or long",
                          f.path);
        bad =
            bad || h5_get_int(&f, "chains", "chains", &n, e) || h5_shape(&f, "chains/state", &s, e);
        if (!bad && (s.dims != 2 || s.n[1] != N || n < 1 || s.n[0] != spins_tiles(n)))
            bad = err_set(e, "%s: /chains/state is no row of %lld words for each 64 of %lld chains",
                          f.path, (long long)N, (long long)n);
        uint64_t *rows = bad ? NULL : mem_take(s.n[0] * N, sizeof *rows);
        if (!bad) bad = h5_read_all(&f, "chains/state", H5_UINT64, rows, e);
        if (!bad) t->pool = mem_take(s.n[0] * N, sizeof *t->pool);
        if (!bad) spins_from_rows(t->pool, rows, s.n[0], (int)N);
        t->pool_chains = n;
        mem_free(rows);
    }
    h5_close(&f);
    return bad ? -1 : 0;
}

/* The exact value where an oracle is quick; the joint machine has one for all states. */
static int ask_oracle(struct ztarget *t, int must, struct err *e)
{
    int64_t Q = t->joint ? 1 : t->Q;

    if (oracle_plan(&t->oracle, t->r, &t->model.rbm, t->joint, Q, t->u, must, e)) return -1;
    int status = oracle_run(&t->oracle, e);
    if (status != RUN_DONE || t->oracle.log_z == NULL) return status;
    t->exact = mem_take(t->Q, sizeof *t->exact);
    for (int64_t q = 0; q < t->Q; q++) t->exact[q] = t->oracle.log_z[q % Q];
    return status;
}

/* RAISE alone bounds the likelihood of what is left when a partition is summed over. */
static int set_summed(struct ztarget *t)
{
    const char *text = conf_text(t->r->conf, "logz.marginal");

    t->summed = -1;
    if (conf_choice(t->r->conf, "logz.method") == ZMETHOD_RAISE && isdigit((unsigned char)*text))
        t->summed = atoi(text) % t->model.rbm.T.K; /* zplan_of judges it */
    t->clamps = t->model.rbm.held > 0;
    return 0;
}

int ztarget_init(struct ztarget *t, struct run *r, int must, struct err *e)
{
    *t = (struct ztarget){ .r = r };
    if (modelfile_load(&t->model, r->P, conf_text(r->conf, "logz.model"), 1, MODELFILE_PLAIN, e) ||
        set_summed(t) || read_data(t, e))
        return -1;
    if (conf_choice(r->conf, "logz.method") == ZMETHOD_TRAJECTORY) {
        t->joint = t->model.rbm.held == 0 || conf_choice(r->conf, "logz.clamp") == 1;
        t->drawn = !t->joint; /* by the training */
        return RUN_DONE;
    }
    if (set_conditions(t, e) || read_pool(t, e)) return -1;
    return ask_oracle(t, must, e);
}

struct zsubject ztarget_subject(const struct ztarget *t, const struct kern *k)
{
    int raise = conf_choice(t->r->conf, "logz.method") == ZMETHOD_RAISE;

    return (struct zsubject){ .r = t->r,
                              .name = "",
                              .m = &t->model.rbm,
                              .kern = k,
                              .Q = t->Q,
                              .u = t->u,
                              .state = raise ? t->state : NULL,
                              .mean = t->mean,
                              .data = t->data.M > 0 && !t->partial
                                          ? conf_text(t->r->conf, "logz.data")
                                          : NULL,
                              .data_rows = t->data.M,
                              .pool = t->pool,
                              .pool_chains = t->pool_chains };
}

void ztarget_free(struct ztarget *t)
{
    bits_free(&t->data);
    model_free(&t->model);
    mem_free(t->mean);
    mem_free(t->energy);
    mem_free(t->u);
    mem_free(t->state);
    mem_free(t->pool);
    mem_free(t->exact);
    oracle_free(&t->oracle);
    *t = (struct ztarget){ 0 };
}
