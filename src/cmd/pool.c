#include "cmd/pool.h"

#include "base/mem.h"
#include "rbm/ais.h"
#include "rbm/spins.h"

#include <string.h>

static const double LEAST_MEAN = 0.01; /* of a unit of the base, as AIS has it */

enum { CONDITION_BATCH, CONDITION_FIXED }; /* choices of rbm.chain_condition */

/* The base of the ladders: means of rows of bits (hidden units 1/2), biases, nothing. */
static int set_base(struct pool *p, const struct conf *c, struct err *e)
{
    enum ais_base kind = (enum ais_base)conf_choice(c, "rbm.tempering_base");
    int N = p->m->T.N;

    if (kind == AIS_UNIFORM) return 0;
    if (kind == AIS_BIASES) { /* those of the moment */
        p->temper.base = p->m->bias;
        return 0;
    }
    if (!p->feed->bits)
        return err_set(e, "rbm.tempering_base is data, and the data are showers: expected uniform "
                          "or biases");
    double *mean = mem_take(N, sizeof *mean);
    p->base = mem_take(N, sizeof *p->base);
    for (int i = 0; i < N; i++) mean[i] = 0.5;
    rows_means(&p->feed->rows, mean);
    ais_base(p->base, p->m, AIS_DATA, mean, LEAST_MEAN);
    mem_free(mean);
    p->temper.base = p->base;
    return 0;
}

static int make_ladders(struct pool *p, const struct conf *c, struct err *e)
{
    int n = conf_count(c, "rbm.tempering_betas"), bad;
    double *beta = mem_take(n, sizeof *beta);

    if (n > 0 && n != p->L)
        bad = err_set(e, "rbm.tempering_betas lists %d, expected rbm.tempering = %d", n, p->L);
    else {
        for (int i = 0; i < n; i++) beta[i] = conf_real_at(c, "rbm.tempering_betas", i);
        bad = temper_init(&p->temper, &p->chains, p->L, conf_real(c, "rbm.tempering_least"),
                          n > 0 ? beta : NULL, e);
        if (bad) err_within(e, "rbm.tempering");
    }
    mem_free(beta);
    if (bad) return -1;
    p->temper.every = conf_int(c, "rbm.tempering_place");
    return set_base(p, c, e);
}

int pool_init(struct pool *p, const struct run *r, const struct rbm *m, const struct kern *k,
              const struct feed *f, struct err *e)
{
    const struct conf *c = r->conf;
    int L = (int)conf_int(c, "rbm.tempering"), n0 = m->held;

    *p = (struct pool){ .m = m, .kern = k, .feed = f, .n = conf_int(c, "rbm.chains") };
    p->L = L > 1 ? L : 1;
    p->fixed = conf_choice(c, "rbm.chain_condition") == CONDITION_FIXED;
    int64_t lanes = p->n * p->L;
    struct block tiles = block_of(spins_tiles(lanes), r->P->rank, r->P->size);
    chains_init(&p->chains, tiles, lanes, m, r->seed);
    p->live = mem_take(tiles.count, sizeof *p->live);
    p->before = mem_take(m->T.N * tiles.count, sizeof *p->before);
    if (n0 > 0) {
        p->rows = mem_take(n0 * tiles.count, sizeof *p->rows);
        p->condition = mem_take((int64_t)n0 * f->B, sizeof *p->condition);
    }
    if (p->L > 1 && make_ladders(p, c, e)) return -1;
    pool_settle(p);
    return 0;
}

void pool_free(struct pool *p)
{
    temper_free(&p->temper);
    chains_free(&p->chains);
    mem_free(p->rows);
    mem_free(p->condition);
    mem_free(p->base);
    mem_free(p->live);
    mem_free(p->before);
    *p = (struct pool){ 0 };
}

void pool_settle(struct pool *p)
{
    for (int64_t t = 0; t < p->chains.tiles.count; t++)
        p->live[t] = p->chains.live[t] & (p->L > 1 ? p->temper.top[t] : ~(uint64_t)0);
}

/* A lane (global) gets bytes [held]. */
static void set_lane(struct pool *p, int64_t at, const uint8_t *u)
{
    int64_t tiles = p->chains.tiles.count, t = at / 64 - p->chains.tiles.first;
    uint64_t lane = (uint64_t)1 << at % 64;

    for (int j = 0; j < p->m->held; j++) {
        uint64_t *word = p->rows + j * tiles + t;
        *word = u[j] ? *word | lane : *word & ~lane;
    }
}

static void take_batch(struct pool *p)
{
    const struct feed *f = p->feed;
    int n0 = p->m->held;
    int64_t first = p->chains.tiles.first * 64, end = block_end(p->chains.tiles) * 64;

    for (int j = 0; j < f->n; j++) feed_condition(f, j, p->condition + (int64_t)j * n0);
    for (int64_t q = first; q < end; q++) set_lane(p, q, p->condition + q / p->L % f->n * n0);
    chains_condition(&p->chains, p->m, p->rows);
}

void pool_start(struct pool *p)
{
    const struct feed *f = p->feed;
    int64_t first = p->chains.tiles.first * 64, end = block_end(p->chains.tiles) * 64;

    if (p->m->held == 0 || !p->fixed) return;
    int64_t *order = feed_by_condition(f);
    for (int64_t q = first; q < end; q++) {
        struct rng g = rng_at(p->chains.seed, RNG_ENERGY, q / p->L, 0);
        double place = ((double)(q / p->L % p->n) + rng_uniform(&g)) / (double)p->n;
        int64_t at = (int64_t)(place * (double)f->train.count);
        if (at >= f->train.count) at = f->train.count - 1;
        feed_condition_of(f, order[at], p->condition);
        set_lane(p, q, p->condition);
    }
    mem_free(order);
    chains_condition(&p->chains, p->m, p->rows);
}

static void sweep(struct pool *p, int n)
{
    if (p->L > 1)
        temper_sweep(&p->temper, &p->chains, p->m, p->kern, n);
    else
        chains_sweep(&p->chains, p->m, p->kern, n);
}

void pool_move(struct pool *p, int sweeps)
{
    struct chains *c = &p->chains;
    int64_t tiles = c->tiles.count, words = p->m->T.N * tiles;

    if (p->m->held > 0 && !p->fixed) take_batch(p);
    if (!p->watch) {
        sweep(p, sweeps);
        pool_settle(p);
        return;
    }
    sweep(p, sweeps - 1);
    pool_settle(p);
    memcpy(p->before, c->bits, (size_t)words * sizeof *c->bits);
    sweep(p, 1);
    p->flips = 0;
    for (int64_t i = 0; i < words; i++)
        p->flips += __builtin_popcountll((p->before[i] ^ c->bits[i]) & p->live[i % tiles]);
    pool_settle(p);
}

void pool_condition(struct pool *p, int64_t i, uint8_t *u)
{
    const struct chains *c = &p->chains;

    if (!p->fixed) {
        feed_condition(p->feed, (int)(p->feed->mine.first + i), u);
        return;
    }
    for (int j = 0; j < p->m->held; j++)
        u[j] = c->bits[p->m->hold[j] * c->tiles.count + i / 64] >> i % 64 & 1;
}
