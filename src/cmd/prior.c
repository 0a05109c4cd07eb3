#include "cmd/prior.h"

#include "base/mem.h"
#include "rbm/spins.h"

#include <math.h>
#include <string.h>

static const double LEAST_MEAN = 1e-4; /* of a unit that starts its bias, as rbms */

enum { CONDITION_BATCH, CONDITION_FIXED }; /* choices of rbm.chain_condition */

void prior_init(struct prior *p, const struct run *r, struct rbm *m, const struct kern *k,
                const struct feed *f)
{
    const struct conf *c = r->conf;
    int64_t n = conf_int(c, "rbm.chains"), tiles = spins_tiles(n);
    double momentum = conf_real(c, "rbm.momentum");
    int adam = conf_choice(c, "rbm.optimiser") == 1;

    *p = (struct prior){ .P = r->P, .m = m, .kern = k, .feed = f };
    chains_init(&p->chains, block_of(tiles, r->P->rank, r->P->size), n, m, r->seed);
    phases_init(&p->phases, m);
    update_init(&p->update, adam ? UPDATE_ADAM : momentum > 0.0 ? UPDATE_MOMENTUM : UPDATE_SGD, m);
    p->update.momentum = momentum;
    p->update.decay = conf_real(c, "rbm.decay");
    p->kind = (enum phases_kind)conf_choice(c, "rbm.gradient");
    p->sweeps = (int)conf_int(c, "rbm.sweeps");
    p->fixed = conf_choice(c, "rbm.chain_condition") == CONDITION_FIXED;
    p->data = mem_take(m->T.N * spins_tiles(f->share), sizeof *p->data);
    p->live = mem_take(spins_tiles(f->share), sizeof *p->live);
    if (m->clamped >= 0) {
        int n0 = m->T.size[m->clamped];
        p->rows = mem_take(n0 * p->chains.tiles.count, sizeof *p->rows);
        p->condition = mem_take((int64_t)n0 * f->B, sizeof *p->condition);
    }
}

void prior_free(struct prior *p)
{
    chains_free(&p->chains);
    phases_free(&p->phases);
    update_free(&p->update);
    mem_free(p->data);
    mem_free(p->live);
    mem_free(p->rows);
    mem_free(p->condition);
    *p = (struct prior){ 0 };
}

/* Lane by lane: chain q (global) gets bytes [n_0] of what `of` names. */
static void set_lane(struct prior *p, int64_t chain, const uint8_t *u)
{
    int64_t tiles = p->chains.tiles.count, t = chain / 64 - p->chains.tiles.first;
    uint64_t lane = (uint64_t)1 << chain % 64;

    for (int j = 0; j < p->m->T.size[p->m->clamped]; j++) {
        uint64_t *word = p->rows + j * tiles + t;
        *word = u[j] ? *word | lane : *word & ~lane;
    }
}

static void take_batch(struct prior *p)
{
    const struct feed *f = p->feed;
    int n0 = p->m->T.size[p->m->clamped];
    int64_t first = p->chains.tiles.first * 64, end = block_end(p->chains.tiles) * 64;

    for (int j = 0; j < f->n; j++) feed_condition(f, j, p->condition + (int64_t)j * n0);
    for (int64_t q = first; q < end; q++) set_lane(p, q, p->condition + q % f->n * n0);
    chains_condition(&p->chains, p->m, p->rows);
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

/* For each chain an event of its stratum: the n-th part, by energy or code, of all events. */
static void fix_conditions(struct prior *p)
{
    const struct feed *f = p->feed;
    int64_t first = p->chains.tiles.first * 64, end = block_end(p->chains.tiles) * 64;
    int64_t *order = feed_by_condition(f);

    for (int64_t q = first; q < end; q++) {
        struct rng g = rng_at(p->chains.seed, RNG_ENERGY, q, 0);
        double place = ((double)(q % p->chains.n) + rng_uniform(&g)) / (double)p->chains.n;
        int64_t at = (int64_t)(place * (double)f->train.count);
        if (at >= f->train.count) at = f->train.count - 1;
        feed_condition_of(f, order[at], p->condition);
        set_lane(p, q, p->condition);
    }
    mem_free(order);
    chains_condition(&p->chains, p->m, p->rows);
}

void prior_start(struct prior *p, int biases)
{
    if (biases && p->feed->bits) start_biases(p);
    if (p->m->clamped >= 0 && p->fixed) fix_conditions(p);
}

/* The hidden partitions given the others: one draw is exact for one of them, several take turns. */
static void draw_hidden(struct prior *p, struct block tiles)
{
    int hidden = p->m->T.K - p->feed->visible, passes = hidden > 1 ? p->sweeps : 1;
    struct gibbs g = {
        .beta = 1.0f, .seed = p->chains.seed, .stream = RNG_HIDDEN, .first = p->feed->visible
    };

    for (int s = 0; s < passes && hidden > 0; s++)
        gibbs_sweep(&g, p->m, p->kern, p->data, NULL, tiles, p->update.step * passes + s);
}

static void count_data(struct prior *p, int n)
{
    int64_t first =
        p->feed->bits ? p->feed->mine.first / 64 : p->P->rank * spins_tiles(p->feed->share);
    struct block tiles = { first, spins_tiles(n) };

    spins_live(p->live, (struct block){ 0, tiles.count }, n);
    draw_hidden(p, tiles);
    phases_clear(&p->phases);
    phases_data(&p->phases, p->m, p->kern, p->data, tiles.count, p->live);
}

void prior_data_floats(struct prior *p, const float *z, int n)
{
    spins_pack_floats(p->data, z, n, p->m->T.N);
    count_data(p, n);
}

void prior_data_bytes(struct prior *p, const uint8_t *states, int n)
{
    spins_pack(p->data, states, n, p->m->T.N);
    count_data(p, n);
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

int prior_step(struct prior *p, const struct reducer *reducer, struct err *e)
{
    struct phases *s = &p->phases;
    struct chains *c = &p->chains;

    if (p->m->clamped >= 0 && !p->fixed) take_batch(p);
    chains_sweep(c, p->m, p->kern, p->sweeps);
    phases_chains(s, p->m, p->kern, c->bits, c->tiles.count, c->live);
    phases_reduce(s, reducer);
    p->energy_data = mean_energy(p, s->data_unit, s->data_pair, *s->data_n);
    p->energy_chains = mean_energy(p, s->chain_unit, s->chain_pair, *s->chain_n);
    phases_gradient(s, p->m, p->kind, 1.0);
    p->norm = update_step(&p->update, p->m, s->gradient);
    if (!isfinite(p->norm))
        return err_set(e,
                       "the machine's gradient is not finite at update %lld; expected smaller "
                       "rbm.learning_rate",
                       (long long)p->update.step);
    return 0;
}

/* Chains by tiles: row t of the file holds the N words of tile t. */
static uint64_t *by_tile(const struct prior *p, uint64_t *rows, int to_file)
{
    int64_t tiles = p->chains.tiles.count;
    int N = p->m->T.N;

    for (int64_t t = 0; t < tiles; t++)
        for (int i = 0; i < N; i++) {
            uint64_t *in_file = rows + t * N + i, *here = p->chains.bits + i * tiles + t;
            if (to_file)
                *in_file = *here;
            else
                *here = *in_file;
        }
    return rows;
}

static int write_moments(struct h5 *f, const struct update *u, struct err *e)
{
    struct h5_shape s = { 1, { u->total }, H5_FLOAT };

    if (u->first != NULL &&
        h5_write_all(f, "optimizer/rbm/first", &s, u->first, "1", "momentum or first moment", e))
        return -1;
    if (u->second != NULL &&
        h5_write_all(f, "optimizer/rbm/second", &s, u->second, "1", "second moment", e))
        return -1;
    return 0;
}

int prior_write(struct h5 *f, const struct prior *p, struct err *e)
{
    const struct chains *c = &p->chains;
    int64_t tiles = spins_tiles(c->n), N = p->m->T.N;
    struct h5_shape s = { 2, { tiles, N }, H5_UINT64 }, offset = { 1, { N }, H5_DOUBLE };
    uint64_t *rows = by_tile(p, mem_take(c->tiles.count * N, sizeof *rows), 1);
    int bad = h5_define(f, "chains/state", &s, 0, 0, "1",
                        "a row a tile of 64 chains, a word a unit, bit c is chain c", e) ||
              h5_write_rows(f, "chains/state", H5_UINT64, c->tiles, rows, e) ||
              h5_put_int(f, "chains", "chains", c->n, e) ||
              h5_put_int(f, "chains", "sweep", c->sweep, e) ||
              h5_write_all(f, "optimizer/rbm/offset", &offset, p->phases.offset, "1",
                           "moving means that centre the gradient", e) ||
              h5_put_int(f, "optimizer/rbm", "offsets_seen", p->phases.offsets_seen, e) ||
              h5_put_int(f, "optimizer/rbm", "step", p->update.step, e) ||
              write_moments(f, &p->update, e);

    mem_free(rows);
    return bad ? -1 : 0;
}

static int read_moment(const struct h5 *f, const char *name, float *x, int64_t n, struct err *e)
{
    struct h5_shape s;

    if (x == NULL || !h5_has(f, name)) return 0; /* another update rule starts from zero */
    if (h5_shape(f, name, &s, e)) return -1;
    if (s.n[0] != n) return err_set(e, "%s: %s has another length than the machine", f->path, name);
    return h5_read_all(f, name, H5_FLOAT, x, e);
}

int prior_read(const struct h5 *f, struct prior *p, struct err *e)
{
    struct chains *c = &p->chains;
    struct h5_shape s;
    int64_t n, N = p->m->T.N;

    if (h5_get_int(f, "chains", "chains", &n, e) ||
        h5_get_int(f, "chains", "sweep", &c->sweep, e) || h5_shape(f, "chains/state", &s, e))
        return -1;
    if (n != c->n || s.dims != 2 || s.n[1] != N)
        return err_set(e, "%s: holds %lld chains of %lld units, expected rbm.chains = %lld of %lld",
                       f->path, (long long)n, (long long)s.n[1], (long long)c->n, (long long)N);
    uint64_t *rows = mem_take(c->tiles.count * N, sizeof *rows);
    int bad = h5_read_rows(f, "chains/state", H5_UINT64, c->tiles, rows, e);
    if (!bad) by_tile(p, rows, 0);
    mem_free(rows);
    return bad || h5_read_all(f, "optimizer/rbm/offset", H5_DOUBLE, p->phases.offset, e) ||
                   h5_get_int(f, "optimizer/rbm", "offsets_seen", &p->phases.offsets_seen, e) ||
                   h5_get_int(f, "optimizer/rbm", "step", &p->update.step, e) ||
                   read_moment(f, "optimizer/rbm/first", p->update.first, p->update.total, e) ||
                   read_moment(f, "optimizer/rbm/second", p->update.second, p->update.total, e)
               ? -1
               : 0;
}
