#include "cmd/zstate.h"

#include "base/file.h"
#include "base/mem.h"
#include "cmd/keys.h"
#include "cmd/zfile.h"
#include "io/ckpt.h"
#include "rbm/spins.h"

#include <stdio.h>

/* What a state must share with the config that goes on from it. */
static const char same[] =
    "run.seed logz.model logz.method logz.clamp logz.energies "
    "logz.conditions logz.base logz.chains logz.betas logz.sweeps logz.burn "
    "logz.data logz.marginal logz.trace logz.schedule logz.start logz.tempering logz.first_chain "
    "rbm.precision rbm.sampler";

static char *state_path(const struct zsubject *s)
{
    char *what = mem_print("%s%sstate.h5", s->name, s->name[0] != '\0' ? "." : "");
    char *path = run_named(s->r, what);

    mem_free(what);
    return path;
}

/* A list of `each` numbers a tile, under now/GROUP/name: written or read. */
static int tiles(struct h5 *f, const struct zrun *z, int d, const char *name, enum h5_type type,
                 int64_t each, void *x, int write, struct err *e)
{
    struct h5_shape s = { 2, { z->s->Q * z->tiles.each, each }, type };
    char full[64];

    snprintf(full, sizeof full, "now/%s/%s", d == ZRUN_UP ? "up" : "down", name);
    if (!write) return h5_read_rows(f, full, type, z->tiles.mine, x, e);
    return h5_define(f, full, &s, 0, 0, "1", "a row a tile", e) ||
           h5_write_rows(f, full, type, z->tiles.mine, x, e);
}

/* Bits by tile: row t of the file holds the N words of tile t. */
static int bits(struct h5 *f, struct zrun *z, int d, int write, struct err *e)
{
    int64_t mine = z->tiles.mine.count;
    int N = z->s->m->T.N;
    uint64_t *rows = mem_take(mine * N, sizeof *rows), *b = z->ais[d].bits;

    spins_to_rows(rows, b, mine, N);
    int bad = tiles(f, z, d, "bits", H5_UINT64, N, rows, write, e);
    spins_from_rows(b, rows, mine, N);
    mem_free(rows);
    return bad;
}

/* Everything of a direction that changes while it is walked. */
static int direction(struct h5 *f, struct zrun *z, int d, int write, struct err *e)
{
    struct ais *a = &z->ais[d];
    struct population *p = &z->population;
    int64_t points = (int64_t)(z->path->K + 1) * TRACE_FIGURES;
    int bad = bits(f, z, d, write, e) || tiles(f, z, d, "u", H5_DOUBLE, 64, a->u, write, e) ||
              tiles(f, z, d, "log_w", H5_DOUBLE, 64, a->log_w, write, e);

    if (!bad && z->plan->traced)
        bad = tiles(f, z, d, "point", H5_DOUBLE, points, z->trace[d].point, write, e) ||
              tiles(f, z, d, "lane", H5_DOUBLE, 64 * TRACE_LANE, z->trace[d].lane, write, e);
    if (!bad && z->plan->method == ZMETHOD_POPULATION) {
        int64_t mine = z->tiles.mine.count,
                G = z->plan->island; /* an island's figure at its tiles */
        double *log_z = mem_take(mine, sizeof *log_z);
        for (int64_t t = 0; t < mine; t++) log_z[t] = p->log_z[t / G];
        bad = tiles(f, z, d, "family", H5_INT32, 64, p->family, write, e) ||
              tiles(f, z, d, "log_z", H5_DOUBLE, 1, log_z, write, e);
        for (int64_t t = 0; t < mine; t++) p->log_z[t / G] = log_z[t];
        mem_free(log_z);
    }
    return bad ? -1 : 0;
}

int zstate_write(struct zrun *z, const struct zweights *w, struct err *e)
{
    struct run *r = z->s->r;
    char *path = state_path(z->s), *config = conf_dump(r->conf);
    struct h5_shape base = { 1, { z->s->m->T.N }, H5_FLOAT };
    struct h5 f = { 0 };
    int bad = ckpt_create(&f, r->P, path, e) ||
              h5_write_text(&f, "config", config, "every key as used, YAML", e) ||
              h5_put_int(&f, "/", "identity", zfile_identity(z->s), e) ||
              h5_put_int(&f, "/", "first", z->tiles.first, e) ||
              h5_put_int(&f, "/", "entries", w->n, e) ||
              h5_write_all(&f, "base", &base, z->path->base, "1", "fields of the base", e) ||
              (w->n > 0 && zfile_put(&f, w, e));

    for (int d = 0; d < ZRUN_DIRECTIONS && !bad; d++)
        if (zrun_walks(z, d))
            bad = direction(&f, z, d, 1, e) ||
                  h5_put_int(&f, d == ZRUN_UP ? "now/up" : "now/down", "step", z->ais[d].step, e);
    if (!bad) bad = ckpt_commit(&f, e);
    h5_close(&f);
    mem_free(config);
    mem_free(path);
    return bad ? -1 : 0;
}

/* Same config, machine, conditions and base? */
static int fits(const struct h5 *f, const struct zsubject *s, const struct zpath *path,
                struct err *e)
{
    int n, yes = 0, N = s->m->T.N;
    const struct conf_key *keys = keys_table(&n);
    struct conf *then = conf_new(keys, n);
    float *base = mem_take(N, sizeof *base);
    char *text = NULL;
    int64_t was;
    struct h5_shape b;

    int bad = h5_read_text(f, "config", &text, e) || conf_read(then, text, f->path, e) ||
              h5_get_int(f, "/", "identity", &was, e) || h5_shape(f, "base", &b, e);
    if (!bad && was == zfile_identity(s) && b.n[0] == N) {
        bad = h5_read_all(f, "base", H5_FLOAT, base, e);
        yes = !bad && conf_differs(then, s->r->conf, same) == NULL;
        for (int i = 0; i < N && yes; i++) yes = base[i] == path->base[i];
    }
    mem_free(text);
    mem_free(base);
    conf_free(then);
    return bad ? -1 : yes;
}

/* The batch's number and chains, then what was done before it. */
static int go_on(struct h5 *f, struct zrun *z, const struct zsubject *s, const struct zplan *plan,
                 const struct zpath *path, struct zweights *w, struct err *e)
{
    int64_t first, entries, step;

    if (h5_get_int(f, "/", "first", &first, e) || h5_get_int(f, "/", "entries", &entries, e) ||
        (entries > 0 && zfile_get(f, w, e)) || zrun_init(z, s, plan, path, first, plan->chains, e))
        return -1;
    for (int d = 0; d < ZRUN_DIRECTIONS; d++) {
        if (!zrun_walks(z, d)) continue;
        if (direction(f, z, d, 0, e) ||
            h5_get_int(f, d == ZRUN_UP ? "now/up" : "now/down", "step", &step, e))
            return -1;
        z->ais[d].step = (int)step;
    }
    return 1;
}

int zstate_read(struct zrun *z, const struct zsubject *s, const struct zplan *plan,
                const struct zpath *path, struct zweights *w, struct err *e)
{
    const struct par *P = s->r->P;
    struct log *l = &s->r->log;
    int how = conf_choice(s->r->conf, "run.resume"), status = 0;
    char *name = state_path(s);
    int there = P->rank == 0 && file_exists(name);
    struct err damage = { "" };
    struct h5 f = { 0 };

    par_bcast(P, &there, sizeof there, 0);
    if (there && how != RESUME_NEVER && ckpt_open(&f, P, name, &damage))
        log_warn(l, "%s; starting anew", damage.text);
    else if (there && how != RESUME_NEVER) {
        status = fits(&f, s, path, e);
        if (status > 0) status = go_on(&f, z, s, plan, path, w, e);
        if (status > 0) log_say(l, "going on from %s", name);
        if (status == 0) log_say(l, "%s belongs to another run and is not used", name);
        h5_close(&f);
    }
    mem_free(name);
    if (status == 0 && zrun_init(z, s, plan, path, plan->first, plan->chains, e)) return -1;
    return status;
}

void zstate_remove(const struct zsubject *s)
{
    char *path = state_path(s);

    if (s->r->P->rank == 0) file_remove(path);
    mem_free(path);
}
