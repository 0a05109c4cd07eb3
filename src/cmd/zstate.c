#include "cmd/zstate.h"

#include "base/file.h"
#include "base/mem.h"
#include "cmd/keys.h"
#include "io/ckpt.h"
#include "io/digest.h"

#include <stdio.h>

/* What a state must share with the config that goes on from it. */
static const char same[] = "run.seed logz.model logz.method logz.clamp logz.energies "
                           "logz.conditions logz.base logz.chains logz.betas logz.sweeps logz.burn "
                           "logz.data";

static char *state_path(const struct zrun *z)
{
    const char *name = conf_text(z->r->conf, "run.name");
    char *file = mem_print("%s.state.h5", name[0] != '\0' ? name : z->r->command);
    char *path = run_path(z->r, file);

    mem_free(file);
    return path;
}

/* A number that stands for the machine and its conditions. */
static int64_t identity(const struct zrun *z)
{
    const struct rbm *m = z->m;
    int64_t bytes = m->table.total * (int64_t)sizeof *m->param;
    uint64_t sum = digest_bytes(m->param, bytes, (uint64_t)m->T.M);

    if (z->u != NULL) sum = digest_bytes(z->u, z->Q * m->held, sum);
    if (m->held > 0) sum = digest_bytes(m->hold, m->held * (int64_t)sizeof *m->hold, sum);
    return (int64_t)(sum >> 1);
}

static int write_direction(struct h5 *f, const struct zrun *z, int d, struct err *e)
{
    const struct ais *a = &z->ais[d];
    int64_t tiles = z->Q * z->tiles_each, mine = z->tiles.count, N = z->m->T.N;
    struct h5_shape bits = { 2, { tiles, N }, H5_UINT64 }, real = { 2, { tiles, 64 }, H5_DOUBLE };
    const char *group = d == ZRUN_UP ? "up" : "down";
    char name[3][32];
    uint64_t *rows = mem_take(mine * N, sizeof *rows);

    if (a->bits != NULL)
        for (int64_t t = 0; t < mine; t++)
            for (int64_t i = 0; i < N; i++) rows[t * N + i] = a->bits[i * mine + t];
    snprintf(name[0], sizeof name[0], "%s/bits", group);
    snprintf(name[1], sizeof name[1], "%s/u", group);
    snprintf(name[2], sizeof name[2], "%s/log_w", group);
    int bad = h5_define(f, name[0], &bits, 0, 0, "1", "a row a tile, a word a unit", e) ||
              h5_write_rows(f, name[0], H5_UINT64, z->tiles, rows, e) ||
              h5_define(f, name[1], &real, 0, 0, "1", "U(x)", e) ||
              h5_write_rows(f, name[1], H5_DOUBLE, z->tiles, a->u, e) ||
              h5_define(f, name[2], &real, 0, 0, "1", "log-weights so far", e) ||
              h5_write_rows(f, name[2], H5_DOUBLE, z->tiles, a->log_w, e) ||
              h5_put_int(f, group, "step", a->step, e);
    mem_free(rows);
    return bad ? -1 : 0;
}

int zstate_write(const struct zrun *z, struct err *e)
{
    char *path = state_path(z), *config = conf_dump(z->r->conf);
    struct h5_shape base = { 1, { z->m->T.N }, H5_FLOAT };
    struct h5 f = { 0 };
    int bad = ckpt_create(&f, z->r->P, path, e) ||
              h5_write_text(&f, "config", config, "every key as used, YAML", e) ||
              h5_put_int(&f, "/", "identity", identity(z), e) ||
              h5_write_all(&f, "base", &base, z->base, "1", "fields of the base", e);

    for (int d = 0; d < ZRUN_DIRECTIONS && !bad; d++)
        if (z->ais[d].bits != NULL) bad = write_direction(&f, z, d, e);
    if (!bad) bad = ckpt_commit(&f, e);
    h5_close(&f);
    if (!bad) log_say(&z->r->log, "stopped, state %s; run it again to go on", path);
    mem_free(config);
    mem_free(path);
    return bad ? -1 : 0;
}

static int read_direction(const struct h5 *f, struct zrun *z, int d, struct err *e)
{
    struct ais *a = &z->ais[d];
    int64_t mine = z->tiles.count, N = z->m->T.N, step;
    const char *group = d == ZRUN_UP ? "up" : "down";
    char name[32];

    if (h5_get_int(f, group, "step", &step, e)) return -1;
    a->step = (int)step;
    uint64_t *rows = mem_take(mine * N, sizeof *rows);
    snprintf(name, sizeof name, "%s/bits", group);
    int bad = h5_read_rows(f, name, H5_UINT64, z->tiles, rows, e);
    for (int64_t t = 0; t < mine && !bad; t++)
        for (int64_t i = 0; i < N; i++) a->bits[i * mine + t] = rows[t * N + i];
    mem_free(rows);
    snprintf(name, sizeof name, "%s/u", group);
    if (!bad) bad = h5_read_rows(f, name, H5_DOUBLE, z->tiles, a->u, e);
    snprintf(name, sizeof name, "%s/log_w", group);
    if (!bad) bad = h5_read_rows(f, name, H5_DOUBLE, z->tiles, a->log_w, e);
    return bad ? -1 : 0;
}

/* Same config, machine, conditions and base? */
static int fits(const struct h5 *f, const struct zrun *z, struct err *e)
{
    int n, yes = 0;
    const struct conf_key *keys = keys_table(&n);
    struct conf *then = conf_new(keys, n);
    float *base = mem_take(z->m->T.N, sizeof *base);
    char *text = NULL;
    int64_t was;
    struct h5_shape s;

    int bad = h5_read_text(f, "config", &text, e) || conf_read(then, text, f->path, e) ||
              h5_get_int(f, "/", "identity", &was, e) || h5_shape(f, "base", &s, e);
    if (!bad && was == identity(z) && s.n[0] == z->m->T.N) {
        bad = h5_read_all(f, "base", H5_FLOAT, base, e);
        yes = !bad && conf_differs(then, z->r->conf, same) == NULL;
        for (int i = 0; i < z->m->T.N && yes; i++) yes = base[i] == z->base[i];
    }
    mem_free(text);
    mem_free(base);
    conf_free(then);
    return bad ? -1 : yes;
}

enum { RESUME_AUTO, RESUME_NEVER, RESUME_MUST }; /* choices of run.resume */

int zstate_read(struct zrun *z, struct err *e)
{
    const struct par *P = z->r->P;
    int how = conf_choice(z->r->conf, "run.resume"), status = 0;
    char *path = state_path(z);
    int there = P->rank == 0 && file_exists(path);
    struct err damage = { "" };
    struct h5 f = { 0 };

    par_bcast(P, &there, sizeof there, 0);
    if (!there && how == RESUME_MUST)
        status = err_set(e, "%s: no such file, and run.resume is must", path);
    else if (there && how != RESUME_NEVER && ckpt_open(&f, P, path, &damage))
        log_warn(&z->r->log, "%s; starting anew", damage.text);
    else if (there && how != RESUME_NEVER) {
        status = fits(&f, z, e);
        for (int d = 0; d < ZRUN_DIRECTIONS && status > 0; d++)
            if (z->ais[d].bits != NULL && read_direction(&f, z, d, e)) status = -1;
        if (status > 0) log_say(&z->r->log, "going on from %s", path);
        if (status == 0) log_say(&z->r->log, "%s belongs to another run and is not used", path);
        h5_close(&f);
    }
    mem_free(path);
    return status;
}

void zstate_remove(const struct zrun *z)
{
    char *path = state_path(z);

    if (z->r->P->rank == 0) file_remove(path);
    mem_free(path);
}
