#include "cmd/priorfile.h"

#include "base/mem.h"
#include "rbm/spins.h"

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

/* A dataset of ladders, a row a tile. */
struct column {
    const char *name, *what;
    enum h5_type type;
    int64_t n;
    void *x;
};

enum { COLUMNS = 5 };

static void columns_of(struct column c[COLUMNS], const struct temper *t)
{
    c[0] = (struct column){ "chains/beta", "inverse temperatures of the ladders", H5_FLOAT, t->L,
                            t->beta };
    c[1] = (struct column){ "chains/rung", "inverse temperature that a lane has", H5_UINT8, 64,
                            t->rung };
    c[2] = (struct column){ "chains/heading", "1: from the top, 2: from the bottom", H5_UINT8, 64,
                            t->heading };
    c[3] = (struct column){ "chains/tried", "exchanges of neighbours tried", H5_INT64, t->L - 1,
                            t->tried };
    c[4] = (struct column){ "chains/swapped", "and made", H5_INT64, t->L - 1, t->swapped };
}

static int write_ladders(struct h5 *f, const struct prior *p, struct err *e)
{
    const struct pool *pool = &p->pool;
    struct column c[COLUMNS];

    if (pool->L == 1) return 0;
    columns_of(c, &pool->temper);
    for (int i = 0; i < COLUMNS; i++) {
        struct h5_shape s = { 2, { spins_tiles(pool->chains.n), c[i].n }, c[i].type };
        if (h5_define(f, c[i].name, &s, 0, 0, "1", c[i].what, e) ||
            h5_write_rows(f, c[i].name, c[i].type, pool->chains.tiles, c[i].x, e))
            return -1;
    }
    return h5_put_int(f, "chains", "trips", par_sum_one(p->P, pool->temper.trips), e);
}

static int read_ladders(const struct h5 *f, struct prior *p, struct err *e)
{
    struct pool *pool = &p->pool;
    struct column c[COLUMNS];
    int64_t trips;

    if (pool->L == 1) return 0;
    columns_of(c, &pool->temper);
    for (int i = 0; i < COLUMNS; i++) {
        struct h5_shape s;
        if (h5_shape(f, c[i].name, &s, e)) return -1;
        if (s.dims != 2 || s.n[0] != spins_tiles(pool->chains.n) || s.n[1] != c[i].n)
            return err_set(e, "%s: %s has another shape than rbm.tempering says", f->path,
                           c[i].name);
        if (h5_read_rows(f, c[i].name, c[i].type, pool->chains.tiles, c[i].x, e)) return -1;
    }
    if (h5_get_int(f, "chains", "trips", &trips, e)) return -1;
    for (int64_t i = 0; i < pool->chains.tiles.count * 64; i++)
        if (pool->temper.rung[i] >= pool->L)
            err_set(e, "%s: chains/rung holds %d, expected numbers below %d", f->path,
                    pool->temper.rung[i], pool->L);
    if (par_agree(p->P, e)) return -1;
    pool->temper.trips = p->P->rank == 0 ? trips : 0;
    temper_settle(&pool->temper);
    pool_settle(pool);
    return 0;
}

int priorfile_write(struct h5 *f, const struct prior *p, struct err *e)
{
    const struct chains *c = &p->pool.chains;
    int64_t tiles = spins_tiles(c->n), N = p->m->T.N;
    struct h5_shape s = { 2, { tiles, N }, H5_UINT64 }, offset = { 1, { N }, H5_DOUBLE };
    uint64_t *rows = mem_take(c->tiles.count * N, sizeof *rows);
    spins_to_rows(rows, c->bits, c->tiles.count, p->m->T.N);
    int bad = h5_define(f, "chains/state", &s, 0, 0, "1",
                        "a row a tile of 64 chains, a word a unit, bit c is chain c", e) ||
              h5_write_rows(f, "chains/state", H5_UINT64, c->tiles, rows, e) ||
              h5_put_int(f, "chains", "chains", c->n, e) ||
              h5_put_int(f, "chains", "sweep", c->sweep, e) ||
              h5_write_all(f, "optimizer/rbm/offset", &offset, p->phases.offset, "1",
                           "moving means that centre the gradient", e) ||
              h5_put_int(f, "optimizer/rbm", "offsets_seen", p->phases.offsets_seen, e) ||
              h5_put_int(f, "optimizer/rbm", "step", p->update.step, e) ||
              write_moments(f, &p->update, e) || write_ladders(f, p, e) ||
              course_write(f, &p->course, e);

    mem_free(rows);
    return bad ? -1 : 0;
}

static int read_moment(const struct h5 *f, const char *name, float *x, int64_t n, struct err *e)
{
    if (x == NULL || !h5_has(f, name)) return 0; /* another update rule starts from zero */
    return h5_read_exact(f, name, 1, n, 0, H5_FLOAT, x, e);
}

int priorfile_read(const struct h5 *f, struct prior *p, struct err *e)
{
    struct chains *c = &p->pool.chains;
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
    if (!bad) spins_from_rows(c->bits, rows, c->tiles.count, p->m->T.N);
    mem_free(rows);
    return bad ||
                   h5_read_exact(f, "optimizer/rbm/offset", 1, N, 0, H5_DOUBLE, p->phases.offset,
                                 e) ||
                   h5_get_int(f, "optimizer/rbm", "offsets_seen", &p->phases.offsets_seen, e) ||
                   h5_get_int(f, "optimizer/rbm", "step", &p->update.step, e) ||
                   read_moment(f, "optimizer/rbm/first", p->update.first, p->update.total, e) ||
                   read_moment(f, "optimizer/rbm/second", p->update.second, p->update.total, e) ||
                   read_ladders(f, p, e) || course_read(f, &p->course, e)
               ? -1
               : 0;
}
