#include "cmd/prior.h"

#include "base/mem.h"
#include "rbm/sampler.h"
#include "rbm/hidden.h"
#include "rbm/spins.h"

#include <math.h>
#include <string.h>

static const double LEAST_MEAN = 1e-4; /* of a unit that starts its bias, as rbms */

enum { EXACT_MOST = 20 }; /* units to walk in every update */

static void options(struct update *u, const struct conf *c, int64_t steps)
{
    u->decay = conf_real(c, "rbm.decay");
    u->lasso = conf_real(c, "rbm.decay_l1");
    u->clip = conf_real(c, "rbm.clip");
    u->most = conf_real(c, "rbm.weight_clip");
    u->schedule = (enum update_schedule)conf_choice(c, "rbm.schedule");
    u->factor = conf_real(c, "rbm.schedule_factor");
    u->every = conf_int(c, "rbm.schedule_every");
    u->steps = steps;
}

/* What the options ask of the machine and the data. */
static int check(const struct prior *p, const struct conf *c, struct err *e)
{
    if (p->statistics != DATA_BINARY && p->feed->bits)
        return err_set(e,
                       "rbm.data_statistics is %s and data.kind is %s, which holds bits: expected "
                       "binary",
                       conf_text(c, "rbm.data_statistics"), conf_text(c, "data.kind"));
    if (conf_int(c, "rbm.tempering") > 1 && p->method != METHOD_PCD && p->method != METHOD_RDM)
        return err_set(e,
                       "rbm.tempering is for chains that persist or start anew, and rbm.method "
                       "is %s: expected pcd or rdm",
                       conf_text(c, "rbm.method"));
    return 0;
}

/* Chains that make anneal.mix the share of the reads. */
static int set_mix(struct prior *p, const struct conf *c, struct err *e)
{
    double share = conf_real(c, "anneal.mix");
    int64_t reads = conf_int(c, "anneal.reads");

    p->mixed = llround((double)reads * (1.0 - share) / share);
    if (p->mixed > p->pool.n)
        return err_set(e,
                       "anneal.mix is %g of %lld reads, which takes %lld chains beside them, and "
                       "rbm.chains is %lld",
                       share, (long long)reads, (long long)p->mixed, (long long)p->pool.n);
    p->few = mem_take(p->pool.chains.tiles.count, sizeof *p->few);
    return 0;
}

int prior_init(struct prior *p, const struct run *r, struct rbm *m, const struct kern *k,
               const struct feed *f, int64_t steps, struct err *e)
{
    const struct conf *c = r->conf;
    struct err open = { "" };
    int64_t room = spins_tiles(f->share);
    int adam = conf_choice(c, "rbm.optimiser") == 1, N = m->T.N;
    int push = conf_real(c, "rbm.momentum") > 0.0 || conf_int(c, "rbm.momentum_epochs") > 0;

    *p = (struct prior){ .P = r->P, .m = m, .kern = k, .feed = f };
    m->hidden = 0;
    for (int i = f->visible; i < m->T.K; i++) m->hidden |= (uint64_t)1 << i;
    p->closed = hidden_check(m, &open) == 0;
    p->kind = (enum phases_kind)conf_choice(c, "rbm.gradient");
    p->method = (enum prior_method)conf_choice(c, "rbm.method");
    p->statistics = (enum prior_data)conf_choice(c, "rbm.data_statistics");
    p->soft = conf_flag(c, "rbm.rao_blackwell");
    p->offset_rate = conf_real(c, "rbm.offset_rate");
    p->pace = pace_from(c, feed_steps(f));
    p->sweeps = p->pace.sweeps;
    if (check(p, c, e) || pool_init(&p->pool, r, m, k, f, e)) return -1;
    if (p->method == METHOD_ANNEALER && set_mix(p, c, e)) return -1;
    if (p->method == METHOD_EXACT && exact_plan(&p->exact, m, 0, EXACT_MOST, e))
        return err_within(e, "rbm.method exact");
    course_init(&p->course, r, m, k, f);
    phases_init(&p->phases, m);
    update_init(&p->update, adam ? UPDATE_ADAM : push ? UPDATE_MOMENTUM : UPDATE_SGD, m);
    options(&p->update, c, steps);
    p->data = mem_take(N * room, sizeof *p->data);
    p->live = mem_take(room, sizeof *p->live);
    p->one = mem_take(N, sizeof *p->one);
    int64_t floats = p->statistics != DATA_BINARY ? f->share : 0;
    p->z = mem_take((floats > 64 ? floats : 64) * N, sizeof *p->z);
    if (p->method == METHOD_CD) p->model = mem_take(N * room, sizeof *p->model);
    if (p->method == METHOD_EXACT) {
        p->mean = mem_take(N, sizeof *p->mean);
        p->pair = mem_take(m->T.M, sizeof *p->pair);
    }
    return 0;
}

void prior_free(struct prior *p)
{
    pool_free(&p->pool);
    course_free(&p->course);
    phases_free(&p->phases);
    update_free(&p->update);
    mem_free(p->data);
    mem_free(p->live);
    mem_free(p->one);
    mem_free(p->z);
    mem_free(p->model);
    mem_free(p->few);
    mem_free(p->mean);
    mem_free(p->pair);
    exact_free(&p->exact);
    *p = (struct prior){ 0 };
}

/* Biases at the log-odds of the data's means; those of hidden units stay. */
static void start_biases(struct prior *p)
{
    const struct rows *rows = &p->feed->rows;
    double *mean = mem_take(p->m->T.N, sizeof *mean);

    rows_means(rows, mean);
    for (int i = rows->V; i < p->m->T.N; i++) mean[i] = 0.5;
    rbm_bias_from(p->m, mean, LEAST_MEAN);
    mem_free(mean);
}

void prior_start(struct prior *p, int biases)
{
    if (biases && p->feed->bits) start_biases(p);
    pool_start(&p->pool);
    course_start(&p->course);
}

/* The hidden partitions given the others: one draw is exact unless they are coupled to each other.
 */
static void draw_hidden(struct prior *p, struct block tiles)
{
    int hidden = p->m->T.K - p->feed->visible, passes = p->closed ? 1 : p->sweeps;
    struct gibbs g = {
        .beta = 1.0f, .seed = p->pool.chains.seed, .stream = RNG_HIDDEN, .first = p->feed->visible
    };

    for (int s = 0; s < passes && hidden > 0; s++)
        gibbs_sweep(&g, p->m, p->kern, p->data, NULL, tiles, p->update.step * passes + s);
}

/* Count bits, or with rbm.rao_blackwell their last partition's probabilities. */
static void count(struct prior *p, int chains, int soft, const uint64_t *bits, int64_t tiles,
                  const uint64_t *live)
{
    if (!soft) {
        (chains ? phases_chains : phases_data)(&p->phases, p->m, p->kern, bits, tiles, live);
        return;
    }
    for (int64_t t = 0; t < tiles; t++) {
        int n = 0, N = p->m->T.N;
        phases_soften(p->z, p->m, p->kern, bits, tiles, t, p->one);
        for (int c = 0; c < 64; c++) /* the rows that count, one behind another */
            if (live[t] >> c & 1) memmove(p->z + N * n++, p->z + N * c, (size_t)N * sizeof *p->z);
        (chains ? phases_chains_floats : phases_data_floats)(&p->phases, p->m, p->z, n);
    }
}

/* A step begins: its pace, and the tiles that this rank's data fill. */
static void place_data(struct prior *p, int n)
{
    int64_t first =
        p->feed->bits ? p->feed->mine.first / 64 : p->P->rank * spins_tiles(p->feed->share);

    p->sweeps = pace_set(&p->pace, &p->update);
    p->place = (struct block){ first, spins_tiles(n) };
    spins_live(p->live, (struct block){ 0, p->place.count }, n);
    phases_clear(&p->phases);
}

void prior_data_floats(struct prior *p, const float *z, const float *logit, int free_units, int n)
{
    int N = p->m->T.N, fixed = N - free_units;

    spins_pack_floats(p->data, z, n, N);
    place_data(p, n);
    if (p->statistics == DATA_RELAXED) {
        phases_data_floats(&p->phases, p->m, z, n);
    } else if (p->statistics == DATA_PROBABILITIES) {
        for (int64_t s = 0; s < n; s++)
            for (int i = 0; i < N; i++)
                p->z[s * N + i] = i < fixed
                                      ? z[s * N + i]
                                      : 1.0f / (1.0f + expf(-logit[s * free_units + i - fixed]));
        phases_data_floats(&p->phases, p->m, p->z, n);
    } else {
        count(p, 0, 0, p->data, p->place.count, p->live);
    }
}

void prior_data_bytes(struct prior *p, const uint8_t *states, int n)
{
    spins_pack(p->data, states, n, p->m->T.N);
    place_data(p, n);
    draw_hidden(p, p->place);
    count(p, 0, p->soft && p->feed->visible < p->m->T.K, p->data, p->place.count, p->live);
}

/* The mean energy is linear in means and second moments: exact counts give it. */
static double mean_energy(const struct prior *p, const int64_t *unit, const int64_t *pair,
                          int64_t n)
{
    double sum = 0.0;

    for (int i = 0; i < p->m->T.N; i++) sum += (double)p->m->bias[i] * (double)unit[i];
    for (int64_t k = 0; k < p->m->T.M; k++) sum += (double)p->m->weight[k] * (double)pair[k];
    return -sum / (double)n;
}

/* Chains that start at the data of this step; k sweeps. */
static void contrast(struct prior *p)
{
    int64_t tiles = p->place.count;
    struct gibbs g = { .beta = 1.0f, .seed = p->pool.chains.seed, .stream = RNG_CHAIN };

    memcpy(p->model, p->data, (size_t)(p->m->T.N * tiles) * sizeof *p->model);
    for (int s = 0; s < p->sweeps; s++)
        gibbs_sweep(&g, p->m, p->kern, p->model, NULL, p->place, p->pool.chains.sweep + s + 1);
    p->pool.chains.sweep += p->sweeps;
    count(p, 1, p->soft, p->model, tiles, p->live);
}

/* Enumeration, under the conditions that chains would carry: the mean over this rank's share. */
static void enumerate(struct prior *p)
{
    int n0 = p->m->held;
    int64_t n = n0 == 0         ? p->P->rank == 0
                : p->pool.fixed ? chains_mine(&p->pool.chains)
                                : p->feed->mine.count;

    for (int64_t i = 0; i < n; i++) {
        if (n0 > 0) pool_condition(&p->pool, i, p->pool.condition);
        exact_moments(&p->exact, p->m, n0 > 0 ? p->pool.condition : NULL, p->mean, p->pair);
        phases_chains_exact(&p->phases, p->m, p->mean, p->pair);
    }
}

/* Chains beside the reads of an annealer: the first so many of the pool. */
static void mix_in(struct prior *p)
{
    struct pool *pool = &p->pool;

    pool_move(pool, p->sweeps);
    spins_live(p->few, pool->chains.tiles, p->mixed);
    count(p, 1, p->soft, pool->chains.bits, pool->chains.tiles.count, p->few);
}

static void model_phase(struct prior *p)
{
    struct pool *pool = &p->pool;
    struct chains *c = &pool->chains;

    if (p->method == METHOD_EXACT) {
        enumerate(p);
        return;
    }
    if (p->method == METHOD_CD) {
        contrast(p);
        return;
    }
    if (p->method == METHOD_ANNEALER) {
        struct courier *a = p->courier;
        count(p, 1, p->soft, a->part, a->mine.count, a->live);
        if (p->mixed > 0) mix_in(p);
        return;
    }
    if (p->method == METHOD_RDM) chains_restart(c, p->m, p->update.step);
    pool_move(pool, p->sweeps);
    count(p, 1, p->soft, c->bits, c->tiles.count, pool->live);
}

int prior_step(struct prior *p, const struct reducer *reducer, struct err *e)
{
    struct phases *s = &p->phases;

    if (p->method == METHOD_ANNEALER && courier_take(p->courier, p->update.step, e)) return -1;
    model_phase(p);
    phases_reduce(s, reducer);
    if (p->pool.watch || !p->feed->bits) { /* the networks' losses ask in every step */
        p->energy_data = mean_energy(p, s->data_unit, s->data_pair, *s->data_n);
        p->energy_chains = mean_energy(p, s->chain_unit, s->chain_pair, *s->chain_n);
    }
    phases_gradient(s, p->m, p->kind, p->offset_rate);
    p->rate = update_rate(&p->update);
    p->norm = update_step(&p->update, p->m, s->gradient);
    if (!isfinite(p->norm))
        return err_set(e,
                       "the machine's gradient is not finite at update %lld; expected smaller "
                       "rbm.learning_rate",
                       (long long)p->update.step);
    if (p->m->how != NULL && sampler_renew(p->m->how, p->m, e))
        return err_within(e, "update %lld", (long long)p->update.step);
    course_step(&p->course);
    if (p->method == METHOD_ANNEALER) courier_ahead(p->courier, p->update.step);
    return 0;
}
