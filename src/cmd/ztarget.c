#include "cmd/ztarget.h"

#include "base/mem.h"
#include "base/rng.h"
#include "cmd/modelfile.h"
#include "vae/energycode.h"

static int read_data(struct ztarget *t, struct err *e)
{
    const char *path = conf_text(t->r->conf, "logz.data");
    const struct rbm *m = &t->model.rbm;
    struct bits *b = &t->data;

    if (path[0] == '\0') return 0;
    if (bits_read(b, t->r->P, path, e)) return -1;
    if (b->N != m->T.N)
        return err_set(e, "%s: states have %d bits, expected the %d units of %s", path, b->N,
                       m->T.N, t->model.path);
    int64_t *count = mem_take(b->N, sizeof *count);
    double *energy = mem_take(b->rows.count, sizeof *energy);
    for (int64_t i = 0; i < b->rows.count * b->N; i++) count[i % b->N] += b->state[i];
    rbm_energy_states(m, b->state, b->rows.count, energy);
    for (int64_t i = 0; i < b->rows.count; i++) t->mean_energy += energy[i];
    par_sum_int(t->r->P, count, b->N);
    par_sum(t->r->P, &t->mean_energy, 1);
    t->mean_energy /= (double)b->M;
    t->mean = mem_take(b->N, sizeof *t->mean);
    for (int i = 0; i < b->N; i++) t->mean[i] = (double)count[i] / (double)b->M;
    mem_free(energy);
    mem_free(count);
    return 0;
}

/* Conditions drawn from the data: rows picked by seed, their partition bits and energies. */
static void draw_conditions(struct ztarget *t)
{
    const struct rbm *m = &t->model.rbm;
    const struct bits *b = &t->data;
    int n0 = m->held;
    int64_t *sum = mem_take(t->Q * (n0 + 1), sizeof *sum);
    double *energy = mem_take(t->Q, sizeof *energy);

    for (int64_t q = 0; q < t->Q; q++) {
        struct rng g = rng_at(t->r->seed, RNG_ENERGY, q, 1);
        int64_t row = (int64_t)rng_below(&g, (uint64_t)b->M) - b->rows.first;
        if (row < 0 || row >= b->rows.count) continue;
        for (int j = 0; j < n0; j++) sum[q * n0 + j] = b->state[row * b->N + m->hold[j]];
        energy[q] = b->incident != NULL ? b->incident[row] : 0.0;
    }
    par_sum_int(t->r->P, sum, t->Q * n0);
    par_sum(t->r->P, energy, t->Q);
    for (int64_t i = 0; i < t->Q * n0; i++) t->u[i] = (uint8_t)sum[i];
    t->energy = energy;
    mem_free(sum);
}

static int set_conditions(struct ztarget *t, struct err *e)
{
    const struct conf *c = t->r->conf;
    struct rbm *m = &t->model.rbm;
    int listed = conf_count(c, "logz.energies");

    t->joint = m->held == 0 || conf_choice(c, "logz.clamp") == 1;
    t->Q = 1;
    if (t->joint) {
        m->held = 0; /* the joint machine: clamped units are drawn like the others */
        return 0;
    }
    t->drawn = listed == 0;
    if (t->drawn && t->data.M == 0)
        return err_set(e, "logz.energies is empty, expected energies in MeV, or logz.data to draw "
                          "them from");
    t->Q = t->drawn ? conf_int(c, "logz.conditions") : listed;
    t->u = mem_take(t->Q * m->held, sizeof *t->u);
    if (t->drawn) {
        draw_conditions(t);
        return 0;
    }
    if (model_conditional(&t->model, e)) return -1;
    t->energy = mem_take(t->Q, sizeof *t->energy);
    for (int q = 0; q < listed; q++) {
        t->energy[q] = conf_real_at(c, "logz.energies", q);
        if (energycode_range(t->energy[q], e)) return err_within(e, "logz.energies, entry %d", q);
    }
    model_condition(m, t->energy, t->Q, t->u);
    return 0;
}

int ztarget_init(struct ztarget *t, struct run *r, int must, struct err *e)
{
    *t = (struct ztarget){ .r = r };
    if (modelfile_load(&t->model, r->P, conf_text(r->conf, "logz.model"), 1, e) ||
        read_data(t, e) || set_conditions(t, e) ||
        oracle_plan(&t->oracle, r, &t->model.rbm, t->joint, t->Q, t->u, must, e))
        return -1;
    int status = oracle_run(&t->oracle, e);
    t->exact = t->oracle.log_z;
    return status;
}

void ztarget_free(struct ztarget *t)
{
    bits_free(&t->data);
    model_free(&t->model);
    mem_free(t->mean);
    mem_free(t->energy);
    mem_free(t->u);
    oracle_free(&t->oracle);
    *t = (struct ztarget){ 0 };
}
