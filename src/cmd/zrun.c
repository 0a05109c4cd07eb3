#include "cmd/zrun.h"

#include "base/mem.h"
#include "io/h5.h"
#include "rbm/chains.h"
#include "rbm/spins.h"

#include <math.h>
#include <string.h>

/* Means of the equilibrated chains: exact counts, so the same for any number of ranks. */
static void chain_means(struct zrun *z)
{
    int N = z->m->T.N;
    int64_t *count = mem_take(N, sizeof *count);
    uint64_t *live = mem_take(z->tiles.count, sizeof *live);

    spins_live_groups(live, z->tiles, z->chains);
    z->kern->sums(count, z->start, z->tiles.count, live, N);
    par_sum_int(z->r->P, count, N);
    for (int i = 0; i < N; i++) z->mean[i] = (double)count[i] / (double)(z->Q * z->chains);
    mem_free(live);
    mem_free(count);
}

static void equilibrate(struct zrun *z, int burn)
{
    const struct rbm *m = z->m;
    int64_t lanes = z->Q * z->tiles_each * 64;
    struct chains c;

    chains_init(&c, z->tiles, lanes, m, z->r->seed);
    if (z->u != NULL) {
        int n0 = m->held;
        uint64_t *rows = mem_take(n0 * z->tiles.count, sizeof *rows);
        spins_conditions(rows, z->u, z->Q, n0, z->tiles, z->tiles_each);
        chains_condition(&c, m, rows);
        mem_free(rows);
    }
    chains_sweep(&c, m, z->kern, burn);
    memcpy(z->start, c.bits, (size_t)(m->T.N * z->tiles.count) * sizeof *z->start);
    chains_free(&c);
}

void zrun_init(struct zrun *z, struct run *r, const struct rbm *m, const struct kern *k, int64_t Q,
               uint8_t *u, const double *data_mean)
{
    const struct conf *c = r->conf;
    int N = m->T.N;

    *z = (struct zrun){ .r = r, .m = m, .kern = k, .Q = Q, .u = u };
    z->chains = conf_int(c, "logz.chains");
    z->tiles_each = spins_tiles(z->chains);
    z->tiles = block_of(Q * z->tiles_each, r->P->rank, r->P->size);
    z->K = (int)conf_int(c, "logz.betas");
    z->sweeps = (int)conf_int(c, "logz.sweeps");
    z->start = mem_take(N * z->tiles.count, sizeof *z->start);
    z->mean = mem_take(N, sizeof *z->mean);
    z->beta = mem_take(z->K + 1, sizeof *z->beta);
    z->base = mem_take(N, sizeof *z->base);
    z->log_z0 = mem_take(Q, sizeof *z->log_z0);
    equilibrate(z, (int)conf_int(c, "logz.burn"));
    if (data_mean != NULL)
        memcpy(z->mean, data_mean, (size_t)N * sizeof *data_mean);
    else
        chain_means(z);
    ais_linear(z->beta, z->K);
    ais_base(z->base, m, (enum ais_base)conf_choice(c, "logz.base"), z->mean, 0.01);
}

void zrun_free(struct zrun *z)
{
    for (int d = 0; d < ZRUN_DIRECTIONS; d++) {
        ais_free(&z->ais[d]);
        mem_free(z->log_w[d]);
    }
    mem_free(z->start);
    mem_free(z->mean);
    mem_free(z->beta);
    mem_free(z->base);
    mem_free(z->log_z0);
    *z = (struct zrun){ 0 };
}

/* Every rank gets the weights of all chains that count, and ln Z_0 of all conditions. */
static void gather(struct zrun *z, int d)
{
    const struct ais *a = &z->ais[d];
    int64_t tiles = z->Q * z->tiles_each, mine = z->tiles.count;
    double *all = mem_take(tiles * 64, sizeof *all), *z0 = mem_take(tiles, sizeof *z0);

    par_allgather(z->r->P, a->log_w, mine * 64 * (int64_t)sizeof *all, all);
    par_allgather(z->r->P, a->log_z0, mine * (int64_t)sizeof *z0, z0);
    z->log_w[d] = mem_take(z->Q * z->chains, sizeof *z->log_w[d]);
    for (int64_t q = 0; q < z->Q; q++) {
        memcpy(z->log_w[d] + q * z->chains, all + q * z->tiles_each * 64,
               (size_t)z->chains * sizeof *all);
        z->log_z0[q] = z0[q * z->tiles_each];
    }
    mem_free(all);
    mem_free(z0);
}

void zrun_begin(struct zrun *z, int up, int down)
{
    int wanted[ZRUN_DIRECTIONS] = { up, down };

    for (int d = 0; d < ZRUN_DIRECTIONS; d++)
        if (wanted[d])
            ais_init(&z->ais[d], z->m, z->kern, z->tiles, d == ZRUN_DOWN, z->K, z->beta, z->sweeps,
                     z->base, z->start, z->r->seed);
}

int64_t zrun_left(const struct zrun *z)
{
    int64_t left = 0;

    for (int d = 0; d < ZRUN_DIRECTIONS; d++)
        if (z->ais[d].bits != NULL) left += z->K - z->ais[d].step;
    return left;
}

void zrun_advance(struct zrun *z, int steps)
{
    for (int d = 0; d < ZRUN_DIRECTIONS; d++)
        if (z->ais[d].bits != NULL && z->ais[d].step < z->K) {
            ais_advance(&z->ais[d], z->m, z->kern, steps);
            return;
        }
}

void zrun_end(struct zrun *z)
{
    for (int d = 0; d < ZRUN_DIRECTIONS; d++)
        if (z->ais[d].bits != NULL) gather(z, d);
}

struct logweights_bracket zrun_bracket(const struct zrun *z, int64_t q, int bar)
{
    const double *up = z->log_w[ZRUN_UP], *down = z->log_w[ZRUN_DOWN];
    int64_t n = z->chains, at = q * n;
    struct logweights_bracket b =
        logweights_bracket(z->log_z0[q], up != NULL ? up + at : NULL, up != NULL ? n : 0,
                           down != NULL ? down + at : NULL, down != NULL ? n : 0);

    if (bar && up != NULL && down != NULL)
        b.logz = z->log_z0[q] + logweights_bar(up + at, n, down + at, n, &b.error);
    return b;
}

/* Row i of all log-weights: direction, condition, chain. */
static int write_rows(struct h5 *f, const struct zrun *z, struct err *e)
{
    int64_t each = z->Q * z->chains, n = 0;
    double *w = mem_take(2 * each, sizeof *w);
    int64_t *chain = mem_take(2 * each, sizeof *chain);
    int32_t *condition = mem_take(2 * each, sizeof *condition);
    int32_t *direction = mem_take(2 * each, sizeof *direction);

    for (int d = 0; d < ZRUN_DIRECTIONS; d++)
        for (int64_t i = 0; z->log_w[d] != NULL && i < each; i++, n++) {
            w[n] = z->log_w[d][i];
            condition[n] = (int32_t)(i / z->chains);
            chain[n] = condition[n] * z->tiles_each * 64 + i % z->chains;
            direction[n] = d;
        }
    struct h5_shape real = { 1, { n }, H5_DOUBLE }, wide = { 1, { n }, H5_INT64 };
    struct h5_shape narrow = { 1, { n }, H5_INT32 };
    int bad = h5_write_all(f, "log_weights", &real, w, "1", "one for each chain", e) ||
              h5_write_all(f, "chain", &wide, chain, "1", "global number of the chain", e) ||
              h5_write_all(f, "condition", &narrow, condition, "1", "row of /conditions", e) ||
              h5_write_all(f, "direction", &narrow, direction, "1", "0 up (AIS), 1 down (RAIS)", e);
    mem_free(w);
    mem_free(chain);
    mem_free(condition);
    mem_free(direction);
    return bad ? -1 : 0;
}

int zrun_write(const struct zrun *z, const char *path, const double *energy, struct err *e)
{
    struct h5_shape betas = { 1, { z->K + 1 }, H5_DOUBLE }, conditions = { 1, { z->Q }, H5_DOUBLE };
    struct h5 f = { 0 };
    int bad =
        h5_create(&f, z->r->P, path, 0, e) || h5_put_text(&f, "/", "format", "caloq-logz", e) ||
        h5_put_int(&f, "/", "version", 1, e) ||
        h5_put_int(&f, "/", "seed", (int64_t)z->r->seed, e) ||
        h5_put_int(&f, "/", "sweeps", z->sweeps, e) || write_rows(&f, z, e) ||
        h5_write_all(&f, "betas", &betas, z->beta, "1", "the path, from 0 to 1", e) ||
        h5_write_all(&f, "log_z0", &conditions, z->log_z0, "1", "ln Z of the base", e) ||
        (energy != NULL &&
         h5_write_all(&f, "conditions", &conditions, energy, "MeV", "incident energies", e)) ||
        h5_commit(&f, e);

    h5_close(&f);
    return bad ? -1 : 0;
}
