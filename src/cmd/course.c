#include "cmd/course.h"

#include "base/mem.h"
#include "rbm/spins.h"

#include <math.h>

enum { BRIDGE = 100 };
static const int64_t DRAW = 2; /* step of RNG_ENERGY: the chains of the gradient have 0 */

void course_init(struct course *c, const struct run *r, const struct rbm *m, const struct kern *k,
                 const struct feed *f)
{
    int sweeps = (int)conf_int(r->conf, "rbm.trajectory_sweeps");

    *c = (struct course){ .P = r->P, .m = m, .kern = k, .feed = f };
    c->tiles = spins_tiles(conf_int(r->conf, "rbm.trajectory"));
    if (c->tiles == 0) return;
    trajectory_init(&c->t, block_of(c->tiles, r->P->rank, r->P->size), m, sweeps, r->seed);
}

void course_free(struct course *c)
{
    trajectory_free(&c->t);
    *c = (struct course){ 0 };
}

/* For each tile the condition of an event of its stratum: rows [held, tiles]. */
static uint64_t *conditions(const struct course *c)
{
    const struct feed *f = c->feed;
    struct block tiles = c->t.tiles;
    int n0 = c->m->held;
    uint64_t *rows = mem_take(n0 * tiles.count, sizeof *rows);
    uint8_t *u = mem_take(n0, 1);
    int64_t *order = feed_by_condition(f);

    for (int64_t i = 0; i < tiles.count; i++) {
        struct rng g = rng_at(c->t.seed, RNG_ENERGY, tiles.first + i, DRAW);
        double place = ((double)(tiles.first + i) + rng_uniform(&g)) / (double)c->tiles;
        int64_t at = (int64_t)(place * (double)f->train.count);
        feed_condition_of(f, order[at < f->train.count ? at : f->train.count - 1], u);
        for (int j = 0; j < n0; j++) rows[j * tiles.count + i] = u[j] ? ~(uint64_t)0 : 0;
    }
    mem_free(order);
    mem_free(u);
    return rows;
}

void course_start(struct course *c)
{
    uint64_t *rows = NULL;

    if (c->tiles == 0) return;
    if (c->m->held > 0) rows = conditions(c);
    trajectory_start(&c->t, c->m, c->kern, BRIDGE, rows);
    mem_free(rows);
}

void course_step(struct course *c)
{
    if (c->tiles > 0) trajectory_step(&c->t, c->m, c->kern);
}

static struct trajectory_estimate estimate(const struct course *c)
{
    double *mine = mem_take(2 * c->t.tiles.count, sizeof *mine);
    double *all = mem_take(2 * c->tiles, sizeof *all);
    trajectory_sums(&c->t, mine);
    par_allgather(c->P, mine, 2 * c->t.tiles.count * (int64_t)sizeof *mine, all);
    struct trajectory_estimate now = trajectory_estimate(all, c->tiles, c->m->held > 0);
    mem_free(mine);
    mem_free(all);
    return now;
}

void course_take(struct course *c)
{
    if (c->tiles > 0) c->now = estimate(c);
}

void course_put(const struct course *c, struct json *line)
{
    if (c->tiles == 0) return;
    json_put_real(line, "lnz_trajectory", c->now.logz);
    if (!isnan(c->now.error)) json_put_real(line, "lnz_trajectory_error", c->now.error);
    json_put_real(line, "lnz_trajectory_ess", c->now.ess);
}

static int write_attributes(struct h5 *f, const struct course *c, struct err *e)
{
    const char *group = "trajectory";
    int64_t resamplings = par_sum_one(c->P, c->t.resamplings);
    struct trajectory_estimate now = estimate(c);

    return h5_put_int(f, group, "chains", c->tiles * 64, e) ||
           h5_put_int(f, group, "step", c->t.step, e) ||
           h5_put_int(f, group, "resamplings", resamplings, e) ||
           h5_put_int(f, group, "conditional", c->m->held > 0, e) ||
           h5_put_real(f, group, "logz", now.logz, e) ||
           h5_put_real(f, group, "error", now.error, e) || h5_put_real(f, group, "ess", now.ess, e);
}

int course_write(struct h5 *f, const struct course *c, struct err *e)
{
    int64_t N = c->m->T.N;
    struct h5_shape bits = { 2, { c->tiles, N }, H5_UINT64 };
    struct h5_shape lanes = { 2, { c->tiles, 64 }, H5_DOUBLE },
                    one = { 1, { c->tiles }, H5_DOUBLE };

    if (c->tiles == 0) return 0;
    uint64_t *rows = mem_take(c->t.tiles.count * N, sizeof *rows);
    spins_to_rows(rows, c->t.bits, c->t.tiles.count, c->m->T.N);
    int bad = h5_define(f, "trajectory/state", &bits, 0, 0, "1",
                        "a row a tile of 64 chains, a word a unit, bit c is chain c", e) ||
              h5_write_rows(f, "trajectory/state", H5_UINT64, c->t.tiles, rows, e) ||
              h5_define(f, "trajectory/log_weights", &lanes, 0, 0, "1",
                        "of each chain, since its tile was resampled", e) ||
              h5_write_rows(f, "trajectory/log_weights", H5_DOUBLE, c->t.tiles, c->t.log_w, e) ||
              h5_define(f, "trajectory/log_z", &one, 0, 0, "1",
                        "ln Z_0 and the means of resampled weights of a tile", e) ||
              h5_write_rows(f, "trajectory/log_z", H5_DOUBLE, c->t.tiles, c->t.log_z, e) ||
              write_attributes(f, c, e);
    mem_free(rows);
    return bad ? -1 : 0;
}

int course_read(const struct h5 *f, struct course *c, struct err *e)
{
    int64_t chains, resamplings, N = c->m->T.N;
    struct h5_shape s;

    if (c->tiles == 0) return 0;
    if (!h5_has(f, "trajectory/state"))
        return err_set(e,
                       "%s: holds no trajectory, and rbm.trajectory asks for one: expected 0, "
                       "or run.resume: never",
                       f->path);
    if (h5_get_int(f, "trajectory", "chains", &chains, e) ||
        h5_get_int(f, "trajectory", "step", &c->t.step, e) ||
        h5_get_int(f, "trajectory", "resamplings", &resamplings, e) ||
        h5_shape(f, "trajectory/state", &s, e))
        return -1;
    if (chains != c->tiles * 64 || s.dims != 2 || s.n[0] != c->tiles || s.n[1] != N)
        return err_set(e, "%s: its trajectory has %lld chains of %lld units, expected %lld of %lld",
                       f->path, (long long)chains, (long long)s.n[1], (long long)c->tiles * 64,
                       (long long)N);
    uint64_t *rows = mem_take(c->t.tiles.count * N, sizeof *rows);
    int bad = h5_read_rows(f, "trajectory/state", H5_UINT64, c->t.tiles, rows, e) ||
              h5_read_rows(f, "trajectory/log_weights", H5_DOUBLE, c->t.tiles, c->t.log_w, e) ||
              h5_read_rows(f, "trajectory/log_z", H5_DOUBLE, c->t.tiles, c->t.log_z, e);
    if (!bad) spins_from_rows(c->t.bits, rows, c->t.tiles.count, c->m->T.N);
    mem_free(rows);
    if (bad) return -1;
    c->t.resamplings = c->P->rank == 0 ? resamplings : 0;
    trajectory_settle(&c->t, c->m, c->kern);
    return 0;
}
