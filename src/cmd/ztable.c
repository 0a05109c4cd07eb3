#include "cmd/ztable.h"

#include "base/file.h"
#include "base/mem.h"
#include "cmd/zfile.h"
#include "cmd/zreport.h"
#include "cmd/zstarts.h"
#include "cmd/zstate.h"
#include "cmd/zwalk.h"
#include "rbm/hidden.h"
#include "rbm/spins.h"

#include <math.h>

/* E of states, or F where partitions are hidden. */
static void energies_of(double *energy, const struct rbm *m, const uint8_t *states, int64_t n)
{
    struct err coupled = { "" };

    if (hidden_check(m, &coupled))
        rbm_energy_states(m, states, n, energy);
    else
        hidden_energy(m, states, n, energy, NULL);
}

static void energies(double *energy, const struct zsubject *s, const uint64_t *bits, int64_t tiles)
{
    int64_t lanes = tiles * KERN_LANES;
    uint8_t *state = mem_take(lanes * s->m->T.N, 1);

    spins_unpack(state, bits, tiles, lanes, s->m->T.N);
    energies_of(energy, s->m, state, lanes);
    mem_free(state);
}

/* Mean E of samples: chains of each condition after logz.burn sweeps. */
static int sample_energy(double *mean, const struct zsubject *s, const struct zplan *plan,
                         struct err *e)
{
    const struct par *P = s->r->P;
    struct zplan from_coins = *plan;
    struct ztiles tiles;

    from_coins.start = ZSTART_LONG;
    from_coins.method = ZMETHOD_BOTH;
    from_coins.down = 1;
    if (ztiles_of(&tiles, s->Q, 1, 0, plan->chains, P->rank, P->size, e)) return -1;
    int64_t mine = tiles.mine.count, all = s->Q * tiles.each;
    uint64_t *bits = mem_take(s->m->T.N * mine, sizeof *bits);
    double *energy = mem_take(mine * KERN_LANES, sizeof *energy);
    double *sum = mem_take(mine, sizeof *sum), *sums = mem_take(all, sizeof *sums);
    int bad = zstarts_fill(bits, &tiles, s, &from_coins, NULL, e);
    if (!bad) energies(energy, s, bits, mine);
    for (int64_t i = 0; i < mine; i++) {
        uint64_t live = ztiles_live(&tiles, tiles.mine.first + i);
        for (int c = 0; c < KERN_LANES; c++)
            if (live >> c & 1) sum[i] += energy[i * KERN_LANES + c];
    }
    if (!bad) par_allgather(P, sum, mine * (int64_t)sizeof *sum, sums);
    *mean = 0.0;
    for (int64_t i = 0; i < all; i++) *mean += sums[i] / (double)(s->Q * plan->chains);
    mem_free(bits);
    mem_free(energy);
    mem_free(sum);
    mem_free(sums);
    return bad;
}

static double data_energy(const struct ztarget *t, const struct rbm *m)
{
    const struct bits *b = &t->data;
    double *energy = mem_take(b->rows.count, sizeof *energy), sum = 0.0;

    energies_of(energy, m, b->state, b->rows.count);
    for (int64_t i = 0; i < b->rows.count; i++) sum += energy[i];
    par_sum(t->r->P, &sum, 1);
    mem_free(energy);
    return sum / (double)b->M;
}

/* Are these the chains that the plan ends with? Up to an error (`several`) it takes any number of
 * batches. */
static int whole(const struct zweights *w, const struct zplan *plan, int several)
{
    int64_t n = zweights_chains(w);
    int begins = n > 0 && w->tile[0] == plan->first / KERN_LANES &&
                 (w->live[0] >> plan->first % KERN_LANES & 1);

    return begins && (several ? n >= plan->chains : n == plan->chains);
}

/* Its chains from NAME.random.h5 where an earlier turn of this run left them. */
static int walk(struct zweights *w, const struct ztarget *t, const struct zsubject *s,
                const struct zplan *plan, const struct zpath *path, struct err *e)
{
    const struct conf *c = s->r->conf;
    char *file = run_named(s->r, "random.h5");
    int there = s->r->P->rank == 0 && file_exists(file), status = RUN_DONE;
    struct err other = { "" };

    par_bcast(s->r->P, &there, sizeof there, 0);
    if (conf_choice(c, "run.resume") == RESUME_NEVER) there = 0;
    zweights_init(w, s->Q, plan, path->K);
    if (there && zfile_read(s, plan, path, w, file, &other) == 0 &&
        whole(w, plan, conf_real(c, "logz.target_error") > 0.0))
        log_say(&s->r->log, "the random machine's chains are those of %s", file);
    else {
        zweights_free(w);
        zweights_init(w, s->Q, plan, path->K);
        status = zwalk_run(w, t, s, plan, path, e);
        struct zquality quality = { { NULL } };
        if (status == RUN_DONE) zquality_init(&quality, plan, w, s->r->seed);
        if (status == RUN_DONE && zfile_write(s, plan, path, w, &quality, t->energy, file, e))
            status = -1;
        zquality_free(&quality);
        if (status == RUN_DONE) zstate_remove(s);
    }
    mem_free(file);
    return status;
}

int ztable_init(struct ztable *x, const struct ztarget *t, const struct zsubject *s,
                const struct zplan *plan, struct err *e)
{
    struct zsubject random = *s;
    struct zpath path = { 0 };
    struct zweights w = { 0 };

    *x = (struct ztable){ 0 };
    if (t->data.M == 0)
        return err_set(e, "logz.table needs logz.data, a Bits file of encoded showers");
    if (!t->joint && !t->drawn)
        return err_set(e, "logz.table needs logz.energies: [], so that conditions are drawn from "
                          "logz.data");
    if (plan->method == ZMETHOD_RAISE || plan->start != ZSTART_LONG)
        return err_set(e, "logz.table goes with logz.start: long and any logz.method but raise");
    rbm_random_like(&x->random, s->m, s->r->seed);
    random.m = &x->random;
    random.name = "random";
    random.mean = NULL; /* the data's means are not its own */
    int status = zpath_init(&path, &random, plan, e) ? -1 : RUN_DONE;
    if (status == RUN_DONE) status = walk(&w, t, &random, plan, &path, e);
    if (status == RUN_DONE) {
        struct logweights_mean mean = zreport_mean(&w, plan, &path, t, NULL);
        x->logz = mean.logz;
        x->error = t->drawn && t->Q > 1 ? mean.energies_error : mean.chains_error;
        x->data = data_energy(t, &x->random);
        if (sample_energy(&x->samples, &random, plan, e)) status = -1;
    }
    zweights_free(&w);
    zpath_free(&path);
    return status;
}

void ztable_free(struct ztable *x)
{
    rbm_free(&x->random);
    *x = (struct ztable){ 0 };
}

int ztable_report(const struct ztable *x, const struct ztarget *t, const struct zsubject *s,
                  const struct zplan *plan, const struct logweights_mean *trained, struct err *e)
{
    struct json *table = json_new();
    double own, error = t->drawn && t->Q > 1 ? trained->energies_error : trained->chains_error;

    if (sample_energy(&own, s, plan, e)) {
        json_drop(table);
        return -1;
    }
    double on_data = -t->mean_energy - trained->logz, on_samples = -own - trained->logz;
    double random_samples = -x->samples - x->logz, random_data = -x->data - x->logz;
    int expected = fmin(on_data, on_samples) > random_samples && random_samples > random_data;
    json_put_real(table, "trained_data", on_data);
    json_put_real(table, "trained_samples", on_samples);
    json_put_real(table, "random_samples", random_samples);
    json_put_real(table, "random_data", random_data);
    json_put_real(table, "trained_error", error);
    json_put_real(table, "random_error", x->error);
    json_put_real(table, "random_logz", x->logz);
    json_put_flag(table, "ordered", expected);
    json_put(t->r->result, "table", table);
    log_say(&t->r->log,
            "log-likelihoods: trained on data %.3f, on its samples %.3f, random on its samples "
            "%.3f, on data %.3f: %s",
            on_data, on_samples, random_samples, random_data,
            expected ? "in the order expected" : "not in the order expected");
    return 0;
}
