#include "cmd/bits.h"

#include "base/mem.h"
#include "cmd/columns.h"
#include "io/h5.h"

#include <math.h>

void bits_init(struct bits *b, struct block rows, int64_t M, int N, int L, int energy, int incident)
{
    *b = (struct bits){ .M = M, .N = N, .L = L, .rows = rows };
    b->state = mem_take(b->rows.count * N, sizeof *b->state);
    if (energy) b->energy = mem_take(b->rows.count, sizeof *b->energy);
    if (incident) b->incident = mem_take(b->rows.count, sizeof *b->incident);
    if (L > 0) b->logit = mem_take(b->rows.count * L, sizeof *b->logit);
}

void bits_free(struct bits *b)
{
    mem_free(b->state);
    mem_free(b->energy);
    mem_free(b->incident);
    mem_free(b->logit);
    mem_free(b->other);
    *b = (struct bits){ 0 };
}

/* A column that is there or not. */
static int put(struct h5 *f, const char *name, const struct h5_shape *s, struct block rows,
               const void *x, const char *units, const char *description, struct err *e)
{
    if (x == NULL) return 0;
    return h5_define(f, name, s, 0, 0, units, description, e) ||
                   h5_write_rows(f, name, s->type, rows, x, e)
               ? -1
               : 0;
}

int bits_write(const struct bits *b, const struct par *P, const char *path, struct err *e)
{
    struct h5_shape state = { 2, { b->M, b->N }, H5_UINT8 }, energy = { 1, { b->M }, H5_DOUBLE };
    struct h5_shape incident = { 2, { b->M, 1 }, H5_DOUBLE },
                    logit = { 2, { b->M, b->L }, H5_FLOAT }, chain = { 1, { b->N }, H5_DOUBLE };
    static const double none = 0.0;
    const double *weight = b->log_weight != NULL ? b->log_weight : &none;
    const double *breaks = b->breaks != NULL ? b->breaks : &none;
    struct block units = { P->rank == 0 ? 0 : b->N, P->rank == 0 ? b->N : 0 };
    struct h5 f;

    if (h5_create(&f, P, path, 0, e)) return -1;
    int bad =
        h5_put_text(&f, "/", "format", "caloq-bits", e) || h5_put_int(&f, "/", "version", 1, e) ||
        put(&f, "states", &state, b->rows, b->state, "1", "latent bits, partition by partition",
            e) ||
        put(&f, "energies", &energy, b->rows, b->energy, "1", "E(s) of the machine", e) ||
        put(&f, "incident_energies", &incident, b->rows, b->incident, "MeV",
            "energy of the primary", e) ||
        put(&f, "log_weights", &energy, b->rows, b->weighed ? weight : NULL, "1",
            "logarithm of the weight as a state of the machine", e) ||
        put(&f, "chain_breaks", &chain, units, b->chains ? breaks : NULL, "1",
            "share of the reads in which a unit's chain was broken", e) ||
        columns_write(&f, b->range, b->others, b->M, b->rows, b->other, e) ||
        put(&f, "logits", &logit, b->rows, b->logit, "1", "of the posterior, free units", e) ||
        h5_commit(&f, e);
    h5_close(&f);
    return bad ? -1 : 0;
}

/* A column of one number a state, when the file has it. */
static int column(const struct h5 *f, const char *name, const struct bits *b, double **x,
                  struct err *e)
{
    struct h5_shape s;

    if (!h5_has(f, name)) return 0;
    if (h5_shape(f, name, &s, e)) return -1;
    if (s.n[0] != b->M || (s.dims == 2 && s.n[1] != 1) || s.dims > 2)
        return err_set(e, "%s: /%s has %lld rows, /states has %lld; expected one number a state",
                       f->path, name, (long long)s.n[0], (long long)b->M);
    *x = mem_take(b->rows.count, sizeof **x);
    return h5_read_rows(f, name, H5_DOUBLE, b->rows, *x, e);
}

static int check(const struct bits *b, const struct par *P, const char *path, struct err *e)
{
    for (int64_t i = 0; i < b->rows.count * b->N && !err_is(e); i++)
        if (b->state[i] > 1)
            err_set(e, "%s: /states row %lld, unit %lld is %d, expected 0 or 1", path,
                    (long long)(b->rows.first + i / b->N), (long long)(i % b->N), b->state[i]);
    for (int64_t i = 0; b->incident != NULL && i < b->rows.count && !err_is(e); i++)
        if (!(b->incident[i] > 0.0) || !isfinite(b->incident[i]))
            err_set(e, "%s: /incident_energies row %lld is %g MeV, expected a positive number",
                    path, (long long)(b->rows.first + i), b->incident[i]);
    return par_agree(P, e);
}

static int load(struct bits *b, const struct par *P, const struct h5 *f, struct err *e)
{
    struct h5_shape s;

    if (h5_shape(f, "states", &s, e)) return -1;
    if (s.dims != 2 || s.n[0] < 1 || s.n[1] < 1 || s.n[1] > 1 << 24)
        return err_set(e, "%s: /states has %d dimensions, expected states x units", f->path,
                       s.dims);
    bits_init(b, block_of(s.n[0], P->rank, P->size), s.n[0], (int)s.n[1], 0, 0, 0);
    if (h5_read_rows(f, "states", H5_UINT8, b->rows, b->state, e) ||
        column(f, "energies", b, &b->energy, e) ||
        column(f, "incident_energies", b, &b->incident, e))
        return -1;
    return check(b, P, f->path, e);
}

int bits_read(struct bits *b, const struct par *P, const char *path, struct err *e)
{
    struct h5 f;

    *b = (struct bits){ 0 };
    if (h5_open(&f, P, path, e)) return -1;
    int bad = load(b, P, &f, e);
    h5_close(&f);
    if (bad) bits_free(b);
    return bad;
}
